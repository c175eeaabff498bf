# SPDX-License-Identifier: Apache-2.0
"""Validation: everything wrong at once, nested templates, missing services, what is not known yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from given_files import GivenFiles

from stackwright.orchestration.constraints import AllowedValues, Range
from stackwright.orchestration.environment import Environment, merged, read_environment
from stackwright.orchestration.interfaces import Constraint, PropertyType
from stackwright.orchestration.properties import checked
from stackwright.orchestration.template import read_template
from stackwright.orchestration.validate import Report, Validation
from stackwright.orchestration.values import Unknown


@dataclass(frozen=True)
class Prop:
    type: PropertyType = "string"
    required: bool = False
    default: Any = None
    constraints: Sequence[Constraint] = ()
    schema: Any = None
    old: Sequence[str] = ()
    null: Any = None
    description: str = ""


@dataclass(frozen=True)
class Kind:
    name: str
    service: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    update_policy: Any = None


SERVER = Kind(
    "OS::Nova::Server",
    properties={
        "flavor": Prop(required=True, description="The size"),
        "name": Prop(),
        "size": Prop("integer", constraints=(Range(1, 10, "Small."),)),
        "weight": Prop("number"),
        "drive": Prop("boolean", default=False),
        "mode": Prop(constraints=(AllowedValues(("RAW", "CONFIG")),)),
        "networks": Prop("list", schema=Prop("map", schema={"network": Prop(required=True), "port": Prop("any")})),
        "metadata": Prop("map"),
    },
    attributes={"first_address": "An address"},
)
GROUP = Kind(
    "OS::Heat::ResourceGroup",
    properties={"count": Prop("integer"), "resource_def": Prop("map")},
    attributes={"*": "Of its members"},
)
CHAIN = Kind("OS::Heat::ResourceChain", properties={"resources": Prop("list"), "resource_properties": Prop("map")})
STACK = Kind(
    "OS::Heat::Stack",
    properties={"template": Prop(required=True), "parameters": Prop("map")},
    attributes={"outputs": "Its outputs"},
)
VOLUME = Kind("OS::Cinder::Volume", service="volumes")


class Types:
    def find(self, name: str) -> Kind | None:
        return {kind.name: kind for kind in (SERVER, GROUP, CHAIN, STACK, VOLUME)}.get(name)

    def names(self) -> Sequence[str]:
        return [SERVER.name, GROUP.name, VOLUME.name]


HEAD = "heat_template_version: 2021-04-16\n"


def validate(text: str, environment: str = "", **files: str) -> Report:
    template = read_template(HEAD + text, "main.yaml")
    given = GivenFiles({name.replace("_", "."): (HEAD + content).encode() for name, content in files.items()})
    types = {name: item.type for name, item in template.parameters.items()}
    return Validation(Types(), given).stack(template, merged([read_environment(environment, "env.yaml")], types))


def test_valid() -> None:
    report = validate(
        "resources:\n  web: {type: OS::Nova::Server, properties: {flavor: a}}\n"
        "outputs:\n  ip: {value: {get_attr: [web, first_address]}}\n  all: {value: {get_attr: [web, show]}}"
    )
    assert report == Report([], {}, [])


def test_everything_wrong_is_told_at_once() -> None:
    report = validate(
        """\
parameters:
  size: {type: number, default: 5}
conditions:
  odd: {equals: [{get_param: sze}, 1]}
resources:
  one:
    type: OS::Nova::Srver
  two:
    type: OS::Nova::Server
    properties:
      nmae: x
      size: 11
      networks:
        - network: a
        - port: 5
  three:
    type: OS::Nova::Server
    properties: {flavor: {get_param: size}, name: {get_attr: [two, fist_address]}}
outputs:
  bad: {value: {get_resource: tree}}
""",
        "parameters: {sizes: 3}",
    )
    assert [str(error) for error in report.errors] == [
        "main.yaml: no parameter is called sizes; did you mean size?",
        "main.yaml, line 5, conditions.odd.equals[0].get_param: no parameter is called sze; did you mean size?",
        "main.yaml, line 7, resources.one.type: no resource type is called OS::Nova::Srver; "
        "did you mean OS::Nova::Server?",
        "main.yaml, line 12, resources.two.properties.nmae: no property is called nmae; did you mean name?",
        "main.yaml, line 9, resources.two.properties: the property flavor is missing (The size)",
        "main.yaml, line 13, resources.two.properties.size: the value 11 must be 1 to 10 (Small.)",
        "main.yaml, line 16, resources.two.properties.networks[1]: the property network is missing",
        "main.yaml, line 19, resources.three.properties.name.get_attr: no attribute of OS::Nova::Server is called "
        "fist_address; did you mean first_address?",
        "main.yaml, line 21, outputs.bad.value.get_resource: no resource is called tree; did you mean three?",
    ]


def test_types_without_a_service_are_told_together() -> None:
    report = validate(
        "resources:\n  a: {type: OS::Cinder::Volume, properties: {any: 1}}\n  b: {type: nested.yaml}\n",
        nested_yaml="resources: {c: {type: OS::Cinder::Volume}}",
    )
    assert report == Report([], {"OS::Cinder::Volume": "volumes"}, [])


def test_members_of_groups() -> None:
    report = validate(
        """resources:
  group:
    type: OS::Heat::ResourceGroup
    properties:
      count: 2
      resource_def:
        type: OS::Heat::ResourceGroup
        properties:
          resource_def:
            type: OS::Nova::Server
            properties:
              flvor: a
  chain:
    type: OS::Heat::ResourceChain
    properties: {resources: [OS::Cinder::Volume, OS::Nova::Srver, in.yaml], resource_properties: {x: 1}}
