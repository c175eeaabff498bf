# SPDX-License-Identifier: Apache-2.0
"""Step 6, order: changes become steps with the physical needs between them. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any

from stackwright.engine.objects import Action, Change, Identity, Object


@dataclass(eq=False)
class Step:
    """What is given to a driver at once: one change, or all changes of a transactional backend.

    after: steps that must have succeeded before. Without changes, it is only a pause of so many seconds after them, or
    with a hook until somebody lets it go on.
    """

    driver: str
    place: str
    changes: list[Change] = field(default_factory=list)
    after: list[Step] = field(default_factory=list)
    pause: float = 0.0
    hook: Any = None

    def shared(self) -> list[str]:
        """Names of the things in it that other runs may be making too."""
        return [str(change.object.identity) for change in self.changes if change.object.shared]

    def __str__(self) -> str:
        if not self.changes:
            return f"a hook {self.hook}" if self.hook else f"a pause of {self.pause:g} s"
        first = self.changes[0]
        more = f" and {len(self.changes) - 1} more" if len(self.changes) > 1 else ""
        return f"{first.action} {first.object.identity}{more}"


Sequence = Mapping[str, Collection[str]]
"""Id of a resource -> ids of those that the user wants to be there before it, and to go after it.

Another name than an id stands for several things: its own entry has them.
"""


def order(
    changes: Iterable[Change], observed: Iterable[Object], sequence: Sequence = MappingProxyType({})
) -> list[Step]:
    """Steps in an order that works: what is needed comes first, and goes last.

    The user's sequence counts for what is made one by one: a transactional backend makes everything at once.

    Replacing an object means that those that need it are taken away and made again around it.
    """
    found = {item.identity: item for item in observed}
    split = [part for change in _with_dependents(list(changes), found) for part in _halves(change)]
    steps = _steps(split)
    made = {change.object.identity: step for step in steps for change in step.changes if not _removes(change)}
    gone = {change.object.identity: step for step in steps for change in step.changes if _removes(change)}
    for step in steps:
        _connect(step, made, gone)
    _keep_sequence([step for step in steps if not step.changes[0].object.batch], sequence)
    return steps


def _with_dependents(changes: list[Change], found: Mapping[Identity, Object]) -> list[Change]:
    """A change of what needs a replaced object becomes a replacement too; transactional backends see to their own."""
    by_identity = {change.object.identity: change for change in changes}
    replaced = {item.object.identity for item in changes if item.action is Action.REPLACE and not item.object.batch}
    while replaced:
        again = [_again(by_identity, item) for item in found.values() if not item.batch and replaced & {*item.needs()}]
        fresh = {change.object.identity: change for change in again if change}
        by_identity |= fresh
        replaced = set(fresh)
    return list(by_identity.values())


def _again(changes: Mapping[Identity, Change], item: Object) -> Change | None:
    """The replacement of an object that needs a replaced one; None where it is made or taken away anyhow."""
    change = changes.get(item.identity, Change(Action.UPDATE, item, before=item))
    if change.action is not Action.UPDATE:
        return None
    return dataclasses.replace(change, action=Action.REPLACE, reason="what it needs is replaced")


def _halves(change: Change) -> list[Change]:
    if change.action is not Action.REPLACE or change.object.batch or change.before is None:
        return [change]
    return [
        dataclasses.replace(change, action=Action.DELETE, object=change.before),
        dataclasses.replace(change, action=Action.CREATE, before=None),
    ]


def _removes(change: Change) -> bool:
    return change.action is Action.DELETE


def _steps(changes: list[Change]) -> list[Step]:
    """One step per change; of a transactional backend one for what is made and one for what goes."""
    steps: list[Step] = []
    batches: dict[tuple[str, str, bool], Step] = {}
    for change in changes:
        item = change.object
        step = Step(item.driver, item.place)
        if item.batch:
            step = batches.setdefault((item.driver, item.place, _removes(change)), step)
        if not step.changes:
            steps.append(step)
        step.changes.append(change)
    return _merged(steps, batches)


def _merged(steps: list[Step], batches: dict[tuple[str, str, bool], Step]) -> list[Step]:
    """Where nothing else goes, a backend's deletions need not wait: they join its one transaction."""
    others_go = any(_removes(change) for step in steps for change in step.changes if not change.object.batch)
    if others_go:
        return steps
    for (driver, place, removing), step in batches.items():
        partner = batches.get((driver, place, False))
        if removing and partner:
            partner.changes += step.changes
            steps.remove(step)
    return steps


def _connect(step: Step, made: Mapping[Identity, Step], gone: Mapping[Identity, Step]) -> None:
    """What is needed is made before, and goes only when nothing holds it any more."""
    for change in step.changes:
        if not _removes(change):
            for need in (change.object.identity, *change.object.needs()):
                earlier = gone if need == change.object.identity else made
                _wait(step, earlier.get(need))
        for need in (change.before.identity, *change.before.needs()) if change.before else ():
            let_go = gone.get(need)
            if let_go and (_removes(change) or not let_go.changes[0].object.batch):
                _wait(let_go, step)


def _keep_sequence(steps: list[Step], sequence: Sequence) -> None:
    made: dict[str, list[Step]] = {}
    gone: dict[str, list[Step]] = {}
    for step in steps:
        change = step.changes[0]
        (gone if _removes(change) else made).setdefault(change.object.resource, []).append(step)
    for there in (made, gone):
        for later, own in there.items():
            others = [step for item in _earlier(later, sequence, there) for step in there[item]]
            for step, other in product(own, others):
                _wait(*((other, step) if there is gone else (step, other)))


def _earlier(later: str, sequence: Sequence, there: Collection[str]) -> list[str]:
    """Which of `there` come before something: directly, or with nothing of `there` between."""
    found: dict[str, None] = {}
    rest = list(sequence.get(later, ()))
    seen = {later}
    while rest:
        item = rest.pop()
        if item in seen:
            continue
        seen.add(item)
        if item in there:
            found[item] = None
        else:
            rest += sequence.get(item, ())
    return list(found)


def _wait(step: Step, earlier: Step | None) -> None:
    if earlier and earlier is not step and earlier not in step.after:
        step.after.append(earlier)
