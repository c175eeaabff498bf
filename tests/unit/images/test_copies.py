# SPDX-License-Identifier: Apache-2.0
"""Copies of images that no instance uses any more."""

import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from sandbox import Sandbox, flaws, request, server
from stackwright import copies
from stackwright.drivers.memory import MemoryDriver
from stackwright.engine.errors import Refused
from stackwright.engine.objects import Action, Change, Identity, Object
from stackwright.images import ImageStore


def idle(driver: MemoryDriver, hosts: Mapping[str, str], used: Collection[Identity], seconds: float) -> list[Object]:
    """All that is shared and not used, however long."""
    assert (seconds, set(hosts)) == (30 * 86400, {"host1", "host2"})
    return [item for item in driver.objects() if item.shared and item.identity not in used]


@pytest.fixture
def aging(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A cloud whose hosts can say what is idle, with an instance on each."""
    monkeypatch.setattr(MemoryDriver, "idle", idle, raising=False)
    assert not cloud.ensure(request(server("one", host="host1"), server("two", host="host2"))).errors
    return cloud


def on_hosts(cloud: Sandbox) -> list[str]:
    return sorted(item.place for item in cloud.objects("ImageCopy"))


def test_a_copy_goes_when_nothing_uses_it(aging: Sandbox) -> None:
    assert copies.age(aging, 30) == {}
    aging.drop("instance", "one")
    assert on_hosts(aging) == ["host1", "host2"]
    assert copies.age(aging, 30) == {"copy of image guest on host host1": ""}
    assert on_hosts(aging) == ["host2"]
    event = aging.events()[-1]
    assert (event["kind"], event["action"], event["actor"]) == ("unused copy", "purged", "system")
    assert copies.age(aging, 30) == {}
    assert flaws(aging) == []


def test_a_copy_that_cannot_go_says_why(aging: Sandbox) -> None:
    aging.drop("instance", "one")

    def refuse(change: Change) -> None:
        assert change.action is Action.DELETE
        raise Refused("a disk starts from it")

    aging.drivers["libvirt"].before = refuse  # type: ignore[attr-defined]
    assert copies.age(aging, 30) == {"copy of image guest on host host1": "a disk starts from it"}
    assert on_hosts(aging) == ["host1", "host2"]


def test_a_copy_of_an_unknown_image_is_left_to_be_purged(aging: Sandbox) -> None:
    copy = aging.objects("ImageCopy")[0]
    aging.lose(copy)
    aging.hold(type(copy)(place="host1", name="other", resource="ffffffff-ffff-4fff-8fff-ffffffffffff"))
    assert copies.age(aging, 30) == {}
    assert [item.name for item in aging.drift().orphans] == ["other"]


def test_hosts_are_asked_once_an_hour_unless_copies_stay(aging: Sandbox, tmp_path: Path) -> None:
    aging.drop("instance", "one")
    aging.images = ImageStore(tmp_path)
    assert copies.due(aging) == {}, "they stay by default"
    aging.image_cache_days = 30
    assert copies.due(aging) == {"copy of image guest on host host1": ""}
    aging.drop("instance", "two")
    assert copies.due(aging) == {}
    os.utime(tmp_path / copies.STAMP, (time.time() - 3601,) * 2)
    assert copies.due(aging) == {"copy of image guest on host host2": ""}
