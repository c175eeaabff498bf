# SPDX-License-Identifier: Apache-2.0
"""What a template says of its resources beside their properties: what outlives the stack, what comes before what."""

from __future__ import annotations

import pytest
from stacks import WEB, declare, outputs, owned, resources, template, wanted

from sandbox import Sandbox, flaws, request, server
from stackwright.engine.apply import Done
from stackwright.engine.errors import StackwrightError
from stackwright.engine.objects import Action
from stackwright.engine.resource import Wish
from stackwright.present import facts, happened, report

KEPT = resources("""
  net: {type: OS::Neutron::Net, deletion_policy: Retain, properties: {name: lan}}
  sub: {type: OS::Neutron::Subnet, properties: {network: {get_resource: net}, cidr: 10.7.0.0/24}}
""")


def test_what_is_retained_outlives_its_stack_as_the_projects_own(cloud: Sandbox) -> None:
    declare(cloud, KEPT)
    network = owned(cloud)["net"]
    assert cloud.drop("stack", "s").errors == []
    after = cloud.one("network", "lan")
    assert (after.id, after.owner, after.wanted, after.status) == (network.id, "", True, "active")
    assert [item for item in cloud.objects() if item.resource == network.id]
    assert flaws(cloud) == []
    assert cloud.drop("network", "lan").errors == []
    assert cloud.find("network", "lan") == []


def test_what_is_retained_outlives_its_place_in_the_template(cloud: Sandbox) -> None:
    declare(cloud, KEPT)
    network = owned(cloud)["net"]
    declare(cloud, resources("  other: {type: OS::Neutron::Net}"))
    assert owned(cloud).keys() == {"other"}
    assert (cloud.one("network", "lan").id, cloud.one("network", "lan").owner) == (network.id, "")
    declare(cloud, KEPT)
    assert owned(cloud)["net"].id != network.id  # what was let go is not taken back
    assert len(cloud.find("network", "lan")) == 2
    assert cloud.drop("stack", "s").errors == []
    assert flaws(cloud) == []


def test_what_is_retained_can_be_changed_and_removed_by_a_task(cloud: Sandbox) -> None:
    declare(cloud, KEPT)
    cloud.drop("stack", "s")
    cloud.wish("network", "lan", mtu=1300)
    assert cloud.one("network", "lan").spec["mtu"] == 1300
    declare(cloud, KEPT)
    cloud.drop("stack", "s")
    first, second = sorted(row.key for row in cloud.find("network", "lan"))  # the name was taken
    assert (first, second[:4]) == ("lan", "lan-")
    assert cloud.drop("network", first).errors == cloud.drop("network", second).errors == []
    assert cloud.find("network", "lan") == []


def test_a_resource_that_is_there_already_is_used_and_left_alone(cloud: Sandbox) -> None:
    net = cloud.one("network", "net")
    text = template("""
        resources:
          net: {type: OS::Neutron::Net, external_id: net, properties: {name: ignored}}
          port: {type: OS::Neutron::Port, properties: {network: {get_resource: net}}}
        outputs: {id: {value: {get_resource: net}}, name: {value: {get_attr: [net, name]}}}
    """)
    declare(cloud, text)
    assert owned(cloud).keys() == {"port"}
    assert outputs(cloud) == {"id": net.id, "name": "net"}
    assert not declare(cloud, text).changed
    cloud.drop("stack", "s")
    assert cloud.one("network", "net") == net
    only = resources("  net: {type: OS::Neutron::Net, external_id: net}")
    needs_more = resources("  sub: {type: OS::Neutron::Subnet, external_id: sub}")
    declare(cloud, needs_more, "other")
    declare(cloud, only)
    cloud.wish("network", "net", description="still the user's own")
    with pytest.raises(StackwrightError, match="external_id nothing names no network that there is"):
        cloud.ensure(wanted(only.replace("external_id: net", "external_id: nothing")))
    with pytest.raises(StackwrightError, match="external_id: a OS::Heat::ResourceGroup is made of others"):
        cloud.ensure(wanted(only.replace("Neutron::Net", "Heat::ResourceGroup")))


