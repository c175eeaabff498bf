# SPDX-License-Identifier: Apache-2.0
"""Placing: each filter, the weighers, and what is said when nobody fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from stackwright.engine.errors import Exhausted
from stackwright.scheduler.candidate import Candidate, Group, Placement
from stackwright.scheduler.placement import Scheduler

WISH = Placement("instance web", {"vcpus": 2, "ram": 1024, "disk": 10})
ON_HOST1 = {"host1": 2}


def group(policy: str, members: Mapping[str, int], most: int = 1) -> dict[str, Any]:
    return {"group": Group("g", policy, members, most)}


def host(name: str = "host1", zone: str = "nova", enabled: bool = True, **free: int) -> Candidate:
    return Candidate(name, name, zone, enabled, {"vcpus": 2, "ram": 1024, "disk": 10, **free})


@pytest.mark.parametrize(
    ("given", "wish", "objection"),
    [
        ({}, {}, ""),
        ({"enabled": False}, {}, "disabled"),
        ({"zone": "b"}, {}, ""),
        ({"zone": "b"}, {"zone": "b"}, ""),
        ({"zone": "b"}, {"zone": "a"}, "in zone b, not a"),
        ({"vcpus": 1}, {}, "1 vCPUs free, 2 needed"),
        ({"ram": 1023}, {}, "1023 MiB of memory free, 1024 needed"),
        ({"disk": 9}, {}, "9 GiB of disk free, 10 needed"),
        ({"disk": 0}, {"demand": {}}, ""),
        ({"enabled": False, "zone": "b"}, {"zone": "a"}, "disabled"),
        ({}, {"host": "host1"}, ""),
        ({}, {"host": "host2"}, "not host2"),
        ({}, group("affinity", {}), ""),
        ({}, group("affinity", ON_HOST1), ""),
        ({}, group("affinity", {"host2": 1}), "holds none of server_group g"),
        ({}, group("anti-affinity", {"host2": 1}), ""),
        ({}, group("anti-affinity", {"host1": 1}), "holds 1 of server_group g, which allows 1 on a host"),
        ({}, group("anti-affinity", ON_HOST1, 3), ""),
        ({}, group("anti-affinity", ON_HOST1, 2), "holds 2 of server_group g, which allows 2 on a host"),
        ({}, group("soft-affinity", {"host2": 1}), ""),
        ({}, group("soft-anti-affinity", ON_HOST1), ""),
        ({"zone": "b", "ram": 0}, {"zone": "a", **group("anti-affinity", ON_HOST1)}, "in zone b, not a"),
        ({"ram": 0}, group("affinity", ON_HOST1), "0 MiB of memory free, 1024 needed"),
    ],
)
def test_a_host_is_refused_for_a_reason(given: dict[str, Any], wish: dict[str, Any], objection: str) -> None:
    assert Scheduler().objection(host(**given), replace(WISH, **wish)) == objection


def test_the_one_with_most_memory_left_is_chosen() -> None:
    hosts = [host("a", ram=2000), host("b", ram=4000), host("c", ram=3000)]
    assert Scheduler().choose(hosts, WISH).name == "b"


def test_then_the_one_with_most_processors_then_the_first_by_name() -> None:
    assert Scheduler().choose([host("a", vcpus=4), host("b", vcpus=8)], WISH).name == "b"
    assert Scheduler().choose([host("b"), host("a"), host("aa")], WISH).name == "a"


@pytest.mark.parametrize(
    ("policy", "members", "chosen"),
    [
        ("soft-affinity", {}, "b"),
        ("soft-affinity", {"a": 1}, "a"),
        ("soft-affinity", {"a": 1, "c": 2}, "c"),
        ("soft-affinity", {"full": 9}, "b"),
        ("soft-anti-affinity", {"b": 1}, "c"),
        ("soft-anti-affinity", {"a": 1, "b": 2, "c": 2}, "a"),
        ("soft-anti-affinity", {"a": 1, "b": 1, "c": 1}, "b"),
        ("affinity", {"a": 1}, "a"),
        ("anti-affinity", {"b": 1}, "c"),
    ],
)
def test_a_server_group_draws_or_drives_away(policy: str, members: dict[str, int], chosen: str) -> None:
    hosts = [host("a", ram=2000), host("b", ram=4000), host("c", ram=3000), host("full", ram=0)]
    assert Scheduler().choose(hosts, replace(WISH, **group(policy, members))).name == chosen


def test_what_is_there_already_needs_no_room() -> None:
    scheduler, full = Scheduler(), host(enabled=False, ram=0)
    assert scheduler.misplaced(full, WISH) == ""
    assert scheduler.misplaced(full, replace(WISH, zone="b")) == "in zone nova, not b"
    assert scheduler.misplaced(full, replace(WISH, host="host2")) == "not host2"


def test_the_order_of_the_hosts_decides_nothing() -> None:
    hosts = [host(name, ram=ram) for name, ram in [("a", 4000), ("b", 4000), ("c", 2000)]]
    assert Scheduler().choose(hosts, WISH) is Scheduler().choose(hosts[::-1], WISH)


def test_a_claim_that_was_just_taken_counts() -> None:
    first, second = host("a", ram=2048), host("b", ram=1500)
    first.use(WISH.demand)
    assert Scheduler().choose([first, second], Placement("x", {"ram": 1024})).name == "b"


def test_nobody_fits_is_explained_host_by_host() -> None:
    hosts = [host("a", enabled=False), host("b", ram=5), *(host(f"c{n:02}", vcpus=0) for n in range(10))]
    with pytest.raises(Exhausted) as caught:
        Scheduler().choose(hosts, WISH)
    words = str(caught.value)
    assert words.startswith("instance web: no host can take it (a: disabled; b: 5 MiB of memory free, 1024 needed; c00")
    assert words.endswith("; and 2 more); free something or add a host")


def test_the_hosts_that_were_asked_for_are_explained_first() -> None:
    hosts = [*(host(f"c{n:02}") for n in range(12)), host("west", zone="west", ram=5)]
    with pytest.raises(Exhausted) as caught:
        Scheduler().choose(hosts, replace(WISH, zone="west"))
    words = "instance web: no host can take it (west: 5 MiB of memory free, 1024 needed; c00: in zone nova, not west; "
    assert str(caught.value).startswith(words)


def test_no_host_at_all_is_explained() -> None:
    with pytest.raises(Exhausted, match="instance web: there is no host to place it on; add one to the compute group"):
        Scheduler().choose([], WISH)
