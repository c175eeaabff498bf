# SPDX-License-Identifier: Apache-2.0
"""Stacks as people read them: what their templates say, and nothing of what these hide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from stackwright.engine.resource import Resource
from stackwright.engine.view import Picture
from stackwright.orchestration.hidden import HIDDEN, secrets_of, without


def stack_facts(stack: Resource, picture: Picture) -> dict[str, Any]:
    """What is told of a stack beside what is told of every resource."""
    secrets = secrets_of(stack, picture.resources.values())
    spec, known = stack.spec, stack.attributes
    veiled = known.get("veiled", ())
    outputs = {name: HIDDEN if name in veiled else value for name, value in known.get("outputs", {}).items()}
    return {
        "description": known.get("description", ""),
        "tags": spec["tags"],
        "suspended": spec["suspended"],
        "expires_at": iso(spec["expires_at"]),
        "parameters": without(secrets, known.get("parameters", {})),
        "outputs": without(secrets, outputs),
        "resources": [_part(path, part, picture) for path, part in sorted(known.get("resources", {}).items())],
    }


def snapshot_facts(snapshot: Resource, picture: Picture) -> dict[str, Any]:
    """What is told of a snapshot: nothing of what its stack was declared with, where secrets may be."""
    images = [row for row in picture.children(snapshot.id, "image") if row.wanted]
    return {
        "stack": snapshot.spec["stack"],
        "at": iso(snapshot.spec["at"]),
        "resources": [{"path": row.key.partition("/")[2], **_image(row)} for row in images],
    }


def _image(row: Resource) -> dict[str, Any]:
    told = {"id": row.id, "name": row.name, "instance": row.spec["properties"].get("instance", "")}
    return {**told, "size": row.spec["size"], "status": row.status}


def iso(at: float | None) -> str | None:
    """A time in ISO 8601, UTC; it is given in seconds since the epoch."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _part(path: str, part: Mapping[str, str], picture: Picture) -> dict[str, Any]:
    row = picture.resources.get(part["id"])
    told = {"path": path, **{key: part[key] for key in ("type", "kind", "id")}}
    if row is None:
        return {**told, "name": "", "status": "missing", "message": "", "host": ""}
    status = row.status if row.wanted else "deleting"
    return {**told, "name": row.name, "status": status, "message": row.message, "host": row.host}