def test_an_empty_key_name_is_none(cloud: Sandbox) -> None:
    text = resources("""  it:
    type: OS::Nova::Server
    properties: {image: guest, flavor: m1.tiny, key_name: "", networks: [{network: net}]}
""")
    declare(cloud, text)
    assert owned(cloud)["it"].spec["keypair"] is None


SERVERS = """
  a: {type: OS::Nova::Server, depends_on: b, properties: PROPERTIES}
  b: {type: OS::Nova::Server, depends_on: [c], properties: PROPERTIES}
  c: {type: OS::Nova::Server, properties: PROPERTIES}
"""
THROUGH_OTHERS = """
  a: {type: OS::Nova::Server, depends_on: word, properties: PROPERTIES}
  word: {type: OS::Heat::Value, depends_on: group, properties: {value: x}}
  group:
    type: OS::Heat::ResourceGroup
    depends_on: c
    properties: {count: 2, resource_def: {type: OS::Neutron::Port, properties: {network: net}}}
  c: {type: OS::Nova::Server, properties: PROPERTIES}
"""
GROUPS = """
  a:
    type: OS::Heat::ResourceGroup
    depends_on: c
    properties: {count: 3, resource_def: {type: OS::Nova::Server, properties: PROPERTIES}}
  c:
    type: OS::Heat::ResourceGroup
    properties: {count: 3, resource_def: {type: OS::Nova::Server, properties: PROPERTIES}}
"""
CHAIN = """
  chain:
    type: OS::Heat::ResourceChain
    properties: {resources: [OS::Nova::Server, OS::Nova::Server, OS::Nova::Server], resource_properties: PROPERTIES}
"""


@pytest.mark.parametrize("by_update", [False, True], ids=["delete", "update"])
@pytest.mark.parametrize(
    ("text", "before"),
    [
        (SERVERS, [("c", "b"), ("b", "a")]),
        (THROUGH_OTHERS, [("c", "a")]),
        (GROUPS, [(f"c/{here}", f"a/{there}") for here in range(3) for there in range(3)]),
        (CHAIN, [("chain/0", "chain/1"), ("chain/1", "chain/2")]),
    ],
    ids=["servers", "through others", "groups", "chain"],
)
def test_servers_are_made_in_the_order_asked_for_and_go_in_the_reverse(
    cloud: Sandbox, text: str, before: list[tuple[str, str]], by_update: bool
) -> None:
    done: list[Done] = []
    cloud.report = done.append
    text = resources(text.replace("PROPERTIES", "{image: guest, flavor: m1.tiny, networks: [{network: net}]}"))
    declare(cloud, text)
    ids = {key: row.id for key, row in owned(cloud).items()}
    made = [item.change.object.resource for item in done if item.change.action is Action.CREATE]
    domains = [item.change.object.resource for item in done if type(item.change.object).__name__ == "Domain"]
    for first, then in before:
        assert domains.index(ids[first]) < domains.index(ids[then])
        assert max(index for index, item in enumerate(made) if item == ids[first]) < made.index(ids[then])
    done.clear()
    if by_update:
        declare(cloud, resources("  other: {type: OS::Neutron::Net}"))
    else:
        assert cloud.drop("stack", "s").errors == []
    gone = [item.change.object.resource for item in done if type(item.change.object).__name__ == "Domain"]
    for first, then in before:
        assert gone.index(ids[then]) < gone.index(ids[first])
    assert flaws(cloud) == []


HIDDEN = WEB.replace(
    "resources:",
    """parameters: {pin: {type: string, hidden: true}, open: {type: string, default: seen}}
resources:
  config:
    type: OS::Heat::CloudConfig
    properties: {cloud_config: {pin: {get_param: pin}, key: {get_attr: [chosen, value]}}}
  told: {type: OS::Heat::Value, properties: {value: {get_param: pin}}}
  key: {type: OS::Nova::KeyPair, properties: {name: made, save_private_key: true}}""",
    1,
).replace("properties: {image: guest,", "properties: {user_data: {get_resource: config}, image: guest,")


