# SPDX-License-Identifier: Apache-2.0
"""Step 6, order, for hooks: where a run waits until somebody lets it go on. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from stackwright.engine.objects import Action, Change
from stackwright.engine.order import Step

When = Literal["pre-create", "pre-update", "pre-delete", "post-create", "post-update", "post-delete"]


@dataclass(frozen=True, slots=True)
class Hook:
    """owner: id of the resource that asks for it. path: what it is about, as that calls it.

    members: ids of the resources that this consists of.
    """

    owner: str
    path: str
    when: When
    members: frozenset[str]


def with_hooks(
    steps: Iterable[Step], hooks: Iterable[Hook], waiting: Collection[Hook], going: Collection[str]
) -> list[Step]:
    """The steps, with those that wait: before something is made, changed or deleted, or after it.

    waiting: hooks that an earlier run was waiting at. Where that was after something, nothing else is begun before.
    going: ids of what is not wanted any more.
    Of what several backends hold the parts that are made one by one count; what is made at once with others, in a
    transaction, takes these along.
    """
    found = list(steps)
    by_resource = _by_resource(found)
    for hook in hooks:
        own = _own(by_resource, hook, going)
        if hook.when.startswith("pre-"):
            found += [_before(own, hook)] if own else []
        elif own:
            found.append(_after(own, found, hook))
        elif hook in waiting:
            found.append(_ahead(found, hook))
    return found


def _by_resource(steps: Iterable[Step]) -> dict[str, list[tuple[Step, Change]]]:
    found: dict[str, list[tuple[Step, Change]]] = {}
    for step in steps:
        for change in step.changes:
            found.setdefault(change.object.resource, []).append((step, change))
    return found


def _own(known: Mapping[str, list[tuple[Step, Change]]], hook: Hook, going: Collection[str]) -> list[Step]:
    """The steps of a hook's members, if what is done to them is what it asks for."""
    own = [part for item in sorted(hook.members) for part in known.get(item, ())]
    own = [(step, change) for step, change in own if not change.object.batch] or own
    if not own or not hook.when.endswith(_what((change.action for _, change in own), hook, going)):
        return []
    return list(dict.fromkeys(step for step, _ in own))


def _what(done: Iterable[Action], hook: Hook, going: Collection[str]) -> str:
    if hook.members <= set(going):
        return "delete"
    return "create" if all(action is Action.CREATE for action in done) else "update"


def _before(own: list[Step], hook: Hook) -> Step:
    """It waits for what they wait for, as far as that does not wait for one of them."""
    needs = {id(step): step for item in own for step in item.after}
    found = Step("", "", after=[step for step in needs.values() if not _waits_for(step, own)], hook=hook)
    for step in own:
        step.after.append(found)
    return found


def _after(own: list[Step], steps: Iterable[Step], hook: Hook) -> Step:
    found = Step("", "", after=list(own), hook=hook)
    for step in steps:
        if step not in own and any(item in own for item in step.after):
            step.after.append(found)
    return found


def _ahead(steps: Iterable[Step], hook: Hook) -> Step:
    found = Step("", "", hook=hook)
    for step in steps:
        step.after.append(found)
    return found


def _waits_for(step: Step, own: list[Step]) -> bool:
    seen: set[int] = set()
    rest = [step]
    while rest:
        item = rest.pop()
        if item in own:
            return True
        if id(item) not in seen:
            seen.add(id(item))
            rest += item.after
    return False
