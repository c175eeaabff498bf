# SPDX-License-Identifier: Apache-2.0
"""Stacks that take over what is there, and what is told of a stack so that it can be declared elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox import Sandbox, flaws, portrait, request, server
from stackwright import stacks
from stackwright.engine.errors import Conflict, InvalidInput, NotFound, StackwrightError
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish
from stackwright.exports import export

TEMPLATE = """
heat_template_version: 2021-04-16
resources:
  inside: {type: OS::Neutron::Net}
  subnet:
    type: OS::Neutron::Subnet
    properties: {network: {get_resource: inside}, cidr: 10.99.0.0/24}
  web:
    type: OS::Nova::Server
    properties: {image: guest, flavor: m1.tiny, networks: [{network: net}]}
outputs:
  address: {value: {get_attr: [web, first_address]}}
"""
ADOPT = {"inside": "mine", "web": "old"}


def shop(template: str = TEMPLATE, adopt: dict[str, str] = ADOPT, **more: Any) -> Wish:
    spec = {"template": "main.yaml", "files": {"main.yaml": template}, "adopt": adopt, **more}
    return Wish("stack", "shop", spec=spec)


@pytest.fixture(autouse=True)
def there_already(cloud: Sandbox) -> None:
    assert not cloud.ensure(request(Wish("network", "mine"), server("old"), label="by-hand")).errors


def ids(cloud: Sandbox) -> dict[str, str]:
    return {name: cloud.one(kind, name).id for kind, name in (("network", "mine"), ("instance", "old"))}


def declare(cloud: Sandbox, wish: Wish, **options: Any) -> Result:
    result = cloud.ensure(request(wish, **options))
    assert result.errors == []
    return result


def test_what_is_adopted_stays_what_it_is(cloud: Sandbox) -> None:
    before = ids(cloud)
    domains = cloud.objects("Domain")
    address = cloud.tell("instance", "old")[0]["addresses"][0]["ip_address"]
    result = declare(cloud, shop())
    stack = cloud.one("stack", "shop")
    assert ids(cloud) == before
    assert {cloud.one("network", "mine").owner, cloud.one("instance", "old").owner} == {stack.id}
    assert (cloud.one("instance", "old").key, stacks.outputs(result)) == ("web", {"address": address})
    assert cloud.objects("Domain") == domains
    assert cloud.one("subnet", stack.attributes["resources"]["subnet"]["id"]).spec["network"] == before["mine"]
    assert flaws(cloud) == []


def test_it_keeps_its_name_also_when_nobody_says_adopt_any_more(cloud: Sandbox) -> None:
    declare(cloud, shop())
    assert not declare(cloud, shop()).changed
    before = ids(cloud)
    declare(cloud, shop(adopt={}))
    assert ids(cloud) == before
    assert not declare(cloud, shop(adopt={})).changed


def test_the_template_may_give_it_another_name(cloud: Sandbox) -> None:
    before = ids(cloud)
    declare(cloud, shop(TEMPLATE.replace("{image: guest", "{name: new, image: guest")))
    assert cloud.one("instance", "new").id == before["old"]


def test_an_id_is_as_good_as_a_name(cloud: Sandbox) -> None:
    before = ids(cloud)
    declare(cloud, shop(adopt={"web": before["old"]}))
    assert cloud.one("instance", "old").key == "web"


def test_it_goes_with_the_stack_unless_it_is_retained(cloud: Sandbox) -> None:
    retaining = TEMPLATE.replace("  web:\n", "  web:\n    deletion_policy: Retain\n")
    declare(cloud, shop(retaining))
    cloud.drop("stack", "shop")
    assert cloud.find("network", "mine") == []
    assert cloud.one("instance", "old").owner == ""
    assert flaws(cloud) == []


def test_a_retained_resource_can_be_adopted_again(cloud: Sandbox) -> None:
    retaining = TEMPLATE.replace("  web:\n", "  web:\n    deletion_policy: Retain\n")
    before = ids(cloud)["old"]
    declare(cloud, shop(retaining))
    cloud.drop("stack", "shop")
    declare(cloud, shop(retaining, {"web": "old"}))
    assert cloud.one("instance", "old").id == before


def test_a_preview_adopts_nothing(cloud: Sandbox) -> None:
    before = portrait(cloud)
    assert cloud.ensure(request(shop()), check=True).changed
    assert portrait(cloud) == before


def test_a_task_cannot_declare_it_any_more(cloud: Sandbox) -> None:
    declare(cloud, shop())
    with pytest.raises(Conflict, match="network mine belongs to stack shop"):
        cloud.wish("network", "mine", description="Changed")


@pytest.mark.parametrize(
    ("adopt", "error", "words"),
    [
        ({"web": "nobody"}, NotFound, "instance nobody cannot be adopted as web: it does not exist"),
        ({"web": "mine"}, NotFound, "instance mine cannot be adopted as web: what bears that name is a network"),
        ({"wob": "old"}, InvalidInput, "adopt names wob, and there is no such resource"),
        ({"inside": "mine", "web": "mine"}, NotFound, "bears that name is a network"),
    ],
)
def test_what_cannot_be_adopted_is_said(
    cloud: Sandbox, adopt: dict[str, str], error: type[StackwrightError], words: str
) -> None:
    before = portrait(cloud)
    with pytest.raises(error, match=words):
        cloud.ensure(request(shop(adopt=adopt)))
    assert portrait(cloud) == before


def test_what_belongs_to_another_stack_is_not_adopted(cloud: Sandbox) -> None:
    declare(cloud, shop())
    second = Wish("stack", "second", spec=shop(adopt={"web": "old"}).spec)
    with pytest.raises(Conflict, match="instance old cannot be adopted as web: it belongs to stack shop"):
        cloud.ensure(request(second))


def test_what_is_in_another_project_is_not_adopted(cloud: Sandbox) -> None:
    cloud.wish("project", "other")
    with pytest.raises(NotFound, match="network mine cannot be adopted"):
        cloud.ensure(request(shop(TEMPLATE.partition("  web:")[0], {"inside": "mine"}), project="other"))


def test_a_disk_that_would_be_lost_is_asked_for(cloud: Sandbox) -> None:
    told = {"checksum": "d0" * 32, "disk_format": "qcow2", "size": 1, "virtual_size": 1}
    cloud.ensure(request(Wish("image", "other", spec=told)))
    with pytest.raises(Conflict, match="instance old: this would lose its disk's content"):
        cloud.ensure(request(shop(TEMPLATE.replace("image: guest", "image: other"))))


def test_what_would_be_adopted_is_not_rolled_back(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match=r"stack shop: rolling back would remove what it adopts \(inside, web\)"):
        stacks.declare(cloud, request(shop()), rollback=True)
    declare(cloud, shop())
    assert not stacks.declare(cloud, request(shop()), rollback=True).errors


# Exporting

SECRETS = """
heat_template_version: 2021-04-16
parameters:
  code: {type: string, hidden: true, default: swordfish}
  other: {type: string, hidden: true}
  size: {type: string, default: m1.tiny}
