# SPDX-License-Identifier: Apache-2.0
"""Placing: each filter, the weighers, and what is said when nobody fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stackwright.engine.errors import Exhausted
from stackwright.scheduler.candidate import Candidate, Placement
from stackwright.scheduler.placement import Scheduler

WISH = Placement("instance web", {"vcpus": 2, "ram": 1024, "disk": 10})


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


def test_no_host_at_all_is_explained() -> None:
    with pytest.raises(Exhausted, match="instance web: there is no host to place it on; add one to the compute group"):
        Scheduler().choose([], WISH)
