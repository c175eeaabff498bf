# SPDX-License-Identifier: Apache-2.0
"""Stacks as people read them: what their templates say, and nothing of what these hide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from stackwright.engine.resource import Resource
from stackwright.engine.view import Picture
from stackwright.orchestration.problem import TemplateError
from stackwright.orchestration.stack import Source

HIDDEN = "(hidden)"
SHORT = 4
"""A secret of fewer characters is only found where it is the whole text: it is part of many."""
SECRET = {"random_string": "value", "keypair": "private_key"}
"""Kind -> the attribute of it that nobody is shown."""


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


def secrets_of(stack: Resource, resources: Iterable[Resource]) -> frozenset[str]:
    """Texts that nobody is shown: values of the stack's hidden parameters, and what was generated for it.

    resources: those of the stack are taken, others left out.
    """
    own = [row for row in resources if row.owner == stack.id and row.kind in SECRET]
    made = [str(row.attributes.get(SECRET[row.kind]) or "") for row in own]
    return frozenset(text for text in (*made, *hidden_texts(stack.spec)) if text)


def hidden_texts(spec: Mapping[str, Any]) -> frozenset[str]:
    """The values of the parameters that a stack's template hides; all that are given, if the template is of no use."""
    return frozenset(_texts(_hidden_values(spec)))


def _hidden_values(spec: Mapping[str, Any]) -> list[Any]:
    try:
        source = Source.read(spec["template"], spec["files"], spec["environments"], spec["parameters"])
    except TemplateError:
        return list(spec["parameters"].values())
    environment, declared = source.environment, source.template.parameters
    values = []
    for name in source.hidden():
        values += [given[name] for given in (environment.parameters, environment.parameter_defaults) if name in given]
        values += [declared[name].default] if name in declared else []
    return values


def _texts(value: Any) -> Iterator[str]:
    """Every text and number inside a value."""
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def without(secrets: Iterable[str], value: Any) -> Any:
    """A value with words in place of secrets."""
    if isinstance(value, dict):
        return {key: without(secrets, item) for key, item in value.items()}
    if isinstance(value, list):
        return [without(secrets, item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    if text in secrets:
        return HIDDEN
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN) if len(secret) >= SHORT else text
    return text if text != str(value) else value
