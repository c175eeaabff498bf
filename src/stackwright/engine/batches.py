# SPDX-License-Identifier: Apache-2.0
"""Step 6, order, for groups: some members at a time. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from stackwright.engine.objects import Action
from stackwright.engine.order import Step


@dataclass(frozen=True, slots=True)
class Pace:
    """How the members of a group are gone through: `size` at a time, and `pause` seconds between.

    spared: of the members that are there, so many are left alone meanwhile, as long as one can be gone on with.
    """

    size: int
    pause: float = 0.0
    spared: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """members: ids of the resources that each consists of, in their order.

    create: counts for members of which nothing is there. update: for the others. None: all at a time.
    """

    members: Sequence[Collection[str]]
    create: Pace | None = None
    update: Pace | None = None


def in_batches(steps: Iterable[Step], groups: Iterable[Group]) -> list[Step]:
    """The steps, with pauses: those of a group's later members wait for the earlier ones.

    As with the user's sequence, this counts for what is made one by one.
    """
    found = list(steps)
    by_resource: dict[str, list[Step]] = {}
    for step in found:
        if step.changes and not step.changes[0].object.batch:
            by_resource.setdefault(step.changes[0].object.resource, []).append(step)
    for group in groups:
        own = [[step for item in member for step in by_resource.get(item, ())] for member in group.members]
        new = [member for member in own if member and _is_new(member)]
        there = [member for member in own if member and not _is_new(member)]
        if group.create:
            found += _pauses(new, group.create.size, group.create.pause)
        if group.update:
            spare = len(own) - len(new) - group.update.spared
            found += _pauses(there, max(1, min(group.update.size, spare)), group.update.pause)
    return found


def _is_new(member: list[Step]) -> bool:
    return all(change.action is Action.CREATE for step in member for change in step.changes)


def _pauses(members: list[list[Step]], size: int, seconds: float) -> list[Step]:
    """The pauses between batches of so many members, which wait for them from now on."""
    found: list[Step] = []
    earlier: dict[int, Step] = {}
    for begin in range(size, len(members), size):
        before, batch = members[begin - size : begin], members[begin : begin + size]
        pause = Step("", "", after=[step for member in before for step in member], pause=seconds)
        _follow(pause, earlier)
        for step in (step for member in batch for step in member if id(step) not in earlier):
            step.after.append(pause)
        found.append(pause)
    return found


def _follow(step: Step, known: dict[int, Step]) -> None:
    """Add all that a step waits for: what an earlier member needs cannot wait for that member."""
    rest = [step]
    while rest:
        item = rest.pop()
        if id(item) not in known:
            known[id(item)] = item
            rest += item.after
