# SPDX-License-Identifier: Apache-2.0
"""Batches: later members of a group wait for the earlier ones, those that are new for others than those that change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from stackwright.engine.batches import Group, Pace, in_batches
from stackwright.engine.objects import Action, Change, Object
from stackwright.engine.order import Step


@dataclass(frozen=True, kw_only=True)
class Disk(Object):
    """Made one by one."""

    driver = "single"


@dataclass(frozen=True, kw_only=True)
class Wire(Object):
    """Made all at a time."""

    driver = "batch"
    batch = True


def step(action: Action, name: str, *after: Step, of: type[Object] = Disk) -> Step:
    """A step of the resource of that name, which may have several: a, a.2."""
    item = of(name=name, resource=name.split(".")[0])
    return Step(of.driver, "", [Change(action, item, before=None if action is Action.CREATE else item)], list(after))


def make(*names: str) -> list[Step]:
    return [step(Action.CREATE, name) for name in names]


def alter(*names: str) -> list[Step]:
    return [step(Action.UPDATE, name) for name in names]


def members(names: str) -> list[list[str]]:
    return [[name] for name in names]


def rounds(steps: Iterable[Step]) -> list[str]:
    """The names of what may run at the same time, round after round; every pause is a round with its seconds."""
    left = list(steps)
    ended: set[int] = set()
    found = []
    while left:
        now = [item for item in left if all(id(earlier) in ended for earlier in item.after)]
        assert now, "steps wait for each other"
        ended |= {id(item) for item in now}
        left = [item for item in left if id(item) not in ended]
        found.append(
            " ".join(sorted(item.changes[0].object.name if item.changes else f"{item.pause:g}s" for item in now))
        )
    return found


CASES: dict[str, tuple[list[Step], Group, list[str]]] = {
    "all at a time": (make("a", "b", "c"), Group(members("abc")), ["a b c"]),
    "new ones": (make("a", "b", "c"), Group(members("abc"), Pace(2, 5)), ["a b", "5s", "c"]),
    "in their order": (make("c", "b", "a"), Group(members("bac"), Pace(1)), ["b", "0s", "a", "0s", "c"]),
    "new ones do not wait when only changes do": (make("a", "b"), Group(members("ab"), update=Pace(1)), ["a b"]),
    "those that change": (
        alter("a", "b", "c"),
        Group(members("abc"), Pace(9), Pace(1, 1)),
        ["a", "1s", "b", "1s", "c"],
    ),
    "each kind of member at its own pace": (
        [*alter("a", "b"), *make("c", "d")],
        Group(members("abcd"), Pace(1, 2), Pace(1, 1)),
        ["a c", "1s 2s", "b d"],
    ),
    "only those that need anything": (alter("b", "d"), Group(members("abcd"), None, Pace(2)), ["b d"]),
    "a larger batch than members": (alter("a", "b"), Group(members("ab"), None, Pace(9)), ["a b"]),
    "some are spared": (alter("a", "b", "c"), Group(members("abc"), None, Pace(9, 0, 2)), ["a", "0s", "b", "0s", "c"]),
    "those without a change are spared too": (
        alter("a", "b", "c"),
        Group(members("abcde"), None, Pace(9, 0, 3)),
        ["a b", "0s", "c"],
    ),
    "new ones are no help to spare": (
        [*alter("a", "b"), *make("c")],
        Group(members("abc"), None, Pace(9, 0, 1)),
        ["a c", "0s", "b"],
    ),
    "more are spared than there are": (alter("a", "b"), Group(members("ab"), None, Pace(9, 0, 9)), ["a", "0s", "b"]),
    "a member of many parts": (
        [*make("a", "a.2", "b"), *make("c")],
        Group([["a", "b"], ["c"]], Pace(1)),
        ["a a.2 b", "0s", "c"],
    ),
    "a member that gets a part is not new": (
        [*make("a.2"), *alter("a", "b")],
        Group(members("ab"), None, Pace(1)),
        ["a a.2", "0s", "b"],
    ),
    "transactional backends make everything at once": (
        [*make("a", "b"), step(Action.CREATE, "b.wire", of=Wire)],
        Group(members("ab"), Pace(1)),
        ["a b.wire", "0s", "b"],
    ),
    "others wait for nothing": (make("a", "b", "x"), Group(members("ab"), Pace(1)), ["a x", "0s", "b"]),
}


@pytest.mark.parametrize("name", CASES)
def test_members_come_in_batches(name: str) -> None:
    steps, group, expected = CASES[name]
    assert rounds(in_batches(steps, [group])) == expected
    for item in steps:  # they are changed in place, and cases are tried once
        item.after.clear()


def test_a_replaced_member_goes_only_when_its_batch_comes() -> None:
    steps = []
    for name in "ab":
        steps.append(step(Action.DELETE, name))
        steps.append(step(Action.CREATE, name, steps[-1]))
    assert rounds(in_batches(steps, [Group(members("ab"), Pace(9), Pace(1))])) == ["a", "a", "0s", "b", "b"]


def test_what_an_earlier_batch_needs_does_not_wait_for_it() -> None:
    """What both stand on is replaced: both go before it, and only then the first comes again."""
    gone = [step(Action.DELETE, name) for name in "ab"]
    base = step(Action.CREATE, "image", *gone)
    made = [step(Action.CREATE, name, base) for name in "ab"]
    steps = in_batches([*gone, base, *made], [Group(members("ab"), None, Pace(1, 3))])
    assert rounds(steps) == ["a b", "image", "a", "3s", "b"]


def test_groups_inside_groups_never_wait_in_a_circle() -> None:
    steps = make("a", "b", "c", "d")
    groups = [Group([["a", "b"], ["c", "d"]], Pace(1)), Group(members("dcba"), Pace(1))]
    assert " ".join(rounds(in_batches(steps, groups))).count("a") == 1