resources:
  inside: {type: OS::Neutron::Net, properties: {name: swordfish-net}}
"""
ENVIRONMENT = """
parameters:
  other: &fish |
    mackerel

  size: m1.small
encrypted_param_names: [again]
parameter_defaults: {again: *fish, "other": 'mackerel'}
"""


def test_an_export_declares_the_stack_again(cloud: Sandbox) -> None:
    declare(cloud, shop())
    told = export(cloud.one("stack", "shop"), cloud.picture())
    assert told["resources"]["web"] == {
        "type": "OS::Nova::Server",
        "kind": "instance",
        "id": cloud.one("instance", "old").id,
        "name": "old",
    }
    assert (told["template"], told["files"], told["environments"]) == ("main.yaml", {"main.yaml": TEMPLATE}, [])
    given = {key: told[key] for key in ("template", "files", "environments", "parameters")}
    assert not declare(cloud, Wish("stack", "shop", spec=given)).changed


def test_an_export_has_no_secret_in_it_and_says_what_is_left_out(cloud: Sandbox) -> None:
    files = {"main.yaml": SECRETS, "env.yaml": ENVIRONMENT}
    spec = {"template": "main.yaml", "files": files, "environments": ["env.yaml"], "parameters": {"code": "herring"}}
    declare(cloud, Wish("stack", "secret", spec=spec))
    told = export(cloud.one("stack", "secret"), cloud.picture())
    text = json.dumps(told)
    assert "mackerel" not in text
    assert "herring" not in text
    assert "default: swordfish" not in text
    assert "swordfish-net" in text
    assert (told["hidden"], told["parameters"]) == (["code", "other"], {})
    given = {key: told[key] for key in ("template", "files", "environments", "parameters")}
    with pytest.raises(InvalidInput, match="the parameter code is missing; the parameter other is missing"):
        cloud.ensure(request(Wish("stack", "third", spec=given)))
    again = {**given, "parameters": {"code": "cod", "other": "carp"}}
    assert not cloud.ensure(request(Wish("stack", "third", spec=again))).errors
