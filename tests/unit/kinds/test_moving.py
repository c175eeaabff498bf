# SPDX-License-Identifier: Apache-2.0
"""Instances that move from host to host, on memory drivers: what is changed, claimed, told, and what if it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import GIB, Place, Sandbox, drivers, flaws, request, server
from stackwright.engine.errors import Conflict, Exhausted, Refused, StackwrightError, Unreachable
from stackwright.engine.objects import Action, Change
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish

OURS = ("Domain", "Volume", "ConfigDrive")


@pytest.fixture
def cloud(new_place: Callable[[], Place]) -> Any:
    with Sandbox(new_place()) as found:
        settled(found, found.ensure(request(server("one", host="host1"))))
        yield found


def settled(cloud: Sandbox, result: Result) -> Result:
    assert result.errors == []
    assert flaws(cloud) == []
    return result


def places(cloud: Sandbox) -> set[str]:
    return {item.place for item in cloud.objects() if type(item).__name__ in OURS}


def ram_used(cloud: Sandbox) -> list[int]:
    hosts = [cloud.one("host", name).id for name in ("host1", "host2")]
    used = cloud.registry.read(lambda txn: txn.counters(hosts))
    return [used.get((host, "ram"), 0) for host in hosts]


def failing(cloud: Sandbox, error: StackwrightError, of_type: str = "Domain") -> None:
    def refuse(change: Change) -> None:
        if change.moves and change.object.identity.type == of_type:
            raise error

    cloud.drivers["libvirt"].before = refuse  # type: ignore[attr-defined]


def working(cloud: Sandbox) -> None:
    cloud.drivers["libvirt"].before = lambda change: None  # type: ignore[attr-defined]


def test_it_is_moved_and_nothing_is_lost_or_left(cloud: Sandbox) -> None:
    before = cloud.one("instance", "one")
    would = cloud.ensure(request(server("one", host="host2")), check=True)
    result = settled(cloud, cloud.wish("instance", "one", host="host2"))
    after = cloud.one("instance", "one")
    assert (after.id, after.host, after.status) == (before.id, "host2", "active")
    assert after.attributes == before.attributes
    assert places(cloud) == {"host2"}
    assert ram_used(cloud) == [0, 512]
    assert not cloud.wish("instance", "one", host="host2").changed
    assert not cloud.drift().changed
    for found in (would, result):
        changes = found.outcomes[before.id].changes
        moved = {change.object.identity.type for change in changes if change.moves}
        assert moved == {"Domain", "Volume"}
        assert {change.action for change in changes if change.moves} == {Action.UPDATE}
        assert not any(change.loses for change in changes)


def test_what_goes_waits_for_what_comes(cloud: Sandbox) -> None:
    done: list[str] = []
    cloud.report = lambda item: done.append(f"{item.change.action} {item.change.object.identity}")
    instance = cloud.one("instance", "one").id
    settled(cloud, cloud.wish("instance", "one", host="host2"))
    order = [
        f"update Volume {instance}_root on host2",
        f"update Domain {instance} on host2",
        f"delete Domain {instance} on host1",
        f"delete Volume {instance}_root on host1",
    ]
    assert [item for item in done if item in order] == order


def test_its_ports_are_on_both_hosts_meanwhile(cloud: Sandbox) -> None:
    seen: list[Any] = []
    cloud.report = lambda item: seen.append(item.change.object)
    settled(cloud, cloud.wish("instance", "one", host="host2"))
    options = [dict(item.options) for item in seen if type(item).__name__ == "SwitchPort"]
    assert options == [{"requested-chassis": "host1,host2", "activation-strategy": "rarp"}, {}]


@pytest.mark.parametrize("of_type", ["Domain", "Volume"])
def test_what_is_refused_stays_and_gives_its_new_place_back(cloud: Sandbox, of_type: str) -> None:
    failing(cloud, Refused("no room"), of_type)
    result = cloud.wish("instance", "one", host="host2")
    assert any("no room" in error for error in result.errors)
    row = cloud.one("instance", "one")
    assert (row.host, row.status) == ("host1", "error")
    assert "no room" in row.message
    assert places(cloud) == {"host1"}
    assert ram_used(cloud) == [512, 0]
    assert flaws(cloud) == []
    working(cloud)
    settled(cloud, cloud.wish("instance", "one", host="host2"))
    assert places(cloud) == {"host2"}


def test_what_stays_is_not_larger_than_what_it_claims(cloud: Sandbox) -> None:
    cloud.add_host("small", ram=1024, disk=10)
    half, large = (Wish("flavor", name, spec={"vcpus": 1, **size}) for name, size in SIZES.items())
    wishes = [server(name, host="small", flavor="half") for name in ("two", "three")]
    settled(cloud, cloud.ensure(request(half, large, *wishes)))
    failing(cloud, Refused("no room"), "Volume")
    assert any("no room" in error for error in cloud.wish("instance", "two", host="host2", flavor="large").errors)
    assert (cloud.one("instance", "two").host, sizes(cloud, "small")) == ("small", {(512, 2)})
    assert flaws(cloud) == []
    working(cloud)
    with pytest.raises(Exhausted, match="host small is used up"):
        cloud.wish("instance", "two", host="small")
    assert sizes(cloud, "small") == {(512, 2)}
    settled(cloud, cloud.wish("instance", "two", host="host2"))
    assert sizes(cloud, "host2") == {(1024, 9)}


@pytest.mark.parametrize("flavor", ["large", "half"])
def test_what_stays_waits_for_its_own_wish_when_the_other_host_is_declared(cloud: Sandbox, flavor: str) -> None:
    cloud.add_host("small", ram=1024, disk=10)
    half, large = (Wish("flavor", name, spec={"vcpus": 1, **size}) for name, size in SIZES.items())
    settled(cloud, cloud.ensure(request(half, large, server("two", host="small", flavor="half"))))

    def refuse_and_die(change: Change) -> None:
        if change.moves and change.object.identity.type == "Volume":
            cloud.drivers["libvirt"].unreachable = {"host2": "host2 did not answer"}  # type: ignore[attr-defined]
            raise Refused("no room")

    cloud.drivers["libvirt"].before = refuse_and_die  # type: ignore[attr-defined]
    assert any("no room" in error for error in cloud.wish("instance", "two", host="host2", flavor=flavor).errors)
    cloud.drivers["libvirt"].unreachable = {}  # type: ignore[attr-defined]
    working(cloud)
    settled(cloud, cloud.wish("host", "host2"))
    row = cloud.one("instance", "two")
    assert (row.host, row.status, sizes(cloud, "small")) == ("small", "error", {(512, 2)})
    assert cloud.wish("instance", "two").errors == []
    assert (cloud.one("instance", "two").host, sizes(cloud, "host2")) == ("host2", {(*SIZES[flavor].values(),)})


SIZES = {"half": {"ram": 512, "disk": 2}, "large": {"ram": 1024, "disk": 9}}


def sizes(cloud: Sandbox, host: str) -> set[tuple[int, int]]:
    """Memory in MiB and disk in GiB of each guest on a host."""
    disks = {item.resource: item.capacity // GIB for item in cloud.objects("Volume") if item.place == host}
    return {(item.memory, disks[item.resource]) for item in cloud.objects("Domain") if item.place == host}


def test_what_is_not_known_is_looked_for_on_both_hosts(cloud: Sandbox) -> None:
    failing(cloud, Unreachable("host2 stopped answering"))
    assert cloud.wish("instance", "one", host="host2").errors
    assert cloud.one("instance", "one").host == "host2"
    assert ram_used(cloud) == [512, 512]
    with pytest.raises(Conflict, match="is used by instance one"):
        cloud.drop("host", "host1")
    working(cloud)
    settled(cloud, cloud.wish("instance", "one", host="host1"))
    assert places(cloud) == {"host1"}
    assert ram_used(cloud) == [512, 0]


def test_nothing_is_made_anew_while_it_may_be_where_nobody_answers(cloud: Sandbox) -> None:
    cloud.drivers["libvirt"].unreachable = {"host1": "host host1 did not answer"}  # type: ignore[attr-defined]
    result = cloud.wish("instance", "one", host="host2")
    assert result.errors == ["host host1 did not answer"]
    assert places(cloud) == {"host1"}
    cloud.drivers["libvirt"].unreachable = {}  # type: ignore[attr-defined]
    settled(cloud, cloud.wish("instance", "one"))
    assert places(cloud) == {"host2"}


def test_it_goes_nowhere_else_before_it_has_arrived(cloud: Sandbox) -> None:
    cloud.add_host("host3")
    failing(cloud, Unreachable("host2 stopped answering"))
    cloud.wish("instance", "one", host="host2")
    with pytest.raises(Conflict, match="still on its way from host host1 to host2"):
        cloud.wish("instance", "one", host="host3")


def test_a_host_that_runs_guests_in_another_way_is_refused(cloud: Sandbox) -> None:
    cloud.add_host("host3")
    row = cloud.one("host", "host3")
    attributes = {**row.attributes, "domain_type": "kvm"}
    cloud.registry.write(lambda txn: txn.update(row, attributes=attributes))
    with pytest.raises(Conflict, match="cannot move to host3, which runs guests in another way"):
        cloud.wish("instance", "one", host="host3")


def test_there_must_be_room(cloud: Sandbox) -> None:
    cloud.add_host("tiny", ram=256)
    with pytest.raises(Exhausted, match="tiny: 256 MiB of memory free, 512 needed"):
        cloud.wish("instance", "one", host="tiny")


def test_the_claim_of_what_moves_is_held_on_both_hosts(new_place: Callable[[], Place]) -> None:
    place = new_place()
    used: list[list[int]] = []

    def look(change: Change) -> None:
        if change.moves:
            with Sandbox(place) as other:
                used.append(ram_used(other))

    with Sandbox(place) as cloud:
        cloud.ensure(request(server("one", host="host1")))
    with Sandbox(place, drivers=drivers(place, look)) as cloud:
        settled(cloud, cloud.wish("instance", "one", host="host2"))
    assert used == [[512, 512], [512, 512]]
