# SPDX-License-Identifier: Apache-2.0
"""Stacks beyond declaring them: rolling back, checking, expiring, looking inside, and that secrets stay hidden."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Place, Sandbox, drivers, request
from stackwright import present, stacks
from stackwright.engine.errors import InvalidInput, NotFound, Refused, Unreachable
from stackwright.engine.objects import Change
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish

HELLO = (Path(__file__).resolve().parents[3] / "examples/stacks/hello.yaml").read_text()
GUEST = """
heat_template_version: 2021-04-16
parameters:
  code: {type: string, hidden: true, default: swordfish}
  size: {type: string, default: m1.tiny}
  shown: {type: string, default: visible}
resources:
  secret: {type: OS::Heat::RandomString}
  web:
    type: OS::Nova::Server
    properties:
      image: guest
      flavor: {get_param: size}
      networks: [{network: net}]
      user_data_format: RAW
      user_data: {get_param: code}
      metadata: {code: {get_param: code}, made: {get_attr: [secret, value]}}
outputs:
  made: {value: {list_join: [":", [user, {get_attr: [secret, value]}]]}}
  code: {value: {list_join: [":", [user, {get_param: code}]]}}
  plain: {value: {get_attr: [web, name]}}
"""


def wish(template: str = HELLO, name: str = "hello", **more: Any) -> Wish:
    return Wish("stack", name, spec={"template": "main.yaml", "files": {"main.yaml": template}, **more})


def told(result: Result) -> dict[str, Any]:
    (entry,) = present.report(result)
    return entry


def out(cloud: Sandbox, name: str = "hello") -> dict[str, Any]:
    found: dict[str, Any] = cloud.one("stack", name).attributes["outputs"]
    return found


class Failing:
    """A sandbox whose backends refuse some actions on some types of objects."""

    def __init__(self, place: Place) -> None:
        self.refused: set[tuple[str, str]] = set()
        self.cloud = Sandbox(place, drivers=drivers(place, before=self._refuse))

    def _refuse(self, change: Change) -> None:
        if (change.action.value, change.object.identity.type) in self.refused:
            raise Refused(f"{change.object.identity.type} is refused; mend the backend")


@pytest.fixture
def failing(place: Place) -> Iterator[Failing]:
    found = Failing(place)
    with found.cloud:
        yield found


# Rolling back


def test_a_new_stack_that_fails_is_removed_again(failing: Failing) -> None:
    failing.refused = {("create", "DhcpOptions")}
    before = len(failing.cloud.objects())
    result = stacks.declare(failing.cloud, request(wish()), rollback=True)
    assert result.errors[0] == "DhcpOptions is refused; mend the backend; stack hello was removed again"
    assert failing.cloud.find("stack") == []
    assert len(failing.cloud.objects()) == before


def test_without_rollback_what_was_made_stays(failing: Failing) -> None:
    failing.refused = {("create", "DhcpOptions")}
    result = stacks.declare(failing.cloud, request(wish()), rollback=False)
    assert result.errors == ["DhcpOptions is refused; mend the backend"]
    assert failing.cloud.find("stack") != []


def test_a_stack_that_fails_becomes_what_it_was(failing: Failing) -> None:
    stacks.declare(failing.cloud, request(wish()), rollback=True)
    before = failing.cloud.one("stack", "hello").spec
    objects = set(map(repr, failing.cloud.objects()))
    failing.refused = {("create", "DhcpOptions")}
    more = HELLO.replace(
        "outputs:",
        "  second:\n    type: OS::Neutron::Subnet\n"
        "    properties: {network: {get_resource: network}, cidr: 10.78.0.0/24}\noutputs:",
    )
    result = stacks.declare(failing.cloud, request(wish(more)), rollback=True)
    assert result.errors[0].endswith("; stack hello was rolled back to what it was before")
    assert failing.cloud.one("stack", "hello").spec == before
    assert set(map(repr, failing.cloud.objects())) == objects
    assert not failing.cloud.ensure(request(wish())).changed


def test_a_rollback_that_fails_says_so(failing: Failing) -> None:
    failing.refused = {("create", "Domain"), ("delete", "SwitchPort")}
    result = stacks.declare(failing.cloud, request(wish(GUEST)), rollback=True)
    assert "; stack hello could not be rolled back (SwitchPort is refused; mend the backend)" in result.errors[0]
    failing.refused = set()
    assert not failing.cloud.ensure(request(wish(GUEST))).errors


def test_an_output_that_looks_like_an_id_names_nothing(cloud: Sandbox) -> None:
    greeting = {"greeting": "0a4a1d3c-1111-4222-8333-444455556666"}
    cloud.ensure(request(wish(parameters=greeting)))
    result = cloud.ensure(request(wish(parameters={**greeting, "cidr": "10.80.0.0/24"})))
    assert (result.errors, out(cloud)["greeting"]) == ([], f"{greeting['greeting']} from 10.80.0.0/24")


def test_what_is_refused_at_once_needs_no_rollback(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="parameter"):
        stacks.declare(cloud, request(wish(parameters={"none": 1})), rollback=True)
    assert cloud.find("stack") == []


# Looking


def test_a_preview_shows_all_values_and_changes_nothing(cloud: Sandbox) -> None:
    result = stacks.declare(cloud, request(wish()), rollback=True, check=True)
    entry = told(result)
    assert (entry["action"], cloud.find("stack")) == ("created", [])
    assert stacks.outputs(result)["greeting"] == "Hello from 10.77.0.0/24"
    assert stacks.outputs(result)["key"] == "(generated)"
    assert entry["diff"]["after"]["resources"]["subnet"]["cidr"] == "10.77.0.0/24"


def test_the_same_stack_again_changes_nothing(cloud: Sandbox) -> None:
    cloud.ensure(request(wish()))
    again = cloud.ensure(request(wish()))
    assert (again.changed, told(again)["action"]) == (False, "none")


def test_a_check_finds_what_was_changed_by_hand_and_mends_nothing(cloud: Sandbox) -> None:
    cloud.ensure(request(wish()))
    assert not stacks.checked(cloud, "hello").changed
    (lost,) = [item for item in cloud.objects("DhcpOptions") if "10.77." in repr(item)]
    cloud.lose(lost)
    result = stacks.checked(cloud, "hello")
    (part,) = present.parts(result, result.roots[0])
    assert (part["path"], part["action"], part["changes"][0]["action"]) == ("subnet", "repaired", "create")
    assert lost not in cloud.objects()


@pytest.mark.parametrize("look", [stacks.checked, stacks.resources, stacks.events])
def test_a_stack_that_never_was(cloud: Sandbox, look: Any) -> None:
    with pytest.raises(NotFound, match="stack nowhere"):
        look(cloud, "nowhere")


def test_resources_of_a_stack(cloud: Sandbox) -> None:
    cloud.ensure(request(wish(GUEST)))
    listed = stacks.resources(cloud, "hello")
    assert [(item["path"], item["type"], item["status"]) for item in listed] == [
        ("secret", "OS::Heat::RandomString", "active"),
        ("web", "OS::Nova::Server", "active"),
    ]
    (web,) = stacks.resources(cloud, "hello", path="web", attributes=True)
    assert web["host"] in ("host1", "host2")
    assert web["attributes"]["name"] == web["name"]
    assert "swordfish" not in json.dumps(web)
    with pytest.raises(NotFound, match="stack hello has no resource db"):
        stacks.resources(cloud, "hello", path="db")


def test_attributes_of_every_type_can_be_shown_but_for_what_was_generated(cloud: Sandbox) -> None:
    cloud.ensure(request(wish()))
    listed = {item["path"]: item["attributes"] for item in stacks.resources(cloud, "hello", attributes=True)}
    assert listed["key"]["value"] == "(hidden)"
    assert listed["subnet"]["cidr"] == "10.77.0.0/24"
    assert out(cloud)["key"] not in json.dumps(listed)


def test_events_of_a_stack_outlive_it(cloud: Sandbox) -> None:
    cloud.ensure(request(wish(GUEST)))
    stack = cloud.one("stack", "hello").id
    cloud.drop("stack", "hello")
    seen = stacks.events(cloud, "hello")
    assert [(item["action"], item["path"]) for item in seen if item["kind"] == "instance"] == [
        ("created", "web"),
        ("deleted", "web"),
    ]
    assert all(item["path"].startswith("web/nic/") for item in seen if item["kind"] == "port")
    assert {item["action"] for item in seen if item["kind"] == "stack"} == {"created", "deleted"}
    assert stacks.events(cloud, stack) == seen


def test_what_is_wrong_with_a_template_is_listed_with_its_place() -> None:
    template = HELLO.replace("OS::Neutron::Subnet", "OS::Neutron::Subnett").replace("length: 16", "length: many")
    found = stacks.validated("main.yaml", {"main.yaml": template}, [], {})
    places = [(item["file"], item["path"]) for item in found["errors"]]
    assert ("main.yaml", "resources.subnet.type") in places
    assert ("main.yaml", "resources.key.properties.length") in places
    assert all(item["line"] for item in found["errors"])
    assert not found["valid"]


def test_what_a_template_lacks_and_needs_is_listed() -> None:
    template = HELLO.replace("    default: 10.77.0.0/24\n", "").replace("OS::Neutron::Net\n", "OS::Cinder::Volume\n")
    found = stacks.validated("main.yaml", {"main.yaml": template}, [], {})
    assert found["needed"] == ["cidr"]
    assert "OS::Cinder::Volume" in found["unsupported"]
    (error,) = stacks.validated("main.yaml", {}, [], {})["errors"]
    assert error["message"].startswith("the file main.yaml did not come with the template")


# Time


def test_a_stack_goes_when_its_time_is_over(cloud: Sandbox) -> None:
    cloud.ensure(request(wish(expires_at=1.0), wish(HELLO.replace("10.77", "10.78"), "later", expires_at=9e9)))
    cloud.ensure(request(wish(HELLO.replace("10.77", "10.79"), "ever")))
    assert stacks.expire(cloud) == {"stack hello of project default": ""}
    assert {row.name for row in cloud.find("stack")} == {"later", "ever"}
    assert stacks.expire(cloud) == {}


def test_a_stack_that_cannot_go_keeps_no_other_from_going(cloud: Sandbox) -> None:
    cloud.ensure(request(wish(expires_at=1.0), wish(HELLO.replace("10.77", "10.78"), "other", expires_at=1.0)))
    network = out(cloud)["network"]
    cloud.wish("port", "guest", network=network)
    found = stacks.expire(cloud)
    assert "is used by port guest" in found["stack hello of project default"]
    assert found["stack other of project default"] == ""


def test_a_ttl_runs_from_when_it_was_first_asked_for(cloud: Sandbox) -> None:
    def ask(ttl: int) -> Result:
        return cloud.ensure(request(wish(**stacks.lifetime(cloud, "hello", "default", ttl))))

    ask(3600)
    first = cloud.one("stack", "hello").spec["expires_at"]
    assert not ask(3600).changed
    assert ask(7200).changed
    assert cloud.one("stack", "hello").spec["expires_at"] > first + 3000
    ask(0)
    assert cloud.one("stack", "hello").spec["expires_at"] is None
    with pytest.raises(InvalidInput, match="over before it begins"):
        ask(-1)


def test_a_stack_over_its_time_starts_anew(cloud: Sandbox) -> None:
    cloud.ensure(request(wish(ttl=60, expires_at=1.0)))
    assert stacks.lifetime(cloud, "hello", "default", 60)["expires_at"] > 1e9


# What is told


def test_what_is_told_of_a_stack(cloud: Sandbox) -> None:
    result = cloud.ensure(request(wish(tags=["ci"], expires_at=1767225600.0, parameters={"greeting": "Hi"})))
    (facts,) = cloud.tell("stack", "hello")
    assert facts == told(result)["resource"]
    assert facts["tags"] == ["ci"]
    assert facts["expires_at"] == "2026-01-01T00:00:00+00:00"
    assert facts["parameters"] == {"greeting": "Hi", "cidr": "10.77.0.0/24"}
    assert facts["outputs"]["key"] == "(hidden)"
    assert facts["outputs"]["network"] == cloud.one("network", facts["resources"][1]["name"]).id
    assert [item["path"] for item in facts["resources"]] == ["key", "network", "subnet"]
    known = {"id", "name", "kind", "status", "project", "label", "description", "tags", "suspended", "expires_at"}
    assert facts.keys() == known | {"parameters", "outputs", "resources"}


def test_secrets_are_in_no_diff_and_no_facts(cloud: Sandbox) -> None:
    seen = [cloud.ensure(request(wish(GUEST)))]
    made = out(cloud)["made"].removeprefix("user:")
    other = {"code": "hunter2", "size": "m1.small"}
    seen += [cloud.ensure(request(wish(GUEST, parameters={"size": "m1.small"})))]
    seen += [cloud.ensure(request(wish(GUEST, parameters=other)), check=True)]
    seen += [cloud.ensure(request(wish(GUEST, parameters=other)))]
    seen += [cloud.drop("stack", "hello")]
    text = json.dumps([[present.report(item), present.affected(item)] for item in seen])
    text += json.dumps(stacks.events(cloud, "hello"))
    for secret in ("swordfish", "hunter2", made):
        assert secret not in text
    assert "visible" in text


def test_outputs_are_told_as_they_are_to_whoever_declares(cloud: Sandbox) -> None:
    found = stacks.outputs(cloud.ensure(request(wish(GUEST))))
    assert found["code"] == "user:swordfish"
    assert len(found["made"].removeprefix("user:")) == 32
    assert stacks.outputs(cloud.drop("stack", "hello")) == {}


def test_a_diff_has_the_resources_as_they_are_each(cloud: Sandbox) -> None:
    cloud.ensure(request(wish()))
    diff = told(cloud.ensure(request(wish(parameters={"cidr": "10.80.0.0/24"}))))["diff"]
    cidrs = [diff[side]["resources"]["subnet"]["cidr"] for side in ("before", "after")]
    assert cidrs == ["10.77.0.0/24", "10.80.0.0/24"]
    comment = told(cloud.ensure(request(wish(HELLO + "# more\n", parameters={"cidr": "10.80.0.0/24"}))))["diff"]
    assert comment["before"]["files"] == {"main.yaml": "as before"}
    assert comment["after"]["files"] == {"main.yaml": "changed"}


def test_an_unreachable_backend_is_not_rolled_back_by_guessing(failing: Failing) -> None:
    def away(change: Change) -> None:
        raise Unreachable("the network does not answer; try again later")

    for driver in failing.cloud.drivers.values():
        driver.before = away  # type: ignore[attr-defined]
    result = stacks.declare(failing.cloud, request(wish()), rollback=True)
    assert "the network does not answer" in result.errors[0]
