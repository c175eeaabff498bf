# SPDX-License-Identifier: Apache-2.0
"""What of a stack consists of others: templates inside templates, groups and chains."""

from __future__ import annotations

import pytest
from stacks import declare, outputs, owned, resources, template, wanted

from sandbox import Sandbox, flaws
from stackwright.engine.errors import StackwrightError

LAN = template("""
    parameters: {label: {type: string, default: lan}}
    resources:
      net: {type: OS::Neutron::Net, properties: {name: {get_param: label}}}
      word: {type: OS::Heat::Value, properties: {value: {list_join: ["-", [a, {get_param: label}]]}}}
    outputs:
      net: {value: {get_resource: net}}
      word: {value: {get_attr: [word, value]}}
""")
GROUP = """
resources:
  group:
    type: OS::Heat::ResourceGroup
    properties:
      count: COUNT
      removal_policies: [{resource_list: REMOVED}]
      removal_policies_mode: MODE
      resource_def: {type: OS::Neutron::Net, properties: {name: net-%index%}}
outputs:
  refs: {value: {get_attr: [group, refs]}}
  map: {value: {get_attr: [group, refs_map]}}
  names: {value: {get_attr: [group, name]}}
  by_name: {value: {get_attr: [group, attributes, name]}}
  removed: {value: {get_attr: [group, removed_rsrc_list]}}
"""


def group(count: int, removed: str = "[]", mode: str = "append") -> str:
    return template(GROUP.replace("COUNT", str(count)).replace("REMOVED", removed).replace("MODE", mode))


def test_a_file_is_a_type(cloud: Sandbox) -> None:
    text = template("""
        resources:
          a: {type: lan.yaml, properties: {label: one}}
          b: {type: sub/lan.yaml}
          c: {type: OS::Heat::Value, properties: {value: {get_attr: [a, resource.net, name]}}}
        outputs:
          a: {value: {get_attr: [a, net]}}
          words: {value: [{get_attr: [a, word]}, {get_attr: [b, outputs, word]}]}
          name: {value: {get_attr: [c, value]}}
    """)
    files = {"lan.yaml": LAN, "sub/lan.yaml": LAN.replace("default: lan", "default: two")}
    declare(cloud, text, files=files)
    rows = owned(cloud)
    assert rows.keys() == {"a/net", "a/word", "b/net", "b/word", "c"}
    assert outputs(cloud) == {"a": rows["a/net"].id, "words": ["a-one", "a-two"], "name": "one"}
    assert not declare(cloud, text, files=files).changed
    declare(cloud, text.replace("label: one", "label: 1st"), files=files)
    assert owned(cloud)["a/net"].id == rows["a/net"].id
    assert outputs(cloud)["words"] == ["a-1st", "a-two"]


@pytest.mark.parametrize(
    ("kind", "registry"),
    [
        ("My::Net", "My::Net: lan.yaml"),
        ("My::Net", '"My::*": lan.yaml'),
        ("OS::Neutron::Net", "OS::Neutron::Net: lan.yaml"),
        ("OS::Neutron::Net", "resources: {a: {OS::Neutron::Net: lan.yaml}}"),
    ],
)
def test_an_environment_maps_types_to_templates(cloud: Sandbox, kind: str, registry: str) -> None:
    """Inside a template that stands for a type, this means what it means otherwise."""
    text = template(f"""
        resources: {{a: {{type: "{kind}"}}}}
        outputs: {{word: {{value: {{get_attr: [a, word]}}}}}}
    """)
    files = {"lan.yaml": LAN, "env.yaml": f"resource_registry: {{{registry}}}"}
    declare(cloud, text, files=files, environments=["env.yaml"])
    assert owned(cloud).keys() == {"a/net", "a/word"}
    assert outputs(cloud) == {"word": "a-lan"}


def test_an_environment_maps_types_to_types(cloud: Sandbox) -> None:
    text = resources("  a: {type: My::Server, properties: {x: 1}}")
    files = {"env.yaml": "resource_registry: {My::Server: OS::Heat::None}\nparameters: {}"}
    declare(cloud, text, files=files, environments=["env.yaml"])
    assert owned(cloud)["a"].kind == "stack_value"


def test_a_stack_inside_a_stack(cloud: Sandbox) -> None:
    text = template("""
        resources:
          inner: {type: OS::Heat::Stack, properties: {template: {get_file: lan.yaml}, parameters: {label: in}}}
        outputs:
          all: {value: {get_attr: [inner, outputs, word]}}
          name: {value: {get_attr: [inner, stack_name]}}
    """)
    declare(cloud, text, files={"lan.yaml": LAN})
    assert owned(cloud)["inner/net"].name == "in"
    assert outputs(cloud) == {"all": "a-in", "name": "s-inner"}
    inner = template("resources: {r: {type: OS::Heat::RandomString}}\noutputs: {word: {value: {get_attr: [r, value]}}}")
    declare(cloud, text.replace(", parameters: {label: in}", ""), files={"lan.yaml": inner})
    assert owned(cloud).keys() == {"inner/r"}
    assert len(outputs(cloud)["all"]) == 32
    assert flaws(cloud) == []


def test_a_group_grows_and_shrinks_at_its_end(cloud: Sandbox) -> None:
    declare(cloud, group(3))
    rows = owned(cloud)
    assert rows.keys() == {"group/0", "group/1", "group/2"}
    ids = [rows[f"group/{index}"].id for index in range(3)]
    assert outputs(cloud) == {
        "refs": ids,
        "map": dict(zip("012", ids, strict=True)),
        "names": ["net-0", "net-1", "net-2"],
        "by_name": {"0": "net-0", "1": "net-1", "2": "net-2"},
        "removed": [],
    }
    declare(cloud, group(12))
    assert outputs(cloud)["refs"][:3] == ids
    assert outputs(cloud)["names"] == [f"net-{index}" for index in range(12)]  # by number, not by letters
    declare(cloud, group(1))
    assert outputs(cloud)["refs"] == ids[:1]
    declare(cloud, group(0))
    assert (owned(cloud), outputs(cloud)["refs"]) == ({}, [])
    assert flaws(cloud) == []


