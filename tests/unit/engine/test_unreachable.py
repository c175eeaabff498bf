# SPDX-License-Identifier: Apache-2.0
"""A host that does not answer, a backend that refuses: their resources wait, all others go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import Sandbox, flaws, portrait, request, server
from stackwright.engine.errors import Refused
from stackwright.engine.objects import Action, Change, Object
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish

AWAY = "host host1 does not answer (connection timed out); see that libvirtd runs there"


@pytest.fixture
def two(cloud: Sandbox) -> Sandbox:
    """One instance on each host."""
    for name, other in (("one", "host2"), ("two", "host1")):
        cloud.wish("host", other, state="disabled")
        assert cloud.ensure(request(server(name))).errors == []
        cloud.wish("host", other, state="enabled")
    assert (cloud.one("instance", "one").host, cloud.one("instance", "two").host) == ("host1", "host2")
    return cloud


def part(cloud: Sandbox, place: str = "host1", words: str = AWAY, driver: str = "libvirt") -> None:
    """Cut a place off."""
    unreachable(cloud, driver)[place] = words


def unreachable(cloud: Sandbox, driver: str = "libvirt") -> dict[str, str]:
    return cloud.drivers[driver].unreachable  # type: ignore[attr-defined,no-any-return]


def errors(result: Result) -> dict[str, str]:
    """Of what was asked for."""
    return {result.outcomes[root].resource.name: result.outcomes[root].error for root in result.roots}


def test_its_resources_fail_with_the_sentence_and_others_go_on(two: Sandbox) -> None:
    part(two)
    wishes = [Wish("instance", name, spec={"metadata": {"a": "b"}}) for name in ("one", "two")]
    result = two.ensure(request(*wishes, Wish("network", "other")))
    assert errors(result) == {"one": AWAY, "two": "", "other": ""}
    assert two.one("instance", "one").status == "error"
    assert two.one("instance", "one").message == AWAY
    unreachable(two).clear()
    again = two.ensure(request(*wishes))
    assert (again.changed, again.errors) == (True, [])
    assert two.one("instance", "one").status == "active"


def test_a_new_instance_there_keeps_what_it_was_given_until_it_answers(two: Sandbox) -> None:
    part(two)
    two.wish("host", "host2", state="disabled")
    wanted = request(server("three"))
    assert errors(two.ensure(wanted)) == {"three": AWAY}
    before = two.one("instance", "three")
    unreachable(two).clear()
    assert two.ensure(wanted).errors == []
    assert two.one("instance", "three").attributes["nics"] == before.attributes["nics"]
    assert two.one("instance", "three").host == "host1"


def test_a_deletion_keeps_row_address_and_claim_until_it_answers(two: Sandbox) -> None:
    before = portrait(two)
    part(two)
    result = two.drop("instance", "one")
    assert errors(result) == {"one": AWAY}
    after = portrait(two)
    assert (after["allocation"], after["claim"], after["usage"]) == (
        before["allocation"],
        before["claim"],
        before["usage"],
    )
    assert after["world"] == before["world"]
    assert not two.one("instance", "one").wanted
    assert AWAY in two.drift().errors
    unreachable(two).clear()
    assert two.drop("instance", "one").errors == []
    assert two.find("instance", "one") == []
    assert flaws(two) == []


def test_nothing_that_it_stands_on_goes_before_it(two: Sandbox) -> None:
    two.drop("router", "router")
    part(two)
    two.drop("instance", "one")
    stand = [Wish("instance", "two", present=False), Wish("subnet", "sub", present=False)]
    stand.append(Wish("network", "net", present=False))
    result = two.ensure(request(*stand))
    assert errors(result) == {"two": "", "sub": AWAY, "net": AWAY}
    assert [item.name for item in two.objects("Switch") if item.title == "net"] != []
    unreachable(two).clear()
    assert two.ensure(request(*stand)).errors == []
    assert (two.find("network", "net"), two.find("instance")) == ([], [])
    assert flaws(two) == []


def test_an_image_goes_only_when_every_host_has_been_asked(two: Sandbox) -> None:
    gone = [Wish("instance", name, present=False) for name in ("one", "two")]
    two.ensure(request(*gone))
    part(two)
    assert errors(two.drop("image", "guest")) == {"guest": AWAY}
    unreachable(two).clear()
    assert two.drop("image", "guest").errors == []
    assert two.objects("ImageCopy") == []


def test_a_controller_database_that_is_away_stops_what_needs_it(two: Sandbox) -> None:
    words = "OVN's northbound database does not answer; see that ovn-central runs"
    part(two, "", words, "ovn")
    result = two.ensure(request(server("three"), Wish("network", "other")))
    assert errors(result) == {"three": words, "other": words}
    drift = two.drift()
    assert words in drift.errors
    assert two.find("instance", "three")[0].status == "error"
    unreachable(two, "ovn").clear()
    assert two.ensure(request(server("three"), Wish("network", "other"))).errors == []
    assert not two.drift().changed


def refuse(cloud: Sandbox, when: Callable[[Change], bool]) -> None:
    """Let the hypervisors refuse some changes."""

    def before(change: Change) -> None:
        if when(change):
            raise Refused("host1 refuses: the storage pool is full; free some space")

    cloud.drivers["libvirt"].before = before  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["Domain", "Volume", "ConfigDrive"])
def test_a_refused_deletion_keeps_what_the_rest_stands_on(two: Sandbox, kind: str) -> None:
    one = two.one("instance", "one")
    refuse(two, lambda change: change.action is Action.DELETE and type(change.object).__name__ == kind)
    result = two.drop("instance", "one")
    assert "host1 refuses: the storage pool is full" in errors(result)["one"]
    assert two.find("instance", "one")[0].id == one.id
    assert flaws(two) == []
    refuse(two, lambda change: False)
    assert two.drop("instance", "one").errors == []
    assert two.find("instance", "one") == []
    assert [row for row in two.find("port") if row.owner == one.id] == []
    assert flaws(two) == []


@pytest.mark.parametrize("kind", ["Domain", "Volume", "ImageCopy"])
def test_a_refused_creation_is_told_and_done_by_the_next_run(two: Sandbox, kind: str) -> None:
    for item in two.objects("ImageCopy"):
        two.lose(item)
    refuse(two, lambda change: change.action is Action.CREATE and type(change.object).__name__ == kind)
    wanted: Any = request(server("three"), Wish("network", "other"))
    result = two.ensure(wanted)
    assert "host1 refuses: the storage pool is full" in errors(result)["three"]
    assert errors(result)["other"] == ""
    refuse(two, lambda change: False)
    assert two.ensure(wanted).errors == []
    assert not two.ensure(wanted).changed
    assert flaws(two) == []


def test_a_lost_image_copy_is_drift_and_its_repair_is_told(two: Sandbox) -> None:
    (copy,) = [item for item in two.objects("ImageCopy") if item.place == "host1"]
    two.lose(copy)
    assert two.drift().changed
    assert two.ensure(request(server("one"))).changed
    assert not two.drift().changed


def test_the_port_of_an_instance_that_waits_is_not_waited_for(two: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    settled: list[Object] = []
    monkeypatch.setattr(two.drivers["ovn"], "settle", lambda objects, timeout: settled.extend(objects) or [])
    part(two)
    two.wish("host", "host2", state="disabled")
    two.ensure(request(server("three"), Wish("network", "other")))
    assert {type(item).__name__ for item in settled} == {"Switch"}


def test_what_owns_something_on_a_silent_host_goes_only_with_it(two: Sandbox) -> None:
    template = """
        heat_template_version: rocky
        resources:
          web: {type: OS::Nova::Server, properties: {image: guest, flavor: m1.tiny, networks: [{network: net}]}}
          other: {type: OS::Neutron::Net}
    """
    two.wish("host", "host2", state="disabled")
    two.wish("stack", "s", template="s.yaml", files={"s.yaml": template})
    part(two)
    assert errors(two.drop("stack", "s")) == {"s": AWAY}
    assert (two.one("stack", "s").status, two.one("stack", "s").wanted) == ("error", False)
    unreachable(two).clear()
    assert errors(two.drop("stack", "s")) == {"s": ""}
    assert two.find("stack", "s") == []
    assert [row.name for row in two.find("instance")] == ["one", "two"]
    assert flaws(two) == []
