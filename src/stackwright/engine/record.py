# SPDX-License-Identifier: Apache-2.0
"""Step 8, record: what became of every resource, what was learned, and the history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from stackwright.engine.apply import Done
from stackwright.engine.intent import Intent
from stackwright.engine.kind import Kind
from stackwright.engine.moves import Moves
from stackwright.engine.objects import Change, Object
from stackwright.engine.request import Actor, Outcome
from stackwright.engine.resource import Resource
from stackwright.registry.leases import Run
from stackwright.registry.transaction import Transaction


def errors_of(done: Iterable[Done]) -> dict[str, str]:
    """Resource id -> the first failure among its changes."""
    found: dict[str, str] = {}
    for item in done:
        if item.error:
            found.setdefault(item.change.object.resource, item.error)
    return found


def outcomes(
    intent: Intent, desired: Iterable[Object], changes: Iterable[Change], errors: Mapping[str, str]
) -> dict[str, Outcome]:
    """What became, or in check mode would become, of every resource of the scope.

    A change of what others share (a cached image) is told with the resource that needs it.
    """
    picture, before = intent.picture, intent.before
    needed = {need: item.resource for item in desired for need in item.needs()}
    by_resource: dict[str, list[Change]] = {}
    for change in changes:
        own = change.object.resource
        whose = own if own in picture.scope else needed.get(change.object.identity, own)
        by_resource.setdefault(whose, []).append(change)
    found = {}
    for resource in picture.scoped():
        error = errors.get(resource.id, "")
        after = resource if resource.wanted or error else None
        had = before.get(resource.id, resource)
        found[resource.id] = Outcome(had, after, tuple(by_resource.get(resource.id, ())), error)
    return found


def found_for(desired: Iterable[Object], observed: Iterable[Object]) -> dict[str, list[Object]]:
    """Resource id -> what was found of the objects that it desires."""
    by_identity = {item.identity: item.resource for item in desired}
    found: dict[str, list[Object]] = {}
    for item in observed:
        if item.identity in by_identity:
            found.setdefault(by_identity[item.identity], []).append(item)
    return found


def record(
    txn: Transaction,
    run: Run,
    kinds: Mapping[str, Kind],
    results: Mapping[str, Outcome],
    objects: Mapping[str, list[Object]],
    actor: Actor,
    moves: Moves,
) -> dict[str, Outcome]:
    """Write it down: status, what was learned, events; rows of what is gone go now. The outcomes as recorded.

    Raises LeaseLost, and writes nothing, when another run has taken over: these rows are that one's by now.
    """
    run.confirm(txn)
    recorded = {}
    txn.load(results)
    behind = _behind(txn, [item for item, outcome in results.items() if outcome.error])
    moves.record(txn, results)
    for resource_id, outcome in results.items():
        known = outcome.before is not None and resource_id in behind
        after = _settle(
            txn, kinds, outcome, objects.get(resource_id, []), unfinished=known or moves.unfinished(resource_id)
        )
        recorded[resource_id] = Outcome(outcome.before, after, outcome.changes, outcome.error)
    news = [
        item for item in recorded.values() if item.changed or (item.error and item.error not in moves.told.values())
    ]
    txn.record_events([_event(txn, item, actor) for item in news])
    txn.remove([item for item, outcome in recorded.items() if outcome.after is None])
    return recorded


def untold(results: Mapping[str, Outcome], known: Collection[str]) -> dict[str, Outcome]:
    """The outcomes for who asks now: what failed before, when somebody else asked, does not concern them."""
    return {item: replace(outcome, error="") if item in known else outcome for item, outcome in results.items()}


def _behind(txn: Transaction, failed: Iterable[str]) -> set[str]:
    """What failed resources refer to, also through others: a change of it has not reached all that it affects."""
    found: set[str] = set()
    fresh = set(failed)
    while fresh:
        fresh = set().union(*txn.targets(sorted(fresh)).values()) - found
        found |= fresh
    return found


def _settle(
    txn: Transaction, kinds: Mapping[str, Kind], outcome: Outcome, objects: list[Object], *, unfinished: bool
) -> Resource | None:
    """The row as it stands now; None when it may go. What is unfinished is gone on with when it is declared again."""
    if outcome.after is None:
        return None
    row = txn.get(outcome.after.id)
    if outcome.error:
        return txn.update(row, status="error", message=outcome.error)
    if unfinished and row.status == "pending":
        return row
    kind = kinds[row.kind]
    learned = dict(kind.learn(row, objects))
    if (row.status, row.message, learned) != ("active", "", dict(row.attributes)):
        row = txn.update(row, status="active", message="", attributes=learned)
        for name, limit in kind.capacity(row).items():
            txn.set_limit(row.id, name, limit)
    return row


def _event(txn: Transaction, outcome: Outcome, actor: Actor) -> dict[str, Any]:
    what = {"action": _action(outcome), "message": outcome.error or _told(outcome)}
    return {**about(txn, outcome.resource), "actor": actor.name, **what}


def about(txn: Transaction, resource: Resource) -> dict[str, Any]:
    """What an event says of the resource that it is about."""
    own = {"project": resource.project, "resource": resource.id, "kind": resource.kind, "name": resource.name}
    return {**_descent(txn, resource), **own}


def _descent(txn: Transaction, resource: Resource) -> dict[str, str]:
    """Whose it is in the end, and by which keys that one leads to it: the stack of an instance's port."""
    owner, keys = "", list[str]()
    while resource.owner:
        owner, keys = resource.owner, [resource.key, *keys]
        try:
            resource = txn.get(owner)
        except KeyError:
            break
    return {"owner": owner, "path": "/".join(keys)}


def purged(done: Done, actor: Actor) -> dict[str, Any]:
    """The event of what was removed without being a resource: an orphan, an unused copy."""
    item = done.change.object
    about = {"project": "", "resource": item.resource, "kind": done.change.reason, "name": str(item.identity)[:255]}
    about |= {"owner": "", "path": ""}
    return {"actor": actor.name, **about, "action": "failed" if done.error else "purged", "message": done.error}


def _action(outcome: Outcome) -> str:
    if outcome.error:
        return "failed"
    if outcome.before is None:
        return "created"
    return "deleted" if outcome.after is None else "updated"


def _told(outcome: Outcome) -> str:
    return "; ".join(f"{change.action} {change.object.identity} ({change.reason})" for change in outcome.changes)[:2000]
