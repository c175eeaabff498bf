# SPDX-License-Identifier: Apache-2.0
"""Images of instances that move are made where the disk is, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Place, Sandbox, request, server
from stackwright.engine.errors import Temporary, Unreachable
from stackwright.engine.objects import Action, Change
from stackwright.engine.resource import Wish
from stackwright.images import ImageStore
from stackwright.registry.leases import Run

SNAP = Wish("image", "snap", spec={"instance": "web"})
AWAY = "host1 did not answer"


@pytest.fixture
def cloud(new_place: Callable[[], Place], tmp_path: Path) -> Iterator[Sandbox]:
    (tmp_path / "store").mkdir()
    with Sandbox(new_place(), images=ImageStore(tmp_path / "store")) as opened:
        assert not opened.ensure(request(server("web", host="host1"))).errors
        yield opened


@pytest.fixture
def asked(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that were asked for a disk."""
    found: list[str] = []
    driver: Any = cloud.drivers["libvirt"]
    read = driver.disk
    monkeypatch.setattr(driver, "disk", lambda *given: found.append(given[0]) or read(*given))
    return found


def break_off(cloud: Sandbox, action: Action) -> None:
    """Nobody knows what becomes of a disk that moves, or of one that is removed."""

    def before(change: Change) -> None:
        if change.object.identity.type == "Volume" and change.action is action:
            raise Unreachable(AWAY)

    cloud.drivers["libvirt"].before = before  # type: ignore[attr-defined]


def go_on(cloud: Sandbox) -> None:
    cloud.drivers["libvirt"].before = lambda change: None  # type: ignore[attr-defined]


def test_of_one_that_is_on_its_way_none_is_made(cloud: Sandbox, asked: list[str]) -> None:
    break_off(cloud, Action.UPDATE)
    assert cloud.wish("instance", "web", host="host2").errors == [AWAY]
    words = "instance web is still on its way from host host1 to host2; declare it, and run this again when it is there"
    with pytest.raises(Temporary, match=words):
        cloud.ensure(request(SNAP))
    assert (asked, cloud.find("image", "snap")) == ([], [])
    go_on(cloud)
    assert cloud.wish("instance", "web").errors == []
    assert cloud.ensure(request(SNAP)).errors == []
    assert asked == ["host2"]


def test_of_one_that_is_there_it_is_made_while_its_former_host_is_away(cloud: Sandbox, asked: list[str]) -> None:
    break_off(cloud, Action.DELETE)
    assert cloud.wish("instance", "web", host="host2").errors == [AWAY]
    go_on(cloud)
    cloud.drivers["libvirt"].unreachable["host1"] = AWAY  # type: ignore[attr-defined]
    assert cloud.wish("instance", "web").errors == []
    web = cloud.one("instance", "web")
    assert cloud.registry.read(lambda txn: [item.lost for item in txn.departures(web.id).values()]) == [False]
    assert cloud.ensure(request(SNAP)).errors == []
    assert asked == ["host2"]


def test_of_one_that_moved_while_it_was_waited_for_it_is_made_there(cloud: Sandbox, asked: list[str]) -> None:
    other = Run(cloud.registry, "somebody: instance web")
    web = cloud.one("instance", "web").id
    cloud.registry.write(lambda txn: other.acquire(txn, [web]))

    def move(line: str) -> None:
        other.release()
        with Sandbox(cloud.place) as second:
            assert second.wish("instance", "web", host="host2").errors == []

    cloud.say = move
    assert cloud.ensure(request(SNAP)).errors == []
    assert asked == ["host2"]
