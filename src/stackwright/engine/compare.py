# SPDX-License-Identifier: Apache-2.0
"""Compare what is desired with what was observed. Pure: the same input gives the same changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from stackwright.engine.objects import Action, Change, Difference, Object, Rule, rules

MASK = "(secret)"


def compare(
    desired: Iterable[Object],
    observed: Iterable[Object],
    scope: Collection[str],
    unwanted: Collection[str] = (),
    outdated: Collection[tuple[str, str]] = (),
) -> list[Change]:
    """The changes that turn `observed` into `desired`.

    scope: resource ids whose objects are all in `desired`: only theirs are deleted when nobody desires them; what
    belongs to other resources is left alone.
    unwanted: those of them that are to go altogether. Shared objects are deleted only with their resource, because
    others than the scope's may need them. What is wanted at another place is moved there, and only then deleted.
    outdated: (resource id, place) of old copies: they are not moved, and nothing is lost with them.
    """
    told = {item.identity: item for item in desired}
    wanted = {identity: item for identity, item in told.items() if not item.kept_elsewhere()}
    found = {item.identity: item for item in observed}
    surplus = [item for identity, item in found.items() if identity not in wanted]
    old = {item.identity for item in surplus if (item.resource, item.place) in outdated}
    sources = [item for item in surplus if item.moves and item.whole() and item.identity not in old]
    elsewhere = {_anywhere(item): item for item in sources}
    changes = [
        change
        for item in wanted.values()
        if (change := _change(item, found.get(item.identity), elsewhere.get(_anywhere(item))))
    ]
    kept = {_anywhere(item) for item in wanted.values() if item.moves}
    kept -= {_anywhere(change.object) for change in changes if change.action is Action.CREATE}
    gone = [item for item in surplus if item.resource in (unwanted if item.shared else scope)]
    spared = {identity for identity, item in {**found, **told}.items() if item.kept_elsewhere()} | old
    harmless = {item.identity for item in gone if item.resource in unwanted or _anywhere(item) in kept} | spared
    return changes + [_deletion(item, item.identity in harmless) for item in gone]


def _anywhere(item: Object) -> tuple[str, str]:
    """What makes it the same one at another place."""
    return type(item).__name__, item.name


def _deletion(item: Object, harmless: bool) -> Change:
    reason, loses = "no longer wanted", "" if harmless else item.holds()
    return Change(Action.DELETE, item, before=item, reason=reason, loses=loses)


def _change(desired: Object, here: Object | None, elsewhere: Object | None) -> Change | None:
    if elsewhere and not (here and here.whole()):
        return _move(desired, elsewhere)
    if here is None:
        return Change(Action.CREATE, desired, reason="missing")
    return _difference_of(desired, here)


def _move(desired: Object, elsewhere: Object) -> Change:
    """It is moved as it is; what else is to become of it is seen when it is there."""
    change = _difference_of(desired, elsewhere)
    others = change.differences if change else ()
    place = Difference("place", elsewhere.place, desired.place)
    return Change(
        Action.UPDATE,
        desired,
        before=elsewhere,
        differences=(place, *others),
        reason=", ".join(difference.field for difference in (place, *others)) + " differs",
        loses=change.loses if change else "",
    )


def _difference_of(desired: Object, observed: Object) -> Change | None:
    found = [
        (_difference(name, how, observed, desired), how)
        for name, how in rules(type(desired)).items()
        if not _same(how, getattr(desired, name), getattr(observed, name))
    ]
    if not found:
        return None
    return Change(
        Action.REPLACE if any(how.replace for _, how in found) else Action.UPDATE,
        desired,
        before=observed,
        differences=tuple(difference for difference, _ in found),
        reason=", ".join(difference.field for difference, _ in found) + " differs",
        loses=_losses(found, observed, desired),
    )


def _same(how: Rule, desired: Any, observed: Any) -> bool:
    if how.ignore:
        return True
    return how.same(desired, observed) if how.same else bool(desired == observed)


def _difference(name: str, how: Rule, observed: Object, desired: Object) -> Difference:
    if how.secret:
        return Difference(name, MASK, MASK)
    return Difference(name, getattr(observed, name), getattr(desired, name))


def _losses(found: list[tuple[Difference, Rule]], observed: Object, desired: Object) -> str:
    lost = [
        how.loses(getattr(observed, difference.field), getattr(desired, difference.field))
        for difference, how in found
        if how.loses
    ]
    return "; ".join(words for words in lost if words)
