# SPDX-License-Identifier: Apache-2.0
"""Server groups: their members are placed together or apart, on a cloud with three hosts of different size."""

from __future__ import annotations

import pytest

from sandbox import Sandbox, flaws, portrait, request, server
from stackwright.engine.errors import Conflict, Exhausted, Refused, StackwrightError, Unreachable
from stackwright.engine.objects import Change
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish


@pytest.fixture
def cloud(cloud: Sandbox) -> Sandbox:
    """host1 and host2 are large; host3 takes two small instances, and is the last that anything would be placed on."""
    cloud.add_host("host3", ram=1024)
    return cloud


def group(policy: str, **spec: object) -> Wish:
    return Wish("server_group", "g", spec={"policy": policy, **spec})


def members(*names: str, **spec: object) -> list[Wish]:
    return [server(name, server_group="g", **spec) for name in names]


def hosts(cloud: Sandbox) -> dict[str, str]:
    return {row.name: row.host for row in cloud.find("instance")}


def settled(cloud: Sandbox, result: Result) -> None:
    assert result.errors == []
    assert not cloud.drift().changed
    assert flaws(cloud) == []


def test_affinity_keeps_members_on_one_host(cloud: Sandbox) -> None:
    settled(cloud, cloud.ensure(request(group("affinity"), server("other"), *members("a", "b", "c"))))
    settled(cloud, cloud.ensure(request(*members("d"))))
    placed = hosts(cloud)
    assert len({placed[name] for name in "abcd"}) == 1
    assert not cloud.ensure(request(group("affinity"), *members("a", "b", "c", "d"))).changed


def test_affinity_follows_the_member_that_is_pinned(cloud: Sandbox) -> None:
    settled(cloud, cloud.ensure(request(group("affinity"), *members("a", host="host3"))))
    settled(cloud, cloud.ensure(request(*members("b"))))
    assert hosts(cloud) == {"a": "host3", "b": "host3"}
    before = portrait(cloud)
    words = (
        r"instance c: no host can take it \(host3: 0 MiB of memory free, 512 needed; "
        r"host1: holds none of server_group g; host2: holds none of server_group g\); free something or add a host"
    )
    with pytest.raises(Exhausted, match=words):
        cloud.ensure(request(*members("c")))
    assert portrait(cloud) == before


def test_anti_affinity_gives_each_member_a_host_of_its_own(cloud: Sandbox) -> None:
    settled(cloud, cloud.ensure(request(group("anti-affinity"), *members("a", "b", "c"))))
    assert sorted(hosts(cloud).values()) == ["host1", "host2", "host3"]
    full = "holds 1 of server_group g, which allows 1 on a host"
    with pytest.raises(Exhausted, match=rf"no host can take it \(host1: {full}; host2: {full}; host3: {full}\)"):
        cloud.ensure(request(*members("d")))


def test_so_many_members_may_share_a_host(cloud: Sandbox) -> None:
    rule = group("anti-affinity", max_server_per_host=2)
    settled(cloud, cloud.ensure(request(rule, *members("a", "b", "c", "d", "e", "f"))))
    assert sorted(hosts(cloud).values()) == ["host1", "host1", "host2", "host2", "host3", "host3"]
    with pytest.raises(Exhausted, match="holds 2 of server_group g, which allows 2 on a host"):
        cloud.ensure(request(*members("h")))


@pytest.mark.parametrize(
    ("policy", "used"),
    [("soft-affinity", ["host3", "host3", "host1"]), ("soft-anti-affinity", ["host3", "host1", "host2"])],
)
def test_a_soft_policy_prefers_and_forbids_nothing(cloud: Sandbox, policy: str, used: list[str]) -> None:
    settled(cloud, cloud.ensure(request(group(policy), *members("a", host="host3"))))
    for name in ("b", "c"):
        settled(cloud, cloud.ensure(request(*members(name))))
    assert sorted(hosts(cloud).values()) == sorted(used)
    settled(cloud, cloud.ensure(request(*members("d", "e"))))


