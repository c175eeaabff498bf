# SPDX-License-Identifier: Apache-2.0
"""Runs that are at work at the same time: on the same things, and for the last of something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from processes import Running
from sandbox import Place, Sandbox, flaws, portrait, request, server
from stackwright.engine.resource import Wish

RACERS = 20
LEFT = 3


def test_runs_with_the_same_request_make_one_thing(new_place: Callable[[], Place]) -> None:
    wanted = request(server("one", floating_ip="public"), Wish("network", "other"))
    with Sandbox(new_place()) as clean:
        clean.ensure(wanted)
        expected = portrait(clean)
    place = new_place()
    ended = [run.end() for run in [Running(place, wanted) for _ in range(4)]]
    assert [(run.errors, run.refused) for run in ended] == [((), "")] * 4
    assert [run.changed for run in ended].count(True) == 1
    with Sandbox(place) as cloud:
        assert portrait(cloud) == expected
        assert flaws(cloud) == []


def test_runs_with_overlapping_requests_all_have_their_way(new_place: Callable[[], Place]) -> None:
    first = request(server("one"), server("two"))
    parts = [
        request(_patch("one", flavor="m1.small"), Wish("network", "other")),
        request(
            Wish("instance", "two", spec={"metadata": {"a": "b"}}), Wish("instance", "one", spec={"user_data": "x"})
        ),
        request(
            Wish("security_group", "default", spec={"rules": []}), Wish("instance", "two", spec={"description": "2"})
        ),
        request(Wish("flavor", "m1.tiny", spec={"vcpus": 2})),
    ]
    with Sandbox(new_place()) as clean:
        for each in (first, *parts):
            assert clean.ensure(each).errors == []
        expected = portrait(clean)
    place = new_place()
    with Sandbox(place) as cloud:
        cloud.ensure(first)
        ended = [run.end() for run in [Running(place, part) for part in parts]]
        assert [(run.errors, run.refused) for run in ended] == [((), "")] * len(parts)
        assert portrait(cloud) == expected
        assert flaws(cloud) == []


@pytest.mark.parametrize("what", ["address", "memory", "host"])
def test_exactly_as_many_win_as_there_is_left(new_place: Callable[[], Place], what: str) -> None:
    place = new_place()
    with Sandbox(place) as cloud:
        cloud.add_host("narrow", ram=LEFT * 512, availability_zone="narrow")
        cloud.wish("server_group", "apart", policy="anti-affinity")
        cloud.wish("network", "small")
        pool = {"start": "10.9.0.100", "end": f"10.9.0.{99 + LEFT}"}
        cloud.wish("subnet", "small-sub", network="small", cidr="10.9.0.0/24", allocation_pools=[pool])
        wishes = {
            "address": [Wish("port", f"racer{n}", spec={"network": "small"}) for n in range(RACERS)],
            "memory": [server(f"racer{n}", availability_zone="narrow") for n in range(RACERS)],
            "host": [server(f"racer{n}", server_group="apart") for n in range(RACERS)],
        }[what]
        ended = [run.end() for run in [Running(place, request(wish)) for wish in wishes]]
        refusals = [run.refused for run in ended if run.refused]
        assert [run.errors for run in ended] == [()] * RACERS
        assert len(refusals) == RACERS - LEFT
        sentence = {
            "address": "there is no free address in the pools of subnet small-sub",
            "memory": "narrow: 0 MiB of memory free, 512 needed",
            "host": "narrow: holds 1 of server_group apart, which allows 1 on a host",
        }[what]
        assert all(words.startswith("Exhausted: ") and sentence in words for words in refusals), refusals
        assert len([row for row in cloud.find(wishes[0].kind) if row.name.startswith("racer")]) == LEFT
        assert flaws(cloud) == []


def test_no_host_is_given_away_twice(new_place: Callable[[], Place]) -> None:
    """Eight runs want three each where four hosts have room for four each: five of them get all, three get none."""
    place = new_place()
    with Sandbox(place) as cloud:
        for number in range(4):
            cloud.add_host(f"narrow{number}", ram=4 * 512, availability_zone="narrow")
        parts = [
            request(*(server(f"racer{run}-{n}", availability_zone="narrow") for n in range(3))) for run in range(8)
        ]
        ended = [run.end() for run in [Running(place, part) for part in parts]]
        assert [run.errors for run in ended] == [()] * 8
        assert len([run for run in ended if run.refused.startswith("Exhausted: ")]) == 3
        placed = Counter(row.host for row in cloud.find("instance"))
        assert sum(placed.values()) == 15
        assert max(placed.values()) == 4
        assert flaws(cloud) == []


def _patch(instance: str, **spec: object) -> Wish:
    return Wish("instance", instance, spec=spec)
