# SPDX-License-Identifier: Apache-2.0
"""Results and resources as a person, or a playbook, reads them: names instead of ids, secrets masked, plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

import yaml

from stackwright.engine.objects import Action, Change
from stackwright.engine.request import Outcome, Result
from stackwright.engine.resource import Resource
from stackwright.engine.view import Picture
from stackwright.orchestration.hidden import SECRET, secrets_of, without
from stackwright.present_stack import iso, snapshot_facts, stack_facts

MASKED = ("user_data", "personality", "value")
"""Options that may hold secrets: what servers are told when they start, and what a template computes."""


def _aggregate_facts(aggregate: Resource, picture: Picture) -> dict[str, Any]:
    """In which order hosts are recorded means nothing."""
    return {**aggregate.spec, "hosts": sorted(_named(aggregate.spec["hosts"], picture))}


OWN_FACTS = {"stack": stack_facts, "stack_snapshot": snapshot_facts, "host_aggregate": _aggregate_facts}
"""What is told of kinds otherwise than their specs say it."""
HIDDEN = ("host", "reboots", "rebuilds", "started", "shelf", "shelving", "offloaded", "made_for", "made_before")
WORDS = (
    *("description", "metadata", "hostname", "tags", "properties", "extra_specs", "value"),
    *("parameters", "outputs", "resources"),
)
"""What users write for themselves: it names nothing, even where it looks like an id."""


def facts(resource: Resource, picture: Picture) -> dict[str, Any]:
    """Everything about a resource that is worth knowing, flat: what was declared, then what was allocated."""
    own = OWN_FACTS.get(resource.kind)
    plain = own(resource, picture) if own else {**_masked(resource.spec), **_without_secret(resource)}
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
    children, picture = _children(result), _recorded(result)
    return [_told(result.outcomes[root], children, picture) for root in result.roots]


def affected(result: Result) -> list[dict[str, Any]]:
    """As `report`, for what nobody asked for but what changed with it: a flavor's instances, a network's ports."""
    children = _children(result)
    asked = {item.resource.id for root in result.roots for item in _family(result.outcomes[root], children)}
    others = [item for item in result.outcomes.values() if item.resource.id not in asked]
    heads = [item for item in others if item.resource.owner not in result.outcomes]
    told = [_told(item, children, result.picture) for item in heads]
    return [item for item in told if item["changed"] or item["error"]]


def _recorded(result: Result) -> Picture:
    """The picture with every resource as it was recorded in the end."""
    after = {item: outcome.after for item, outcome in result.outcomes.items() if outcome.after}
    return dataclasses.replace(result.picture, resources={**result.picture.resources, **after}, family={}, by_name={})


def parts(result: Result, owner: str) -> list[dict[str, Any]]:
    """What became of each thing that an owner declared, as far as it changed or failed; by the keys it has there."""
    children = _children(result)
    families = {item.resource.key: _family(item, children) for item in children.get(owner, [])}
    return [
        {
            "path": key,
            "kind": family[0].resource.kind,
            "action": action(family[0], family),
            "error": next((item.error for item in family if item.error), ""),
            "changes": changes_of(family),
        }
        for key, family in sorted(families.items())
        if any(item.changed or item.error for item in family)
    ]


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
            "at": iso(event["at"]),
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
    before, after = _state(root.before, picture), _state(root.after, picture)
    if root.resource.kind == "stack":
        before, after = _stack_states(family, before, after, picture)
    return {"before": before | _drifted(family, "before"), "after": after | _drifted(family, "after")}


def _stack_states(
    family: list[Outcome], before: dict[str, Any], after: dict[str, Any], picture: Picture
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both sides of a stack with its resources as they are each, and nothing of what it hides."""
    rows = [row for item in family for row in (item.before, item.after) if row]
    secrets = frozenset[str]().union(*(secrets_of(row, rows) for row in rows if row.kind == "stack"))
    own = sorted((item for item in family if item.resource.owner == family[0].resource.id), key=_key)
    was = {_key(item): state for item in own if (state := _state(item.before, picture))}
    now = {_key(item): state for item in own if (state := _state(item.after, picture))}
    edited = [
        name for name, text in _files(family[0].before).items() if _files(family[0].after).get(name, text) != text
    ]
    before, after = before and {**before, "resources": was}, after and {**after, "resources": now}
    if edited:
        before["files"], after["files"] = dict.fromkeys(edited, "as before"), dict.fromkeys(edited, "changed")
    return without(secrets, before), without(secrets, after)


def _key(outcome: Outcome) -> str:
    return outcome.resource.key


def _files(stack: Resource | None) -> Mapping[str, str]:
    return stack.spec["files"] if stack and stack.wanted else {}


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