def test_secrets_are_told_nobody(cloud: Sandbox) -> None:
    """Neither hidden parameters nor what was generated, nor what is computed of these."""
    pin = "pin-4711-pin"
    told = []
    for text in (HIDDEN, HIDDEN.replace("length: 12", "length: 14")):
        for check in (True, False):
            result = cloud.ensure(wanted(text, parameters={"pin": pin}), check=check)
            assert result.errors == []
            told += [report(result), [facts(item.resource, result.picture) for item in result.outcomes.values()]]
    made = owned(cloud)
    told += [cloud.tell(kind) for kind in cloud.rules.kinds]
    told += [report(cloud.drop("stack", "s")), happened(cloud.events(10000), cloud.find("project"))]
    secrets = (pin, made["chosen"].attributes["value"], made["key"].attributes["private_key"])
    for secret in secrets:
        assert secret
        assert secret not in repr(told)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (resources("  a: {type: OS::Neutron::Net, properties: {nme: x}}"), "main.yaml, line 3, resources.a.properties"),
        (resources("  a: {type: OS::Neutron::Nett}"), "main.yaml, line 3, resources.a.type: no resource type"),
        (
            resources("  a: {type: OS::Heat::None, depends_on: b}\n  b: {type: OS::Heat::None, depends_on: a}"),
            "main.yaml, resources: resources need each other in a circle: ",
        ),
        (template("parameters: {p: {type: string}}"), "the parameter p is missing"),
        (resources("  a: {type: lan.yaml}"), "main.yaml, line 3, resources.a.type: the file lan.yaml did not come"),
        (
            resources(
                "  a:\n    type: OS::Nova::Server\n    properties:\n      image: guest\n      flavor: huge\n"
                "      networks: [{network: net}]"
            ),
            "main.yaml, line 7, resources.a.properties.flavor: ",
        ),
        (
            template("parameters: {p: {type: string, default: x, constraints: [{custom_constraint: nova.flavor}]}}"),
            "main.yaml",
        ),
        (resources("  a: {type: OS::Neutron::Port, properties: {network: nowhere}}"), "names no network that there is"),
        (resources("  a: {type: OS::Neutron::Net, deletion_policy: Snapshot}"), "main.yaml, line 3, resources.a"),
        (
            resources(
                "  a: {type: OS::Cinder::Volume}\n  b: {type: OS::Swift::Container}\n  c: {type: OS::Aodh::Alarm}"
            ),
            "main.yaml: unsupported resource types: OS::",
        ),
    ],
)
def test_a_template_that_is_wrong_changes_nothing(cloud: Sandbox, text: str, words: str) -> None:
    good = resources("  net: {type: OS::Neutron::Net}")
    declare(cloud, good)
    before = cloud.picture()
    for name in ("s", "new"):
        with pytest.raises(StackwrightError) as error:
            cloud.ensure(wanted(text, name))
        assert str(error.value).startswith(f"stack {name}: ")
        assert words in str(error.value)
        assert "\n" not in str(error.value)
    assert cloud.picture() == before
    assert not declare(cloud, good).changed


def test_a_mistake_that_only_values_tell_has_its_place_too(cloud: Sandbox) -> None:
    text = resources("""
  net: {type: OS::Neutron::Net}
  port:
    type: OS::Neutron::Port
    properties:
      network: {get_attr: [net, name]}
      mac_address: {get_resource: net}
""")
    with pytest.raises(StackwrightError, match=r"main.yaml, line \d+, resources.port.properties") as error:
        cloud.ensure(wanted(text))
    assert cloud.find("stack") == []
    assert "\n" not in str(error.value)


def test_what_a_kind_refuses_tells_its_place(cloud: Sandbox) -> None:
    text = resources("""
  sub: {type: OS::Neutron::Subnet, properties: {network: net, cidr: 10.0.0.0/24}}
""")
    with pytest.raises(
        StackwrightError, match=r"stack s: main.yaml, line 4, resources.sub: subnet s-sub-\w+: 10.0.0.0/24 overlaps"
    ) as error:
        cloud.ensure(wanted(text))
    assert cloud.find("stack") == []
    assert "\n" not in str(error.value)


def test_a_stack_goes_although_its_template_needs_what_went(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one"), Wish("network", "gone")))
    declare(cloud, resources("  a: {type: OS::Neutron::Net, external_id: gone}\n  b: {type: OS::Neutron::Net}"))
    assert cloud.drop("network", "gone").errors == []
    assert cloud.drop("stack", "s").errors == []
    assert cloud.find("stack") == []
