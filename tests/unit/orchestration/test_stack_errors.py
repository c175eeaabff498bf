# SPDX-License-Identifier: Apache-2.0
"""What refusals of stacks say: where in the templates it is, and nothing that is hidden."""

from __future__ import annotations

import json

import pytest
from stacks import NETWORK, declare, owned, resources, template, wanted

from sandbox import Sandbox, request
from stackwright import stacks
from stackwright.engine.errors import InvalidInput, StackwrightError
from stackwright.engine.resource import Wish
from stackwright.orchestration.hidden import unsaid
from stackwright.orchestration.offline import preview
from stackwright.orchestration.stack import Source

LONG = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(f"line {n} of a long secret" for n in range(20))


def refusal(cloud: Sandbox, text: str, project: str = "default", **spec: object) -> str:
    (wish,) = wanted(text, **spec).wishes
    with pytest.raises(StackwrightError) as error:
        cloud.ensure(request(wish, project=project))
    return str(error.value)


# Places

MEMBER = """
  web:
    type: OS::Heat::ResourceGroup
    properties:
      count: 2
      resource_def: {type: TYPE, properties: {flavor: {get_attr: [sub, cidr]}, image: guest}}
"""
SERVER = template("""
    parameters: {flavor: {type: string}, image: {type: string}}
    resources:
      it:
        type: OS::Heat::ResourceGroup
        properties:
          count: 1
          resource_def:
            type: OS::Nova::Server
            properties: {flavor: {get_param: flavor}, image: guest}
""")


def test_a_member_is_named_by_its_group(cloud: Sandbox) -> None:
    words = refusal(cloud, resources(NETWORK + MEMBER.replace("TYPE", "OS::Nova::Server")))
    assert ", resources.web.0.properties.flavor: the value 10.7.0.0/24 names no flavor" in words


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ("OS::Neutron::Subnet, properties: {network: {get_resource: net}}", "names no cidr"),
        ("OS::Neutron::FloatingIP, properties: {floating_network: public, port_id: {get_resource: p}}", "no router"),
    ],
)
def test_what_its_type_or_its_kind_refuses_is_named(cloud: Sandbox, properties: str, words: str) -> None:
    port = "  p: {type: OS::Neutron::Port, properties: {network: {get_resource: net}}}\n"
    said = refusal(cloud, resources(f"{NETWORK}{port}  it: {{type: {properties}}}\n"))
    assert "main.yaml, line 6, resources.it: " in said
    assert words in said


def test_a_member_of_a_file_of_its_own_is_named_as_in_that_file(cloud: Sandbox) -> None:
    text = resources(NETWORK + MEMBER.replace("TYPE", "server.yaml"))
    words = refusal(cloud, text, files={"server.yaml": SERVER})
    assert "server.yaml, line 5, resources.it.0.properties.flavor: the value 10.7.0.0/24 names no flavor" in words


def test_what_a_kind_refuses_of_a_member_is_named_by_its_group(cloud: Sandbox) -> None:
    text = resources("""
  net: {type: OS::Neutron::Net}
  web:
    type: OS::Heat::ResourceGroup
    properties:
      count: 1
      resource_def:
        type: OS::Neutron::Subnet
        properties: {network: {get_resource: net}, cidr: 10.8.0.0/24, gateway_ip: 10.9.0.1}
""")
    assert "main.yaml, line 5, resources.web.0: subnet s-web-0-" in refusal(cloud, text)


# Secrets

PIN = template("""
    parameters: {pin: {type: string, hidden: true}}
    resources:
      outer: {type: inner.yaml, properties: {pin: {get_param: pin}}}
""")


@pytest.mark.parametrize("pin", ["swordfish", LONG, "x" * 100])
@pytest.mark.parametrize(
    "inner",
    [
        "{type: OS::Neutron::Subnet, properties: {network: {get_param: pin}, cidr: 10.0.0.0/24}}",
        "{type: OS::Neutron::Subnet, properties: {network: a, cidr: {get_param: pin}}}",
        "{type: OS::Neutron::RouterInterface, properties: {router: {get_param: pin}, port: {get_param: pin}}}",
        "{type: OS::Neutron::Router, properties: {external_gateway_info: {network: {get_param: pin}}}}",
        "{type: OS::Heat::Value, properties: {value: {list_join: ['', [1, {get_param: pin}]]}, type: number}}",
        "{type: OS::Neutron::Net, external_id: {list_join: ['', [much before it, {get_param: pin}]]}}",
    ],
)
def test_hidden_values_are_not_quoted(cloud: Sandbox, inner: str, pin: str) -> None:
    files = {"inner.yaml": template(f"parameters: {{pin: {{type: string}}}}\nresources:\n  a: {inner}\n")}
    words = refusal(cloud, PIN, files=files, parameters={"pin": pin})
    assert pin[:20] not in words
    direct = PIN.replace("{type: inner.yaml, properties: {pin: {get_param: pin}}}", inner)
    assert pin[:20] not in refusal(cloud, direct, parameters={"pin": pin})


