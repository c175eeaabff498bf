# SPDX-License-Identifier: Apache-2.0
"""Rebuilding: a fresh root disk for the same instance, only where losing the old one is allowed by name."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import pytest

from sandbox import IMAGE, Sandbox, flaws, portrait, request, server
from stackwright.engine.apply import Done
from stackwright.engine.errors import Conflict, InvalidInput
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish

ALLOWED = frozenset({"one"})


@pytest.fixture
def cloud(cloud: Sandbox) -> Sandbox:
    """With an instance that has two disks and a floating IP."""
    cloud.wish("flavor", "two-disks", vcpus=1, ram=512, disk=2, ephemeral=1)
    assert cloud.ensure(request(server("one", flavor="two-disks", floating_ip="public"))).errors == []
    return cloud


def rebuilt(cloud: Sandbox, times: int = 1, **spec: Any) -> Result:
    return cloud.ensure(request(Wish("instance", "one", spec={"rebuilds": times, **spec}), allow_loss_of=ALLOWED))


def disks(cloud: Sandbox) -> list[str]:
    return sorted(item.name.partition("_")[2] for item in cloud.objects("Volume"))


def test_only_the_root_disk_is_another_one(cloud: Sandbox) -> None:
    before, (guest,) = cloud.tell("instance", "one")[0], cloud.objects("Domain")
    result = rebuilt(cloud)
    assert (result.errors, disks(cloud)) == ([], ["ephemeral", "root-1"])
    (now,) = cloud.objects("Domain")
    root, *others = guest.disks
    fresh = dataclasses.replace(root, volume=f"{guest.name}_root-1")
    assert now == dataclasses.replace(guest, disks=(fresh, *others), rebuilds=1, power=now.power)
    assert cloud.tell("instance", "one") == [{**before, "power_state": "as_is"}]
    assert not cloud.drift().changed
    assert flaws(cloud) == []


def test_each_request_rebuilds_once(cloud: Sandbox) -> None:
    assert rebuilt(cloud).changed
    assert not rebuilt(cloud).changed
    assert not cloud.wish("instance", "one", rebuilds=0).changed
    assert rebuilt(cloud, 2).changed
    assert disks(cloud) == ["ephemeral", "root-2"]


def test_nothing_is_rebuilt_that_is_not_named(cloud: Sandbox) -> None:
    before = portrait(cloud)
    with pytest.raises(
        Conflict, match=r"instance one: this would lose a disk's content \(2 GiB\); name it in allow_lo"
    ):
        cloud.wish("instance", "one", rebuilds=1)
    assert portrait(cloud) == before


def test_it_may_start_from_another_image_at_once(cloud: Sandbox) -> None:
    cloud.wish("image", "other", **{**IMAGE, "checksum": "ab" * 32})
    assert rebuilt(cloud, image="other").errors == []
    assert {item.backing[-12:] for item in cloud.objects("Volume") if item.backing} == {"ab" * 6}
    assert disks(cloud) == ["ephemeral", "root-1"]
    assert cloud.drop("image", "guest").errors == []


def test_it_is_not_rebuilt_on_its_way(cloud: Sandbox) -> None:
    (other,) = {host.name for host in cloud.find("host")} - {cloud.one("instance", "one").host}
    words = "instance one: host says where it is to be, which a task of its own changes; rebuild or shelve it before"
    with pytest.raises(InvalidInput, match=words):
        rebuilt(cloud, host=other)


@pytest.mark.parametrize("image", ["guest", "other"])
@pytest.mark.parametrize("after", range(5))
def test_a_run_that_was_killed_is_gone_on_with(cloud: Sandbox, after: int, image: str) -> None:
    class Killed(BaseException):
        pass

    done: list[Done] = []

    def die(item: Done) -> None:
        done.append(item)
        if len(done) > after:
            raise Killed

    cloud.wish("image", "other", **{**IMAGE, "checksum": "ab" * 32})
    cloud.report = die
    with contextlib.suppress(Killed):
        rebuilt(cloud, image=image)
    cloud.report = lambda item: None
    assert rebuilt(cloud, image=image).errors == []
    assert disks(cloud) == ["ephemeral", "root-1"]
    assert not cloud.drift().changed
    assert flaws(cloud) == []
