# SPDX-License-Identifier: Apache-2.0
"""Hosts that are drained, and hosts that are gone, on memory drivers: where their instances go, and what must stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import Place, Sandbox, flaws, request, server
from stackwright.engine.errors import Conflict
from stackwright.engine.objects import Action
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish

NAMES = ("one", "two")
GONE = "host host1 did not answer"


@pytest.fixture
def cloud(new_place: Callable[[], Place]) -> Any:
    """Two instances on host1, which are not bound to it."""
    with Sandbox(new_place()) as found:
        settled(found, found.ensure(request(*(server(name, host="host1") for name in NAMES))))
        settled(found, found.ensure(request(*(Wish("instance", name, spec={"host": ""}) for name in NAMES))))
        yield found


def settled(cloud: Sandbox, result: Result) -> Result:
    assert result.errors == []
    assert flaws(cloud) == []
    return result


def hosts(cloud: Sandbox) -> list[str]:
    return [cloud.one("instance", name).host for name in NAMES]


def guests(cloud: Sandbox) -> list[str]:
    return sorted(item.place for item in cloud.objects("Domain"))


def away(cloud: Sandbox, *names: str) -> None:
    cloud.drivers["libvirt"].unreachable = dict.fromkeys(names, GONE)  # type: ignore[attr-defined]


def evacuate(cloud: Sandbox, *allowed: str, check: bool = False) -> Result:
    wish = Wish("host", "host1", spec={"state": "evacuated"})
    return cloud.ensure(request(wish, allow_loss_of=frozenset(allowed)), check=check)


def test_a_drained_host_is_empty_and_stays_so(cloud: Sandbox) -> None:
    wish = request(Wish("host", "host1", spec={"state": "drained"}))
    would = cloud.ensure(wish, check=True)
    told = {item.after.name: item.after.host for item in would.outcomes.values() if item.after and item.after.host}
    assert told == {"one": "host2", "two": "host2"}
    assert hosts(cloud) == ["host1", "host1"]
    result = settled(cloud, cloud.ensure(wish))
    moved = [item for outcome in result.outcomes.values() for item in outcome.changes if item.moves]
    assert len(moved) == 4
    assert guests(cloud) == ["host2", "host2"]
    assert not cloud.ensure(wish).changed
    settled(cloud, cloud.ensure(request(server("three"))))
    assert cloud.one("instance", "three").host == "host2"
    assert not cloud.drift().changed


def test_what_cannot_move_is_named_and_the_rest_does(cloud: Sandbox) -> None:
    settled(cloud, cloud.wish("instance", "one", host="host1"))
    result = cloud.wish("host", "host1", state="drained")
    assert result.errors == [
        "host host1 is not empty yet: instance one: no host can take it "
        "(host1: disabled; host2: not host1); free something or add a host"
    ]
    assert hosts(cloud) == ["host1", "host2"]
    assert cloud.one("host", "host1").status == "error"
    assert cloud.one("instance", "one").status == "active"
    settled(cloud, cloud.wish("instance", "one", host=""))
    settled(cloud, cloud.wish("host", "host1"))
    assert hosts(cloud) == ["host2", "host2"]


def test_a_host_that_is_gone_is_evacuated_only_where_the_loss_is_allowed(cloud: Sandbox) -> None:
    away(cloud, "host1")
    with pytest.raises(Conflict, match=r"(?s)instance one: this would lose a disk's content \(1 GiB\); .*instance two"):
        evacuate(cloud)
    with pytest.raises(Conflict, match="instance two: this would lose"):
        evacuate(cloud, "one")
    assert len(evacuate(cloud, check=True).warnings) == 2
    assert hosts(cloud) == ["host1", "host1"]
    before = [cloud.one("instance", name) for name in NAMES]
    settled(cloud, evacuate(cloud, *NAMES))
    after = [cloud.one("instance", name) for name in NAMES]
    assert [item.host for item in after] == ["host2", "host2"]
    assert [(item.id, item.attributes) for item in after] == [(item.id, item.attributes) for item in before]
    options = {tuple(item.options.items()) for item in cloud.objects("SwitchPort") if item.resource in _ports(cloud)}
    assert options == {(("requested-chassis", "host2"),)}
    assert not cloud.wish("host", "host1").changed
    assert not cloud.ensure(request(*(Wish("instance", name) for name in NAMES))).changed


def _ports(cloud: Sandbox) -> set[str]:
    return {nic["port"] for name in NAMES for nic in cloud.one("instance", name).attributes["nics"]}


def test_the_old_copies_go_when_the_host_is_back(cloud: Sandbox) -> None:
    away(cloud, "host1")
    settled(cloud, evacuate(cloud, *NAMES))
    away(cloud)
    assert guests(cloud) == ["host1", "host1", "host2", "host2"]
    drift = cloud.drift()
    found = {(item.action, item.object.place) for outcome in drift.outcomes.values() for item in outcome.changes}
    assert found == {(Action.DELETE, "host1")}
    settled(cloud, cloud.wish("host", "host1", state="enabled"))
    assert guests(cloud) == ["host2", "host2"]
    assert {dict(item.options).get("requested-chassis") for item in cloud.objects("SwitchPort")} == {None}
    assert not cloud.drift().changed


def test_a_host_that_was_not_gone_loses_nothing(cloud: Sandbox) -> None:
    result = settled(cloud, evacuate(cloud, *NAMES))
    moved = [item for outcome in result.outcomes.values() for item in outcome.changes if item.moves]
    assert len(moved) == 4
    assert guests(cloud) == ["host2", "host2"]


def test_a_host_that_never_comes_back_can_be_forgotten(cloud: Sandbox) -> None:
    away(cloud, "host1")
    with pytest.raises(Conflict, match="host host1 is used by instance"):
        cloud.drop("host", "host1")
    settled(cloud, evacuate(cloud, *NAMES))
    assert cloud.drop("host", "host1").errors == []
    assert [item for item in flaws(cloud) if "Hypervisor" not in item] == []
    assert cloud.find("host", "host1") == []
    away(cloud)
    assert {dict(item.options).get("requested-chassis") for item in cloud.objects("SwitchPort")} == {None}


def test_a_host_that_does_not_answer_is_told_so(cloud: Sandbox) -> None:
    assert [item["reachable"] for item in cloud.tell("host")] == [True, True]
    away(cloud, "host1")
    assert [item["unreachable"] for item in cloud.tell("host")] == [GONE, ""]
    assert cloud.wish("host", "host1").errors == [GONE]
    (told,) = cloud.tell("host", "host1")
    assert told["reachable"] is False
    assert told["unreachable"].startswith(f"{GONE} (runs have failed with it since 20")
    assert [item["power_state"] for item in cloud.tell("instance")] == ["unknown", "unknown"]
