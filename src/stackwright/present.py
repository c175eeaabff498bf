# SPDX-License-Identifier: Apache-2.0
"""Results and resources as a person, or a playbook, reads them: names instead of ids, secrets masked, plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import yaml

from stackwright.engine.objects import Action, Change
from stackwright.engine.request import Outcome, Result
from stackwright.engine.resource import Resource
from stackwright.engine.view import Picture

MASKED = ("user_data", "personality")
SECRET = {"random_string": "value", "keypair": "private_key"}
"""Kind -> the attribute of it that nobody is shown."""
HIDDEN = ("host", "reboots", "started", "made_for")
WORDS = ("description", "metadata", "hostname", "tags", "properties", "extra_specs", "value")
"""What users write for themselves: it names nothing, even where it looks like an id."""


def facts(resource: Resource, picture: Picture) -> dict[str, Any]:
    """Everything about a resource that is worth knowing, flat: what was declared, then what was allocated."""
    plain = {**_masked(resource.spec), **_without_secret(resource)}
    shown = {key: value for key, value in plain.items() if key not in HIDDEN}
    named = {key: value if key in WORDS else _named(value, picture) for key, value in shown.items()}
    status = resource.status if resource.wanted else "deleting"
    head = {"id": resource.id, "name": resource.name, "kind": resource.kind, "status": status}
    more: dict[str, Any] = {"host": resource.host} if resource.host else {}
    more |= {"message": resource.message} if resource.message else {}
    if resource.kind == "instance":
        more |= {"pinned": bool(resource.spec.get("host")), "addresses": _addresses(resource, picture)}
    owner = {"owner": picture.resources[resource.owner].title} if resource.owner in picture.resources else {}
    return {**head, "project": _project(resource, picture), "label": resource.label, **owner, **more, **named}


def members(group: str, picture: Picture) -> list[str]:
    """Names of the instances in a server group, which is given by its id."""
    instances = [item for item in picture.resources.values() if item.kind == "instance" and item.wanted]
    return sorted(item.name for item in instances if item.spec.get("server_group") == group)


def report(result: Result) -> list[dict[str, Any]]:
    """What became of each resource that was asked for, in order; what its children needed is told with it."""
    children = _children(result)
    return [_told(result.outcomes[root], children, result.picture) for root in result.roots]


def affected(result: Result) -> list[dict[str, Any]]:
    """As `report`, for what nobody asked for but what changed with it: a flavor's instances, a network's ports."""
    children = _children(result)
    asked = {item.resource.id for root in result.roots for item in _family(result.outcomes[root], children)}
    others = [item for item in result.outcomes.values() if item.resource.id not in asked]
    heads = [item for item in others if item.resource.owner not in result.outcomes]
    told = [_told(item, children, result.picture) for item in heads]
    return [item for item in told if item["changed"] or item["error"]]


def drifted(result: Result) -> dict[str, Any]:
    """A look at the whole cloud: `drift`, where backends differ from the record, and `orphans`, ours but undeclared."""
    keys = ("kind", "name", "project", "action", "error", "changes")
    drift = [{key: entry[key] for key in keys} for entry in affected(result)]
    orphans = [
        {"object": item.identity.type, "name": item.identity.name, "place": item.identity.place}
        for item in result.orphans
    ]
    return {"drift": drift, "orphans": orphans}


def happened(events: Iterable[Mapping[str, Any]], projects: Iterable[Resource]) -> list[dict[str, Any]]:
    """Events with names instead of ids, and the time in ISO 8601, UTC."""
    names = {project.id: project.name for project in projects}
    return [
        {
            **event,
            "at": datetime.fromtimestamp(event["at"], UTC).isoformat(timespec="seconds"),
            "project": names.get(event["project"], event["project"]),
        }
        for event in events
    ]


def text(state: Mapping[str, Any]) -> str:
    """One side of a diff as YAML; nothing for a resource that is not there."""
    return yaml.safe_dump(plain(state), sort_keys=False, allow_unicode=True, width=1000) if state else ""


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
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


Children = Mapping[str, list[Outcome]]


def _children(result: Result) -> Children:
    """Outcomes by the id of their owner."""
    found: dict[str, list[Outcome]] = {}
    for outcome in result.outcomes.values():
        found.setdefault(outcome.resource.owner, []).append(outcome)
    return found


def _told(outcome: Outcome, children: Children, picture: Picture) -> dict[str, Any]:
    family = _family(outcome, children)
    resource = outcome.resource
    return {
        "kind": resource.kind,
        "name": resource.name,
        "id": resource.id,
        "project": _project(resource, picture),
        "changed": any(item.changed for item in family),
        "action": action(outcome, family),
        "error": next((item.error for item in family if item.error), ""),
        "resource": facts(outcome.after, picture) if outcome.after and outcome.after.wanted else None,
        "changes": changes_of(family),
        "diff": _diff(family, picture),
    }


def _family(outcome: Outcome, children: Children) -> list[Outcome]:
    """A resource's outcome and those of everything that it owns."""
    below = [_family(child, children) for child in children.get(outcome.resource.id, [])]
    return [outcome, *(item for family in below for item in family)]


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
    said = {key: value for key, value in shown.items() if value not in (None, "", {})}
    return {key: value for key, value in said.items() if key not in ("id", "status", "message", "kind")}


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


def _addresses(instance: Resource, picture: Picture) -> list[dict[str, Any]]:
    """Where an instance can be reached: one entry for every address of its ports."""
    outside = {
        (item.attributes.get("port"), item.attributes.get("fixed_address")): item.attributes["floating_ip_address"]
        for item in picture.resources.values()
        if item.kind == "floating_ip" and item.wanted and "port" in item.attributes
    }
    plugged = [nic["port"] for nic in instance.attributes.get("nics", [])]
    ports = [picture.resources[port] for port in plugged if port in picture.resources]
    return [
        {
            "network": picture.resources[port.spec["network"]].name,
            "ip_address": fixed["ip_address"],
            "floating_ip_address": outside.get((port.id, fixed["ip_address"])),
            "mac_address": port.attributes["mac_address"],
        }
        for port in ports
        for fixed in port.attributes["addresses"]
    ]


def _masked(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _mask(value) if value and key in MASKED else value for key, value in spec.items()}


def _mask(value: Any) -> Any:
    """What stands for a secret; of files the paths are none."""
    return {path: _mask(text) for path, text in value.items()} if isinstance(value, Mapping) else "(not shown)"


def _without_secret(resource: Resource) -> dict[str, Any]:
    """The attributes of a resource as they are shown."""
    secret = SECRET.get(resource.kind)
    return {key: _mask(value) if value and key == secret else value for key, value in resource.attributes.items()}


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
