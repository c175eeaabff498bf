# SPDX-License-Identifier: Apache-2.0
"""Hosts that come back with copies of what is elsewhere by now: those are never taken for the real ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from sandbox import Place, Sandbox, flaws, request, server
from stackwright.engine.errors import Exhausted, Refused
from stackwright.engine.objects import Action, Change
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish

GONE = "host {} did not answer"
WRITTEN = "written by the guest"
OLD = "host3: may hold an old copy of it; first declare that host, or it where it is"
BACK = Wish("host", "host3", spec={"state": "enabled"})


@pytest.fixture
def cloud(new_place: Callable[[], Place]) -> Any:
    """An instance that was made anew on host1 when host3, which is observed last, was gone; that has come back."""
    with Sandbox(new_place()) as found:
        found.add_host("host3")
        found.wish("host", "host2", state="disabled")
        settled(found, found.ensure(request(server("one", host="host3"))))
        settled(found, found.wish("instance", "one", host=""))
        away(found, "host3")
        settled(found, evacuate(found))
        found.wish("host", "host2", state="enabled")
        away(found)
        (disk,) = (item for item in found.objects("Volume") if item.place == "host1")
        found.hold(dataclasses.replace(disk, backing_format=WRITTEN))
        assert disks(found) == {"host1": True, "host3": False}
        yield found


def evacuate(cloud: Sandbox, host: str = "host3") -> Result:
    wish = Wish("host", host, spec={"state": "evacuated"})
    return cloud.ensure(request(wish, allow_loss_of=frozenset({"one"})))


def settled(cloud: Sandbox, result: Result) -> Result:
    assert result.errors == []
    assert flaws(cloud) == []
    return result


def away(cloud: Sandbox, *names: str) -> None:
    cloud.drivers["libvirt"].unreachable = {name: GONE.format(name) for name in names}  # type: ignore[attr-defined]


def refusing(cloud: Sandbox, what: Callable[[Change], bool]) -> None:
    def before(change: Change) -> None:
        if what(change):
            raise Refused("busy")

    cloud.drivers["libvirt"].before = before  # type: ignore[attr-defined]


def working(cloud: Sandbox) -> None:
    refusing(cloud, lambda change: False)


def disks(cloud: Sandbox) -> dict[str, bool]:
    """Host -> whether the disk there, which nothing has moved yet, is the one that the guest has written to."""
    return {item.place: item.backing_format == WRITTEN for item in cloud.objects("Volume")}


def moved_from(cloud: Sandbox, result: Result) -> set[str]:
    """Where guest and disk came from."""
    moved = [item for item in result.outcomes[cloud.one("instance", "one").id].changes if item.moves]
    assert {type(item.object).__name__ for item in moved} in ({"Domain", "Volume"}, set())
    return {item.before.place for item in moved if item.before}


@pytest.mark.parametrize("check", [False, True], ids=["done", "checked"])
def test_nothing_goes_back_to_where_its_old_copy_may_be(cloud: Sandbox, check: bool) -> None:
    home = Wish("instance", "one", spec={"host": "host3"})
    with pytest.raises(Exhausted, match=OLD):
        cloud.ensure(request(BACK, home), check=check)
    assert disks(cloud) == {"host1": True, "host3": False}
    settled(cloud, cloud.ensure(request(BACK)))
    assert disks(cloud) == {"host1": True}
    assert moved_from(cloud, settled(cloud, cloud.ensure(request(home)))) == {"host1"}


def test_nothing_is_drained_to_where_its_old_copy_may_be(cloud: Sandbox) -> None:
    cloud.wish("host", "host2", state="disabled")
    both = request(BACK, Wish("host", "host1", spec={"state": "drained"}))
    assert OLD in cloud.ensure(both).errors[0]
    assert disks(cloud) == {"host1": True}
    assert moved_from(cloud, settled(cloud, cloud.ensure(both))) == {"host1"}


def test_what_moves_on_is_what_was_made_anew(cloud: Sandbox) -> None:
    assert moved_from(cloud, settled(cloud, cloud.wish("instance", "one", host="host2"))) == {"host1"}
    assert [item.place for item in cloud.objects("Volume")] == ["host2"]
    assert not cloud.drift().changed


def test_what_moves_on_waits_for_the_host_that_has_it(cloud: Sandbox) -> None:
    away(cloud, "host1")
    assert cloud.wish("instance", "one", host="host2").errors == [GONE.format("host1")]
    assert disks(cloud)["host1"]
    away(cloud)
    assert moved_from(cloud, settled(cloud, cloud.wish("instance", "one"))) == {"host1"}
    assert not cloud.drift().changed


@pytest.mark.parametrize("then", [BACK, Wish("instance", "one")], ids=["the host", "where it is"])
def test_an_old_copy_that_could_not_be_removed_stays_one(cloud: Sandbox, then: Wish) -> None:
    refusing(cloud, lambda change: change.action is Action.DELETE)
    assert "busy" in cloud.ensure(request(BACK)).errors
    working(cloud)
    with pytest.raises(Exhausted, match=OLD):
        cloud.wish("instance", "one", host="host3")
    assert disks(cloud)["host1"]
    settled(cloud, cloud.ensure(request(then)))
    assert moved_from(cloud, settled(cloud, cloud.wish("instance", "one", host="host3"))) == {"host1"}


def test_what_was_given_up_twice_is_not_what_was_given_up_first(cloud: Sandbox) -> None:
    assert moved_from(cloud, settled(cloud, evacuate(cloud, "host1"))) == {"host1"}
    assert [item.place for item in cloud.objects("Volume")] == ["host2"]


def test_what_a_move_has_left_behind_is_an_old_copy(cloud: Sandbox) -> None:
    settled(cloud, cloud.ensure(request(BACK)))
    refusing(cloud, lambda change: change.action is Action.DELETE)
    assert "busy" in cloud.wish("instance", "one", host="host2").errors
    working(cloud)
    for item in cloud.objects("Volume"):
        cloud.hold(dataclasses.replace(item, backing_format=WRITTEN if item.place == "host2" else ""))
    with pytest.raises(Exhausted, match=OLD.replace("host3", "host1")):
        cloud.wish("instance", "one", host="host1")
    assert moved_from(cloud, settled(cloud, cloud.wish("instance", "one", host="host3"))) == {"host2"}
    assert [item.place for item in cloud.objects("Volume")] == ["host3"]
    settled(cloud, cloud.wish("instance", "one", host="host1"))


def test_what_is_on_the_only_host_that_has_it_is_moved_although_it_was_given_up(cloud: Sandbox) -> None:
    """A host that answers after all loses nothing, also where another one refuses to take what it has."""
    settled(cloud, cloud.ensure(request(BACK, Wish("instance", "one", spec={"host": "host1"}))))
    settled(cloud, cloud.wish("instance", "one", host=""))
    cloud.wish("host", "host3", state="disabled")
    refusing(cloud, lambda change: change.moves)
    cloud.drivers["libvirt"].unreachable = {}  # type: ignore[attr-defined]
    assert evacuate(cloud, "host1").errors
    assert (cloud.one("instance", "one").host, disks(cloud)) == ("host2", {"host1": True})
    working(cloud)
    cloud.wish("host", "host3", state="enabled")
    assert moved_from(cloud, settled(cloud, cloud.wish("instance", "one", host="host3"))) == {"host1"}
