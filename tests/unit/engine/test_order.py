# SPDX-License-Identifier: Apache-2.0
"""Ordering: needs come first and go last, replacements are split, batches are one step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from stackwright.engine.objects import Action, Change, Identity, Object
from stackwright.engine.order import Step, order


@dataclass(frozen=True, kw_only=True)
class Part(Object):
    """Something that needs others of its type at its place."""

    driver = "single"

    on: tuple[str, ...] = ()
    wires: tuple[str, ...] = ()

    def needs(self) -> Iterable[Identity]:
        """Parts, and wires."""
        yield from (Identity("Part", self.place, name) for name in self.on)
        yield from (Identity("Wire", "", name) for name in self.wires)


@dataclass(frozen=True, kw_only=True)
class Wire(Object):
    """Something of a transactional backend."""

    driver = "batch"
    batch = True


def part(name: str, *on: str, wires: tuple[str, ...] = ()) -> Part:
    return Part(name=name, resource="r", on=on, wires=wires)


def wire(name: str) -> Wire:
    return Wire(name=name, resource="r")


def make(item: Object) -> Change:
    return Change(Action.CREATE, item)


def drop(item: Object) -> Change:
    return Change(Action.DELETE, item, before=item)


def alter(item: Object, before: Object) -> Change:
    return Change(Action.UPDATE, item, before=before)


def again(item: Object) -> Change:
    return Change(Action.REPLACE, item, before=item)


def shown(steps: Iterable[Step]) -> dict[str, set[str]]:
    """Each step and those that it waits for, as "create disk"."""
    return {_words(step): {_words(item) for item in step.after} for step in steps}


def _words(step: Step) -> str:
    return ", ".join(sorted(f"{change.action} {change.object.name}" for change in step.changes))


IMAGE, DISK, GUEST = part("image"), part("disk", "image"), part("guest", "disk", wires=("port",))
OLD, NEW = part("guest", "old"), part("guest", "new")
PORT, OTHER = wire("port"), wire("other")

CASES: dict[str, tuple[list[Change], list[Object], dict[str, set[str]]]] = {
    "nothing": ([], [GUEST], {}),
    "what is needed is made first": (
        [make(GUEST), make(PORT), make(DISK), make(IMAGE)],
        [],
        {
            "create image": set(),
            "create disk": {"create image"},
            "create port": set(),
            "create guest": {"create disk", "create port"},
        },
    ),
    "what is there already is not waited for": (
        [make(GUEST)],
        [DISK, PORT],
        {"create guest": set()},
    ),
    "what is needed goes last": (
        [drop(IMAGE), drop(PORT), drop(DISK), drop(GUEST)],
        [IMAGE, PORT, DISK, GUEST],
        {
            "delete guest": set(),
            "delete disk": {"delete guest"},
            "delete port": {"delete guest"},
            "delete image": {"delete disk"},
        },
    ),
    "what an update lets go of goes after it": (
        [alter(NEW, OLD), make(part("new")), drop(part("old"))],
        [OLD, part("old")],
        {"create new": set(), "update guest": {"create new"}, "delete old": {"update guest"}},
    ),
    "a replacement takes what needs it along": (
        [again(IMAGE)],
        [IMAGE, DISK, GUEST],
        {
            "delete guest": set(),
            "delete disk": {"delete guest"},
            "delete image": {"delete disk"},
            "create image": {"delete image"},
            "create disk": {"create image", "delete disk"},
            "create guest": {"create disk", "delete guest"},
        },
    ),
    "what goes anyhow is not made again for a replacement": (
        [again(IMAGE), drop(DISK)],
        [IMAGE, DISK],
        {"delete disk": set(), "delete image": {"delete disk"}, "create image": {"delete image"}},
    ),
    "a batch is one step": (
        [make(PORT), alter(OTHER, OTHER), drop(wire("third"))],
        [OTHER],
        {"create port, delete third, update other": set()},
    ),
    "a batch replaces in one step": ([again(PORT)], [PORT], {"replace port": set()}),
    "deletions of a batch wait for what holds them": (
        [make(OTHER), drop(PORT), drop(GUEST)],
        [PORT, GUEST],
        {"create other": set(), "delete guest": set(), "delete port": {"delete guest"}},
    ),
    "an update that needs a wire and lets another go waits for the one batch": (
        [alter(part("guest", wires=("other",)), part("guest", wires=("port",))), make(OTHER), drop(PORT)],
        [PORT],
        {"create other, delete port": set(), "update guest": {"create other, delete port"}},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_steps_wait_for_what_they_need(name: str) -> None:
    changes, observed, expected = CASES[name]
    assert shown(order(changes, observed)) == expected
    assert shown(order(changes[::-1], observed[::-1])) == expected