outputs:
  names: {value: {get_attr: [group, resource.0.name]}}
""",
        in_yaml="parameters: {y: {type: string, default: a}}",
    )
    where = "resources.group.properties.resource_def.properties.resource_def.properties"
    assert [str(error) for error in report.errors] == [
        f"main.yaml, line 13, {where}.flvor: no property is called flvor; did you mean flavor?",
        f"main.yaml, line 12, {where}: the property flavor is missing (The size)",
        "main.yaml, line 14, resources.chain.type: no resource type is called OS::Nova::Srver; "
        "did you mean OS::Nova::Server?",
        "main.yaml, line 16, resources.chain.properties.resource_properties: in.yaml: no parameter is called x",
    ]
    assert report.missing == {"OS::Cinder::Volume": "volumes"}


def test_stacks_inside_a_stack() -> None:
    report = validate(
        """resources:
  a: {type: OS::Heat::Stack, properties: {template: {get_file: in.yaml}, parameters: {x: 1}}}
  b: {type: OS::Heat::Stack, properties: {template: {get_file: other.yaml}, parameters: {get_attr: [a, outputs]}}}
  c: {type: OS::Heat::Stack, properties: {template: "heat_template_version: 2021-04-16\\nresources: 5"}}
  d: {type: OS::Heat::Stack, properties: {template: {get_file: self.yaml}}}
""",
        in_yaml="parameters: {y: {type: string}}\nresources: {v: {type: OS::Cinder::Volume}}",
        other_yaml="parameters: {y: {type: string}}\nresources: {s: {type: OS::Nova::Server}}",
        self_yaml="resources: {d: {type: OS::Heat::Stack, properties: {template: {get_file: self.yaml}}}}",
    )
    assert [str(error) for error in report.errors] == [
        "main.yaml, line 3, resources.a.properties.parameters: no parameter is called x",
        "main.yaml, line 3, resources.a.properties.parameters: the parameter y has no default, and no value is given",
        "main.yaml, line 5, resources.c.properties.template: line 2 of it, resources: must be a map, and is a number",
        "main.yaml, line 2, resources.d.type: templates are nested more than 10 deep",
    ]
    assert report.missing == {"OS::Cinder::Volume": "volumes"}


def test_a_required_property_may_not_be_nothing() -> None:
    errors = checked(SERVER.properties, {"flavor": None})[1]
    assert [str(error) for error in errors] == ["the property flavor has no value (The size)"]


def test_parameters_may_be_given_later() -> None:
    report = validate(
        """\
parameters:
  flavor: {type: string}
  zones: {type: json}
conditions:
  big: {equals: [{get_param: flavor}, big]}
resources:
  web:
    type: OS::Nova::Server
    condition: big
    properties: {flavor: {get_param: flavor}, name: {get_param: [zones, 0]}, mode: {if: [big, RAW, CONFIG]}}
  other: {type: OS::Nova::Server, properties: {flavor: x, metadata: {repeat: {template: 1, for_each: {a: 1}}}}}
