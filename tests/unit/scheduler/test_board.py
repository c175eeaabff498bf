# SPDX-License-Identifier: Apache-2.0
"""What like requests share gives the same hosts as looking at every host each time."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from stackwright.engine.errors import Exhausted
from stackwright.scheduler.board import Board
from stackwright.scheduler.candidate import Candidate, Group, Placement
from stackwright.scheduler.placement import Objection, Scheduler

SMALL = Placement("instance small", {"vcpus": 1, "ram": 2, "disk": 1})
WISHES = (
    SMALL,
    Placement("instance large", {"vcpus": 4, "ram": 8, "disk": 1}),
    replace(SMALL, zone="b"),
    replace(SMALL, host="h3"),
    replace(SMALL, extra_specs={"ssd": "true"}),
    replace(SMALL, group=Group("g", "anti-affinity", {"h1": 1})),
)


def hosts(count: int = 6, ram: int = 20) -> list[Candidate]:
    return [
        Candidate(
            *(f"id{n}", f"h{n}", "ab"[n % 2], n != 5, {"vcpus": 9, "ram": ram + n % 3, "disk": 9}),
            metadata={"ssd": frozenset({"true"})} if n < 3 else {},
        )
        for n in range(count)
    ]


def answer(choose: Callable[[], Candidate]) -> str:
    """The name of the chosen host, or why there is none."""
    try:
        return choose().name
    except Exhausted as error:
        return str(error)


@given(
    st.lists(st.tuples(st.integers(0, len(WISHES) - 1), st.integers(-3, 3)), max_size=40),
    st.booleans(),
)
def test_sharing_changes_nothing(steps: list[tuple[int, int]], pack: bool) -> None:
    """A negative number gives back instead, on some host."""
    scheduler = Scheduler(pack=pack)
    plain = hosts()
    board = Board(scheduler, copy.deepcopy(plain))
    for which, number in steps:
        chosen = answer(partial(board.choose, WISHES[which]))
        assert chosen == answer(partial(scheduler.choose, plain, WISHES[which]))
        used = next((host for host in plain if host.name == chosen), plain[number])
        used = plain[number] if number < 0 else used
        amounts = {name: -1 if number < 0 else amount for name, amount in WISHES[which].demand.items()}
        used.use(amounts)
        board.use(used.id, amounts)


def test_each_host_is_asked_once_by_like_requests_and_again_when_it_was_used() -> None:
    asked: Counter[str] = Counter()

    class Counting(Scheduler):
        def objection(self, host: Candidate, wish: Placement) -> Objection | None:
            asked[host.name] += 1
            return super().objection(host, wish)

    board = Board(Counting(), hosts(5))
    for number in range(8):
        chosen = board.choose(replace(SMALL, who=f"instance {number}"))
        board.use(chosen.id, SMALL.demand)
    assert sum(asked.values()) == 5 + 7