def test_generated_secrets_are_not_quoted(cloud: Sandbox) -> None:
    chosen = "  chosen: {type: OS::Heat::RandomString}\n"
    declare(cloud, resources(chosen))
    secret = owned(cloud)["chosen"].attributes["value"]
    router = "  a: {type: OS::Neutron::Router, properties: {external_gateway_info: {network: {get_resource: chosen}}}}"
    words = refusal(cloud, resources(chosen + router))
    assert "(hidden)" in words
    assert secret not in words


def test_validation_quotes_no_hidden_values() -> None:
    text = template("""
        parameters: {pin: {type: string, hidden: true, constraints: [{allowed_values: [a, b]}]}}
        resources: {a: {type: OS::Neutron::Net, properties: {{get_param: pin}: x, name: {get_param: pin}}}}
    """)
    told = stacks.validated("main.yaml", {"main.yaml": text}, [], {"pin": "swordfish"})
    assert told["errors"]
    assert "swordfish" not in json.dumps(told)


def test_a_preview_shows_no_hidden_values() -> None:
    text = template("""
        parameters: {pin: {type: string, hidden: true}}
        resources: {a: {type: OS::Neutron::Net, properties: {name: {get_param: pin}}}}
        outputs: {pin: {value: {get_param: pin}}}
    """)
    found = preview(Source.read("main.yaml", {"main.yaml": text}, [], {"pin": "swordfish"}))
    assert found.resources[0]["properties"]["name"] == found.outputs["pin"] == "(hidden)"


def test_a_sentence_without_its_secrets() -> None:
    assert unsaid(["secret", "secret of all"], "a secret of all, a secret") == "a (hidden), a (hidden)"
    assert unsaid(["abc"], "abc is too short to be found") == "abc is too short to be found"
    assert unsaid([LONG], f"value {LONG[:57]}... is wrong".replace("\n", " ")) == "value (hidden) is wrong"
    assert unsaid([LONG], f"value x{LONG[:40]}... is wrong".replace("\n", " ")) == "value x(hidden) is wrong"
    assert unsaid(["  "], "a  b") == "a b"


# What only a stack's project sees

USER = resources("  web: {type: OS::Nova::Server, properties: {image: guest, flavor: m1.tiny, user_data: TEXT}}")
MIME = resources("  mime: {type: OS::Heat::MultipartMime, properties: {parts: [{config: TEXT}]}}")


def test_a_config_of_another_project_is_not_read(cloud: Sandbox) -> None:
    for project in ("mine", "others"):
        cloud.wish("project", project)
    config = resources("  c: {type: OS::Heat::SoftwareConfig, properties: {config: a-config}}\n")
    network = [Wish("network", "n"), Wish("subnet", "n", spec={"network": "n", "cidr": "10.0.0.0/24"})]
    (wish,) = wanted(config, "configs").wishes
    for project in ("mine", "others"):
        assert cloud.ensure(request(wish, *network, project=project)).errors == []
    ids = {row.project: row.id for row in cloud.picture().resources.values() if row.kind == "stack_value"}
    mine, others = (ids[cloud.one("project", name).id] for name in ("mine", "others"))
    for text, kind in ((USER, "instance"), (MIME, "stack_value")):
        for target, read in ((mine, True), (others, False)):
            (wish,) = wanted(text.replace("TEXT", target), "reader").wishes
            assert cloud.ensure(request(wish, project="mine")).errors == []
            stack = next(row for row in cloud.find("stack", "reader", "mine"))
            (row,) = [
                item
                for item in cloud.picture().resources.values()
                if (item.owner, item.kind, item.wanted) == (stack.id, kind, True)
            ]
            assert ("a-config" in repr(row.spec)) is read


# What a preview cannot tell

LATER = "  v: {type: OS::Heat::RandomString}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{type: OS::Neutron::SecurityGroup, properties: {rules: {get_attr: [v, value]}}}", "rules: must be a list"),
        (
            "{type: OS::Heat::ResourceGroup, properties: {resource_def: {type: OS::Heat::None}, "
            "count: {get_resource: v}}}",
            "count: must be a number",
        ),
        ("{type: OS::Heat::ResourceChain, properties: {resources: {get_resource: v}}}", "resources: must be a list"),
        ("{type: OS::Neutron::Net, properties: {shared: {get_resource: v}}}", "shared: must be true or false"),
    ],
)
def test_a_secret_that_is_not_there_yet_is_text(cloud: Sandbox, text: str, words: str) -> None:
    wish = wanted(resources(f"{LATER}  a: {text}"))
    with pytest.raises(InvalidInput, match=rf"resources.a.properties.{words}, and depends on what exists only later"):
        cloud.ensure(wish, check=True)
    with pytest.raises(InvalidInput, match=rf"resources.a.properties.{words}"):
        cloud.ensure(wish)
