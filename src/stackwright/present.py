# SPDX-License-Identifier: Apache-2.0
"""Results and resources as a person, or a playbook, reads them: names instead of ids, secrets masked, plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from stackwright.engine.objects import Action, Change
from stackwright.engine.request import Outcome, Result
from stackwright.engine.resource import Resource
from stackwright.engine.view import Picture

MASKED = {"user_data": "(not shown)"}
HIDDEN = ("reboots", "started")


def facts(resource: Resource, picture: Picture) -> dict[str, Any]:
    """Everything about a resource that is worth knowing, flat: what was declared, then what was allocated."""
    plain = {**_masked(resource.spec), **resource.attributes}
    shown = {key: value for key, value in plain.items() if key not in HIDDEN}
    named = _named(shown, picture)
    head = {"id": resource.id, "name": resource.name, "kind": resource.kind, "status": resource.status}
    more = {"host": resource.host} if resource.host else {}
    owner = {"owner": picture.resources[resource.owner].title} if resource.owner in picture.resources else {}
    return {**head, "project": _project(resource, picture), "label": resource.label, **owner, **more, **named}


def report(result: Result) -> list[dict[str, Any]]:
    """What became of each resource that was asked for, in order; what its children needed is told with it."""
    return [_told(root, result) for root in result.roots]


def changes_of(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Changes of backend objects as plain data."""
    return [describe(change) for outcome in outcomes for change in outcome.changes]


def describe(change: Change) -> dict[str, Any]:
    """One change as plain data."""
    differences = {
        item.field: {"before": plain(item.before), "after": plain(item.after)} for item in change.differences
    }
    identity = change.object.identity
    told = {"action": change.action.value, "object": identity.type, "name": identity.name, "place": identity.place}
    return {**told, "reason": change.reason, "loses": change.loses, "differences": differences}


def plain(value: Any) -> Any:
    """A value of a backend object as JSON data."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _told(root: str, result: Result) -> dict[str, Any]:
    outcome = result.outcomes[root]
    family = _family(root, result)
    resource = outcome.resource
    return {
        "kind": resource.kind,
        "name": resource.name,
        "id": resource.id,
        "changed": any(item.changed for item in family),
        "action": action(outcome, family),
        "error": next((item.error for item in family if item.error), ""),
        "resource": facts(outcome.after, result.picture) if outcome.after and outcome.after.wanted else None,
        "changes": changes_of(family),
        "diff": _diff(family, result.picture),
    }


def _family(root: str, result: Result) -> list[Outcome]:
    """A resource's outcome and those of everything that it owns."""
    found = [result.outcomes[root]]
    for outcome in result.outcomes.values():
        if outcome.resource.owner == root:
            found += _family(outcome.resource.id, result)
    return found


def action(outcome: Outcome, family: Iterable[Outcome]) -> str:
    """One word: created, updated, deleted, repaired (the record was right, a backend was not), none."""
    if not any(item.changed for item in family):
        return "none"
    if outcome.before is None:
        return "created"
    if outcome.after is None or not outcome.after.wanted:
        return "deleted"
    return "updated" if outcome.recorded_change else "repaired"


def _diff(family: list[Outcome], picture: Picture) -> dict[str, Any]:
    """Before and after as a person would write them: the resource, and what a backend had otherwise."""
    root = family[0]
    before = _state(root.before, picture) | _drifted(family, "before")
    after = _state(root.after, picture) | _drifted(family, "after")
    return {"before": before, "after": after}


def _state(resource: Resource | None, picture: Picture) -> dict[str, Any]:
    if resource is None or not resource.wanted:
        return {}
    shown = facts(resource, picture)
    return {key: value for key, value in shown.items() if key not in ("id", "status", "kind")}


def _drifted(family: list[Outcome], side: str) -> dict[str, Any]:
    """What backends held otherwise than recorded; new and deleted resources say enough by themselves."""
    known = [item for item in family if item.before is not None and item.after is not None and item.after.wanted]
    found = {}
    for change in (change for item in known for change in item.changes):
        found[str(change.object.identity)] = _side(change, side)
    return {"backends": found} if found else {}


def _side(change: Change, side: str) -> Any:
    if change.action is Action.CREATE:
        return "missing" if side == "before" else "there"
    if change.action is Action.DELETE:
        return "there" if side == "before" else "gone"
    return {item.field: plain(getattr(item, side)) for item in change.differences}


def _masked(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: MASKED[key] if value and key in MASKED else value for key, value in spec.items()}


def _named(data: Any, picture: Picture) -> Any:
    """Ids of known resources become their names."""
    if isinstance(data, Mapping):
        return {key: _named(value, picture) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_named(item, picture) for item in data]
    known = picture.resources.get(data) if isinstance(data, str) else None
    return known.name if known else data


def _project(resource: Resource, picture: Picture) -> str:
    known = picture.resources.get(resource.project)
    return known.name if known else resource.project