def test_a_place_is_free_again_when_its_member_goes_or_leaves(cloud: Sandbox) -> None:
    settled(cloud, cloud.ensure(request(group("anti-affinity"), *members("a", "b", "c"))))
    gone = hosts(cloud)["a"]
    settled(cloud, cloud.ensure(request(Wish("instance", "a", present=False), *members("d"))))
    assert hosts(cloud)["d"] == gone
    settled(cloud, cloud.ensure(request(Wish("instance", "d", spec={"server_group": ""}), *members("e", host=gone))))


def moving(cloud: Sandbox, error: StackwrightError | None) -> None:
    """What becomes of the disks that are moved from now on."""

    def before(change: Change) -> None:
        if error and change.moves and type(change.object).__name__ == "Volume":
            raise error

    cloud.drivers["libvirt"].before = before  # type: ignore[attr-defined]


@pytest.mark.parametrize("policy", ["anti-affinity", "soft-anti-affinity"])
def test_a_host_that_a_member_may_not_have_left_has_it_still(cloud: Sandbox, policy: str) -> None:
    settled(cloud, cloud.ensure(request(group(policy), *members("a", host="host1"), server("fills", host="host3"))))
    moving(cloud, Unreachable("host2 stopped answering"))
    assert cloud.wish("instance", "a", host="host2").errors
    assert hosts(cloud)["a"] == "host2"
    assert cloud.ensure(request(*members("b"))).errors == []
    moving(cloud, Refused("host2 is full"))
    assert cloud.wish("instance", "a").errors
    assert (hosts(cloud)["a"], hosts(cloud)["b"]) == ("host1", "host3")
    moving(cloud, None)
    settled(cloud, cloud.wish("instance", "a", host="host2"))
    settled(cloud, cloud.ensure(request(*members("c"))))
    assert hosts(cloud)["c"] == "host1"


def test_joining_a_group_moves_nobody_who_is_pinned(cloud: Sandbox) -> None:
    apart, beside = [Wish("server_group", name, spec={"policy": name}) for name in ("anti-affinity", "affinity")]
    settled(cloud, cloud.ensure(request(apart, beside, *(server(name, host="host1") for name in ("a", "b")))))
    settled(cloud, cloud.ensure(request(server("c", host="host2", server_group="affinity"))))
    settled(cloud, cloud.wish("instance", "a", server_group="anti-affinity"))
    words = r"instance b: no host can take it \(host1: holds 1 of server_group anti-affinity.*; host2: not host1"
    with pytest.raises(Exhausted, match=words):
        cloud.wish("instance", "b", server_group="anti-affinity")
    with pytest.raises(Exhausted, match=r"host1: holds none of server_group affinity; host2: not host1"):
        cloud.wish("instance", "b", server_group="affinity")
    both = [Wish("instance", name, spec={"server_group": "twins"}) for name in ("a", "b")]
    with pytest.raises(Exhausted, match="holds 1 of server_group twins"):
        cloud.ensure(request(Wish("server_group", "twins", spec={"policy": "anti-affinity"}), *both))
    settled(cloud, cloud.ensure(request(Wish("server_group", "twins", spec={"policy": "affinity"}), *both)))


def test_the_policy_stays_while_there_are_members(cloud: Sandbox) -> None:
    settled(cloud, cloud.ensure(request(group("anti-affinity"), *members("a", "b"))))
    words = r"server_group g has members \(a, b\), so policy and max_server_per_host stay; take them out of the group"
    for spec in ({"policy": "soft-affinity"}, {"max_server_per_host": 2}):
        with pytest.raises(Conflict, match=words):
            cloud.wish("server_group", "g", **spec)
    settled(cloud, cloud.wish("server_group", "g", description="Web servers"))
    out = Wish("instance", "a", spec={"server_group": ""})
    settled(cloud, cloud.ensure(request(group("affinity"), out, Wish("instance", "b", present=False))))
    settled(cloud, cloud.ensure(request(group("soft-affinity"), *members("c"))))


def test_a_group_goes_with_its_members_or_after_them(cloud: Sandbox) -> None:
    settled(cloud, cloud.ensure(request(group("affinity"), *members("a"))))
    with pytest.raises(Conflict, match="server_group g is used by instance a; delete or change that first"):
        cloud.drop("server_group", "g")
    going = [Wish("server_group", "g", present=False), Wish("instance", "a", present=False)]
    settled(cloud, cloud.ensure(request(*going)))
    assert cloud.find("server_group") == []


