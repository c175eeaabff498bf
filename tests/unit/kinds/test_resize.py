# SPDX-License-Identifier: Apache-2.0
"""Resizing on trial: both sizes are claimed and no disk changes until it is confirmed; going back loses nothing."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import GIB, Sandbox, flaws, request, server
from stackwright.engine.errors import Conflict, Exhausted, InvalidInput
from stackwright.engine.resource import Wish


@pytest.fixture
def cloud(cloud: Sandbox) -> Sandbox:
    """With two flavors of which neither is larger in everything, and an instance on trial of the second."""
    cloud.wish("flavor", "wide", vcpus=4, ram=512, disk=2)
    cloud.wish("flavor", "tall", vcpus=1, ram=2048, disk=5, ephemeral=3)
    cloud.ensure(request(server("one", flavor="wide")))
    assert cloud.wish("instance", "one", flavor="tall", resize="trial").errors == []
    return cloud


def size(cloud: Sandbox) -> tuple[int, int, list[int]]:
    """vCPUs, memory in MiB and disks in GiB of the one guest."""
    (domain,) = cloud.objects("Domain")
    return domain.vcpus, domain.memory, sorted(item.capacity // GIB for item in cloud.objects("Volume"))


def counted(cloud: Sandbox) -> dict[str, int]:
    """What is claimed of hosts."""
    hosts = [host.id for host in cloud.find("host")]
    used = cloud.registry.read(lambda txn: txn.counters(hosts))
    return {name: sum(amount for (_, of), amount in used.items() if of == name) for name in ("vcpus", "ram", "disk")}


def told(cloud: Sandbox) -> dict[str, Any]:
    (found,) = cloud.tell("instance", "one")
    return {key: found[key] for key in ("flavor", "flavor_before", "resize")}


def settled(cloud: Sandbox) -> bool:
    """The backends hold what is recorded, and every counter is right."""
    return not cloud.drift().changed and flaws(cloud) == []


def test_on_trial_it_has_the_new_size_and_its_old_disks_and_both_are_claimed(cloud: Sandbox) -> None:
    assert size(cloud) == (1, 2048, [2])
    assert counted(cloud) == {"vcpus": 4, "ram": 2048, "disk": 8}
    assert told(cloud) == {"flavor": "tall", "flavor_before": "wide", "resize": "trial"}
    assert settled(cloud)


@pytest.mark.parametrize("given", [{}, {"flavor": "tall"}, {"flavor": "tall", "resize": "trial"}], ids=str)
def test_a_trial_waits_until_it_is_ended(cloud: Sandbox, given: dict[str, Any]) -> None:
    assert not cloud.wish("instance", "one", **given).changed
    assert told(cloud)["resize"] == "trial"


@pytest.mark.parametrize("given", [{}, {"flavor": "tall"}], ids=str)
def test_confirming_grows_the_disks_and_claims_the_new_size_alone(cloud: Sandbox, given: dict[str, Any]) -> None:
    assert cloud.wish("instance", "one", resize="confirmed", **given).errors == []
    assert size(cloud) == (1, 2048, [3, 5])
    assert counted(cloud) == {"vcpus": 1, "ram": 2048, "disk": 8}
    assert told(cloud) == {"flavor": "tall", "flavor_before": None, "resize": None}
    assert settled(cloud)
    assert not cloud.wish("instance", "one", resize="confirmed", **given).changed


@pytest.mark.parametrize("given", [{}, {"flavor": "wide"}], ids=str)
def test_reverting_restores_the_size_and_asks_nobody_to_lose_anything(cloud: Sandbox, given: dict[str, Any]) -> None:
    assert cloud.wish("instance", "one", resize="reverted", **given).errors == []
    assert size(cloud) == (4, 512, [2])
    assert counted(cloud) == {"vcpus": 4, "ram": 512, "disk": 2}
    assert told(cloud) == {"flavor": "wide", "flavor_before": None, "resize": None}
    assert settled(cloud)
    assert not cloud.wish("instance", "one", resize="reverted", **given).changed


@pytest.mark.parametrize(
    "given", [{"flavor": "wide"}, {"flavor": "m1.tiny"}, {"flavor": "m1.tiny", "resize": "trial"}], ids=str
)
def test_nothing_else_is_tried_before_that(cloud: Sandbox, given: dict[str, Any]) -> None:
    words = "instance one: its resize from wide to tall waits; say resize: confirmed or reverted before"
    with pytest.raises(InvalidInput, match=words):
        cloud.wish("instance", "one", **given)


@pytest.mark.parametrize("asked", ["confirmed", "reverted"])
def test_a_flavor_is_not_changed_by_ending_a_trial_that_is_none(cloud: Sandbox, asked: str) -> None:
    cloud.wish("instance", "one", resize="confirmed")
    with pytest.raises(InvalidInput, match=f"instance one: no resize waits to be {asked}, and it has another flavor"):
        cloud.wish("instance", "one", flavor="wide", resize=asked)


def test_a_smaller_disk_is_asked_about_when_it_is_confirmed(cloud: Sandbox) -> None:
    cloud.wish("instance", "one", resize="confirmed")
    assert cloud.wish("instance", "one", flavor="wide", resize="trial").errors == []
    assert size(cloud)[2] == [3, 5]
    with pytest.raises(Conflict, match=r"this would lose .* name it in allow_loss_of"):
        cloud.wish("instance", "one", resize="confirmed")
    confirmed = Wish("instance", "one", spec={"resize": "confirmed"})
    assert cloud.ensure(request(confirmed, allow_loss_of=frozenset({"one"}))).errors == []
    assert size(cloud)[2] == [2]


def test_a_new_instance_has_nothing_to_try(cloud: Sandbox) -> None:
    cloud.ensure(request(server("two", resize="trial")))
    assert cloud.tell("instance", "two")[0]["resize"] is None
    assert not cloud.ensure(request(server("two", resize="trial"))).changed


def test_what_it_would_go_back_to_stays(cloud: Sandbox) -> None:
    with pytest.raises(Conflict, match="flavor wide is used by instance one"):
        cloud.drop("flavor", "wide")
    cloud.wish("flavor", "wide", vcpus=6)
    assert counted(cloud)["vcpus"] == 6
    cloud.wish("instance", "one", resize="confirmed")
    assert cloud.drop("flavor", "wide").errors == []


def test_a_size_that_the_host_has_no_room_for_beside_the_old_one_is_refused(cloud: Sandbox) -> None:
    cloud.wish("flavor", "huge", vcpus=1, ram=2**20, disk=2)
    cloud.wish("instance", "one", resize="reverted")
    with pytest.raises(Exhausted):
        cloud.wish("instance", "one", flavor="huge", resize="trial")
    assert counted(cloud) == {"vcpus": 4, "ram": 512, "disk": 2}


def test_an_instance_that_goes_takes_its_trial_along(cloud: Sandbox) -> None:
    cloud.drop("instance", "one")
    assert counted(cloud) == {"vcpus": 0, "ram": 0, "disk": 0}
    cloud.ensure(request(server("one", flavor="wide")))
    assert told(cloud)["resize"] is None
