# SPDX-License-Identifier: Apache-2.0
"""Compare what is desired with what was observed. Pure: the same input gives the same changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from stackwright.engine.objects import Action, Change, Difference, Object, Rule, rules

MASK = "(secret)"


def compare(
    desired: Iterable[Object], observed: Iterable[Object], scope: Collection[str], unwanted: Collection[str] = ()
) -> list[Change]:
    """The changes that turn `observed` into `desired`.

    scope: resource ids whose objects are all in `desired`: only theirs are deleted when nobody desires them; what
    belongs to other resources is left alone.
    unwanted: those of them that are to go altogether. Shared objects are deleted only with their resource, because
    others than the scope's may need them.
    """
    told = {item.identity: item for item in desired}
    wanted = {identity: item for identity, item in told.items() if not item.kept_elsewhere()}
    found = {item.identity: item for item in observed}
    changes = [change for item in wanted.values() if (change := _change(item, found.get(item.identity)))]
    surplus = [item for identity, item in found.items() if identity not in wanted]
    gone = [item for item in surplus if item.resource in (unwanted if item.shared else scope)]
    spared = {identity for identity, item in {**found, **told}.items() if item.kept_elsewhere()}
    return changes + [
        _deletion(item, "" if item.resource in unwanted or item.identity in spared else item.holds()) for item in gone
    ]


def _deletion(item: Object, loses: str) -> Change:
    return Change(Action.DELETE, item, before=item, reason="no longer wanted", loses=loses)


def _change(desired: Object, observed: Object | None) -> Change | None:
    if observed is None:
        return Change(Action.CREATE, desired, reason="missing")
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
