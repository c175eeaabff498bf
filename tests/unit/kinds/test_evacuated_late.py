# SPDX-License-Identifier: Apache-2.0
"""Hosts that die while something is on its way from them, or is to go: evacuated, nothing waits for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import Place, Sandbox, flaws, request, server
from stackwright.engine.errors import Conflict, Unreachable
from stackwright.engine.objects import Action, Change
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish

GONE = "host host1 did not answer"


@pytest.fixture
def cloud(new_place: Callable[[], Place]) -> Any:
    """An instance on host1, which is not bound to it; host3 is to take nothing yet."""
    with Sandbox(new_place()) as found:
        found.add_host("host3", state="disabled")
        settled(found, found.ensure(request(server("one", host="host1"))))
        settled(found, found.wish("instance", "one", host=""))
        yield found


def settled(cloud: Sandbox, result: Result) -> None:
    assert result.errors == []
    assert flaws(cloud) == []


def dying(cloud: Sandbox, when: Callable[[Change], bool]) -> None:
    """host1 stops answering in the middle of a run."""

    def before(change: Change) -> None:
        if "host1" in cloud.drivers["libvirt"].unreachable or when(change):  # type: ignore[attr-defined]
            raise Unreachable(GONE)

    cloud.drivers["libvirt"].before = before  # type: ignore[attr-defined]


def dead(cloud: Sandbox) -> None:
    cloud.drivers["libvirt"].before = lambda change: None  # type: ignore[attr-defined]
    cloud.drivers["libvirt"].unreachable = {"host1": GONE}  # type: ignore[attr-defined]


def evacuate(cloud: Sandbox, *allowed: str) -> Result:
    wish = Wish("host", "host1", spec={"state": "evacuated"})
    return cloud.ensure(request(wish, allow_loss_of=frozenset(allowed)))


def forgotten(cloud: Sandbox) -> None:
    """Nothing leads to host1 any more, which can be forgotten; all that contradicts itself is what is left there."""
    assert cloud.drop("host", "host1").errors == []
    assert cloud.find("host", "host1") == []
    assert [item for item in flaws(cloud) if "on host1" not in item] == []


@pytest.mark.parametrize("of_type", ["Volume", "Domain"])
def test_what_was_on_its_way_is_made_anew_where_it_was_going(cloud: Sandbox, of_type: str) -> None:
    dying(cloud, lambda change: change.moves and type(change.object).__name__ == of_type)
    assert GONE in cloud.wish("host", "host1", state="drained").errors
    assert cloud.one("instance", "one").host == "host2"
    dead(cloud)
    with pytest.raises(Conflict, match=r"instance one: this would lose a disk's content \(1 GiB\)"):
        evacuate(cloud)
    settled(cloud, evacuate(cloud, "one"))
    assert {type(item).__name__ for item in cloud.objects() if item.place == "host2"} >= {"Domain", "Volume"}
    assert not cloud.ensure(request(Wish("instance", "one"))).changed
    cloud.wish("host", "host3", state="enabled")
    settled(cloud, cloud.wish("instance", "one", host="host3"))
    forgotten(cloud)


@pytest.mark.parametrize("again", [True, False], ids=["declared again", "at once"])
def test_what_had_arrived_is_not_lost(cloud: Sandbox, again: bool) -> None:
    dying(cloud, lambda change: change.action is Action.DELETE)
    assert GONE in cloud.wish("host", "host1", state="drained").errors
    dead(cloud)
    if again:
        assert cloud.wish("instance", "one").errors == []
    settled(cloud, evacuate(cloud))
    cloud.wish("host", "host3", state="enabled")
    settled(cloud, cloud.wish("instance", "one", host="host3"))
    assert [item.place for item in cloud.objects("Volume")] == ["host1", "host3"]
    forgotten(cloud)


@pytest.mark.parametrize("moving", [True, False], ids=["on its way", "there"])
@pytest.mark.parametrize("first", ["deleted", "evacuated"])
def test_what_is_to_go_is_gone_with_its_host(cloud: Sandbox, moving: bool, first: str) -> None:
    if moving:
        dying(cloud, lambda change: change.moves)
        assert cloud.wish("instance", "one", host="host2").errors
    else:
        settled(cloud, cloud.wish("instance", "one", host="host1"))
    dead(cloud)
    if first == "deleted":
        assert GONE in cloud.drop("instance", "one").errors
        assert evacuate(cloud).errors == []
    else:
        evacuate(cloud, "one")
        assert cloud.drop("instance", "one").errors == []
    assert cloud.find("instance", "one") == []
    assert not [item for item in cloud.objects("SwitchPort") if item.expects_up]
    forgotten(cloud)


def test_what_turns_up_there_later_is_an_orphan(cloud: Sandbox) -> None:
    dead(cloud)
    cloud.drop("instance", "one")
    assert evacuate(cloud).errors == []
    cloud.drivers["libvirt"].unreachable = {}  # type: ignore[attr-defined]
    assert {type(item).__name__ for item in cloud.drift().orphans} >= {"Domain", "Volume"}
    cloud.purge()
    assert flaws(cloud) == []


def test_an_image_does_not_wait_for_a_host_that_is_gone(cloud: Sandbox) -> None:
    dead(cloud)
    settled(cloud, evacuate(cloud, "one"))
    assert cloud.drop("instance", "one").errors == []
    assert cloud.drop("image", "guest").errors == []
    assert cloud.find("image", "guest") == []