def test_a_group_tells_its_members(cloud: Sandbox) -> None:
    cloud.ensure(request(group("anti-affinity"), *members("b", "a"), server("c")))
    (told,) = cloud.tell("server_group", "g")
    assert (told["policy"], told["max_server_per_host"], told["members"]) == ("anti-affinity", None, ["a", "b"])
    assert cloud.tell("instance", "a")[0]["server_group"] == "g"


def test_a_preview_names_the_host_that_will_be_taken(cloud: Sandbox) -> None:
    wanted = request(group("anti-affinity"), *members("a", "b", "c"))
    foretold = cloud.ensure(wanted, check=True)
    expected = {
        item.after.name: item.after.host for item in foretold.outcomes.values() if item.after and item.after.host
    }
    cloud.ensure(wanted)
    assert hosts(cloud) == expected


@pytest.mark.parametrize("asked", [False, True])
def test_an_affinity_group_leaves_a_drained_host_together(cloud: Sandbox, asked: bool) -> None:
    cloud.ensure(request(group("affinity"), *members("a", "b", "c")))
    (before,) = set(hosts(cloud).values())
    drained = request(Wish("host", before, spec={"state": "drained"}), *(members("a", "b", "c") if asked else ()))
    settled(cloud, cloud.ensure(drained))
    (after,) = set(hosts(cloud).values())
    assert (before, after) == ("host1", "host2")
    assert {item.place for item in cloud.objects("Domain")} == {after}
    settled(cloud, cloud.ensure(request(*members("d"))))
    assert hosts(cloud)["d"] == after
    assert not cloud.ensure(drained).changed
    settled(cloud, cloud.wish("host", before, state="enabled"))


@pytest.mark.parametrize("asked", [False, True])
def test_an_affinity_group_is_evacuated_together(cloud: Sandbox, asked: bool) -> None:
    cloud.ensure(request(group("affinity"), *members("a", "b")))
    cloud.drivers["libvirt"].unreachable = {"host1": "host1 did not answer"}  # type: ignore[attr-defined]
    gone = (Wish("host", "host1", spec={"state": "evacuated"}), *(members("a", "b") if asked else ()))
    result = cloud.ensure(request(*gone, allow_loss_of=frozenset("ab")))
    assert result.errors == []
    assert hosts(cloud) == {"a": "host2", "b": "host2"}
    left = [cloud.one("instance", name).id for name in "ab"]
    told = cloud.registry.read(lambda txn: [item.lost for one in left for item in txn.departures(one).values()])
    assert told == [True, True]


def test_an_affinity_group_that_fits_nowhere_whole_stays(cloud: Sandbox) -> None:
    """Two fit on host3, three do not."""
    cloud.wish("host", "host2", state="disabled")
    cloud.ensure(request(group("affinity"), *members("a", "b", "c")))
    (error,) = cloud.wish("host", "host1", state="drained").errors
    assert error.count("host3: 1024 MiB of memory free, 1536 needed with the rest of its group") == 3
    assert set(hosts(cloud).values()) == {"host1"}
    with pytest.raises(Exhausted, match="instance d: no host can take it"):
        cloud.ensure(request(*members("d")))
    settled(cloud, cloud.wish("host", "host1", state="enabled"))


def test_a_drain_that_was_refused_half_way_is_gone_on_with(cloud: Sandbox) -> None:
    cloud.ensure(request(group("affinity"), *members("a", "b")))
    second = cloud.one("instance", "b").id

    def refuse(change: Change) -> None:
        if change.moves and change.object.resource == second:
            raise Refused("host2 has no room for it")

    cloud.drivers["libvirt"].before = refuse  # type: ignore[attr-defined]
    assert cloud.wish("host", "host1", state="drained").errors
    assert hosts(cloud) == {"a": "host2", "b": "host1"}
    cloud.drivers["libvirt"].before = lambda change: None  # type: ignore[attr-defined]
    settled(cloud, cloud.wish("host", "host1"))
    assert hosts(cloud) == {"a": "host2", "b": "host2"}