"""
    )
    assert report.needed == ["flavor", "zones"]
    assert [error.where for error in report.errors] == ["resources.other.properties.metadata.repeat"]


PARENT = "resources:\n  in: {type: inner.yaml, properties: {size: 5}}\n"


def test_nested_template_gets_its_parameters() -> None:
    inner = "parameters: {size: {type: number}}\nresources: {}"
    assert validate(PARENT, inner_yaml=inner) == Report([], {}, [])
    assert validate(PARENT, "resource_registry: {inner.yaml: else.yaml}", else_yaml=inner) == Report([], {}, [])


NESTED = [
    ({}, "main.yaml, line 3, resources.in.type: the file inner.yaml cannot be read: No such file or directory"),
    (
        {"inner_yaml": "parameters: {size: {type: boolean}}"},
        "main.yaml, line 3, resources.in.properties: inner.yaml: the value 5 of the parameter size must",
    ),
    ({"inner_yaml": ""}, "main.yaml, line 3, resources.in.properties: inner.yaml: no parameter is called size"),
    ({"inner_yaml": "parameters: {size: {type: number}, more: {type: string}}"}, "the parameter more has no default"),
    ({"inner_yaml": "resources: ["}, "inner.yaml, line 3: not YAML"),
    (
        {"inner_yaml": "parameters: {size: {type: number}}\n" + PARENT},
        "templates include each other in a circle: main.yaml -> inner.yaml -> inner.yaml",
    ),
    (
        {"inner_yaml": "parameters: {size: {type: number}}\nresources: {a: {type: main.yaml}}"},
        "inner.yaml, line 3, resources.a.type: templates include each other in a circle: main.yaml -> inner",
    ),
]


@pytest.mark.parametrize(("files", "expected"), NESTED)
def test_nested_template_is_refused(files: dict[str, str], expected: str) -> None:
    [error] = validate(PARENT, **files).errors
    assert expected in str(error)


def test_templates_are_not_nested_without_end() -> None:
    files = {f"f{i}_yaml": f"resources: {{a: {{type: f{i + 1}.yaml}}}}" for i in range(50)}
    [error] = validate("resources: {a: {type: f0.yaml}}", **files).errors
    assert "templates are nested more than 10 deep" in str(error)


CONVERTED = [
    ({"name": 5}, {"name": "5"}),
    ({"size": "5"}, {"size": 5}),
    ({"size": 5.0}, {"size": 5}),
    ({"weight": "1.5"}, {"weight": 1.5}),
    ({"drive": "True"}, {"drive": True}),
    ({"name": None}, {}),
    ({"networks": [{"network": "a", "port": None}]}, {"networks": [{"network": "a"}]}),
    ({"networks": Unknown("a", "b")}, {"networks": Unknown("a", "b")}),
    ({"networks": [{"network": Unknown("a", "b")}]}, {"networks": [{"network": Unknown("a", "b")}]}),
]


@pytest.mark.parametrize(("given", "expected"), CONVERTED)
def test_properties_are_converted(given: dict[str, Any], expected: dict[str, Any]) -> None:
    found, errors = checked(SERVER.properties, {"flavor": "a", **given})
    assert not errors
    assert found == {"flavor": "a", "drive": False, **expected}


WRONG = [
    ({"name": [1]}, "name: must be text, and is a list"),
    ({"name": {"get_parm": "x"}}, "name: must be text, and is a map; did you mean get_param?"),
    ({"size": "5.5"}, "size: must be a whole number, and is 5.5"),
    ({"size": "x"}, "size: must be a number, and is text"),
    ({"drive": 1}, "drive: must be true or false, and is a number"),
    ({"networks": "a"}, "networks: must be a list, and is text"),
    ({"networks": ["a"]}, "networks[0]: must be a map, and is text"),
    ({"metadata": [1]}, "metadata: must be a map, and is a list"),
    ({"mode": "raw"}, "mode: the value raw must be one of RAW, CONFIG"),
    ({"networks": [{"network": "a", "prt": 1}]}, "networks[0].prt: no property is called prt; did you mean port?"),
]


@pytest.mark.parametrize(("given", "expected"), WRONG)
def test_properties_are_refused(given: dict[str, Any], expected: str) -> None:
    [error] = checked(SERVER.properties, {"flavor": "a", **given})[1]
    assert str(error) == expected


def test_environment_without_anything() -> None:
    assert merged([], {}) == Environment()


def test_old_names_of_properties_become_the_new_ones() -> None:
    schema = {"network": Prop(required=True, old=("network_id", "uuid"))}
    assert checked(schema, {"uuid": "n"}) == ({"network": "n"}, [])
    assert checked(schema, {"network_id": None, "network": "n"}) == ({"network": "n"}, [])
    errors = checked(schema, {"network_id": "m", "network": "n"})[1]
    assert [str(error) for error in errors] == [
        "network_id: network and network_id mean the same property; give network alone"
    ]
    assert "network_id" not in str(checked(schema, {})[1])


def test_an_error_names_the_property_as_the_template_does() -> None:
    errors = checked({"network": Prop(old=("network_id",))}, {"network_id": []})[1]
    assert [error.where for error in errors] == ["network_id"]


def test_null_may_stand_for_a_value() -> None:
    schema = {"gateway_ip": Prop(null=""), "name": Prop()}
    assert checked(schema, {"gateway_ip": None, "name": None})[0] == {"gateway_ip": ""}
    assert checked(schema, {})[0] == {}


def test_a_type_may_take_any_property() -> None:
    assert checked({"*": Prop("any")}, {"anything": 1}) == ({}, [])