def test_attributes_without_a_name_are_all_of_each_member(cloud: Sandbox) -> None:
    declare(cloud, group(2).replace("{get_attr: [group, name]}", "{get_attr: [group, attributes]}"))
    assert [member["name"] for member in outputs(cloud)["names"].values()] == ["net-0", "net-1"]


def test_a_group_does_without_members_that_are_named(cloud: Sandbox) -> None:
    declare(cloud, group(3))
    two = owned(cloud)["group/2"].id
    declare(cloud, group(3, "['1']"))
    assert owned(cloud).keys() == {"group/0", "group/2", "group/3"}
    assert not declare(cloud, group(3, "['1']")).changed
    declare(cloud, group(3))
    assert owned(cloud).keys() == {"group/0", "group/2", "group/3"}  # it is remembered
    declare(cloud, group(3, f"['{two}']"))
    assert owned(cloud).keys() == {"group/0", "group/3", "group/4"}
    assert sorted(outputs(cloud)["removed"]) == ["1", "2"]
    assert not declare(cloud, group(3, f"['{two}']")).changed
    declare(cloud, group(3, "[0]", "update"))
    assert owned(cloud).keys() == {"group/1", "group/2", "group/3"}
    assert outputs(cloud)["removed"] == ["0"]
    assert not declare(cloud, group(3, "[0]", "update")).changed
    declare(cloud, group(3, mode="update"))
    assert owned(cloud).keys() == {"group/0", "group/1", "group/2"}
    assert flaws(cloud) == []


def test_members_removed_by_reference_stay_removed_in_mode_update(cloud: Sandbox) -> None:
    declare(cloud, group(3, mode="update"))
    two = owned(cloud)["group/1"].id
    text = group(2, f"['{two}']", "update")
    declare(cloud, text)
    assert owned(cloud).keys() == {"group/0", "group/2"}
    assert not declare(cloud, text).changed


def test_members_may_be_templates(cloud: Sandbox) -> None:
    text = template("""
        resources:
          group:
            type: OS::Heat::ResourceGroup
            properties:
              count: 2
              index_var: "###"
              resource_def: {type: lan.yaml, properties: {label: "x###"}}
        outputs:
          nets: {value: {get_attr: [group, net]}}
          word: {value: {get_attr: [group, resource.1.word]}}
          name: {value: {get_attr: [group, resource.1.resource.net, name]}}
          one: {value: {get_attr: [group, resource.0]}}
          words: {value: {get_attr: [group, attributes, word]}}
    """)
    declare(cloud, text, files={"lan.yaml": LAN})
    rows = owned(cloud)
    assert outputs(cloud)["nets"] == [rows["group/0/net"].id, rows["group/1/net"].id]
    assert (outputs(cloud)["word"], outputs(cloud)["words"]) == ("a-x1", {"0": "a-x0", "1": "a-x1"})
    assert outputs(cloud)["one"] == f"{cloud.one('stack', 's').id}/group/0"
    assert not declare(cloud, text, files={"lan.yaml": LAN}).changed
    one = outputs(cloud)["one"]
    shrunk = text.replace("count: 2", f"count: 1\n      removal_policies: [{{resource_list: ['{one}']}}]")
    shrunk = shrunk.replace("  one: {value: {get_attr: [group, resource.0]}}\n", "")
    declare(cloud, shrunk, files={"lan.yaml": LAN})
    assert owned(cloud).keys() == {"group/1/net", "group/1/word"}


def test_groups_in_groups(cloud: Sandbox) -> None:
    text = template("""
        resources:
          outer:
            type: OS::Heat::ResourceGroup
            properties:
              count: 2
              resource_def:
                type: OS::Heat::ResourceGroup
                properties:
                  count: 2
                  index_var: "%inner%"
                  resource_def: {type: OS::Heat::Value, properties: {value: "%index%.%inner%"}}
        outputs: {all: {value: {get_attr: [outer, value]}}}
    """)
    declare(cloud, text)
    assert outputs(cloud)["all"] == [["0.0", "0.1"], ["1.0", "1.1"]]


def test_a_chain_has_one_of_each_type(cloud: Sandbox) -> None:
    text = template("""
        resources:
          chain:
            type: OS::Heat::ResourceChain
            properties: {resources: [OS::Heat::Value, lan.yaml], resource_properties: {value: 7}}
        outputs: {values: {value: {get_attr: [chain, resource.0, value]}}, refs: {value: {get_attr: [chain, refs]}}}
    """)
    inner = template("parameters: {value: {type: number}}\nresources: {net: {type: OS::Neutron::Net}}")
    declare(cloud, text, files={"lan.yaml": inner})
    assert owned(cloud).keys() == {"chain/0", "chain/1/net"}
    assert outputs(cloud)["values"] == 7
    declare(cloud, text.replace(", lan.yaml]", "]"))
    assert owned(cloud).keys() == {"chain/0"}


def test_templates_in_a_circle_are_refused(cloud: Sandbox) -> None:
    files = {"a.yaml": resources("  b: {type: b.yaml}"), "b.yaml": resources("  a: {type: a.yaml}")}
    with pytest.raises(StackwrightError, match=r"circle: main.yaml -> a.yaml -> b.yaml -> a.yaml"):
        cloud.ensure(wanted(resources("  a: {type: a.yaml}"), files=files))
    assert cloud.find("stack") == []
