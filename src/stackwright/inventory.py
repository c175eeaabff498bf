# SPDX-License-Identifier: Apache-2.0
"""The instances as hosts of a playbook: what the collection's inventory plugin asks for, in one answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.cloud import Cloud
from stackwright.engine.resource import Resource
from stackwright.engine.view import Picture
from stackwright.present import facts

FACTS: Mapping[str, Any] = {
    "id": "",
    "name": "",
    "project": "",
    "stack": "",
    "label": "",
    "status": "",
    "message": "",
    "power_state": "unknown",
    "host": "",
    "availability_zone": "",
    "image": "",
    "flavor": "",
    "keypair": None,
    "security_groups": None,
    "metadata": {},
    "tags": [],
    "description": "",
    "addresses": [],
}
"""What is told of an instance, and what stands for it where there is none."""


def instances(cloud: Cloud, project: str = "") -> list[dict[str, Any]]:
    """FACTS of all instances that are to be there, or of those of one project. Raises NotFound for an unknown one."""
    picture = cloud.picture()
    seen = {row.id for row in cloud.find("instance", project=project)} if project else picture.resources.keys()
    rows = [row for row in picture.resources.values() if row.kind == "instance" and row.wanted and row.id in seen]
    powers = cloud.power_states(rows) if rows else {}
    return [{**_told(row, picture), "power_state": powers[row.id]} for row in sorted(rows, key=_by_name)]


def _by_name(instance: Resource) -> tuple[str, str]:
    return instance.name, instance.id


def _told(instance: Resource, picture: Picture) -> dict[str, Any]:
    known = facts(instance, picture)
    told = {key: known.get(key, nothing) for key, nothing in FACTS.items()}
    return {**told, "stack": _stack(instance, picture), "availability_zone": _zone(instance, picture)}


def _stack(resource: Resource, picture: Picture) -> str:
    """Name of the stack that it is part of, the outermost: that is the one which somebody declared."""
    name = ""
    while resource.owner in picture.resources:
        resource = picture.resources[resource.owner]
        name = resource.name if resource.kind == "stack" else name
    return name


def _zone(instance: Resource, picture: Picture) -> str:
    """Where it is; where it shall be, as long as it has no host."""
    asked: str = instance.spec["availability_zone"] or ""
    return str(picture.host(instance.host).spec["availability_zone"]) if instance.host in picture.by_name else asked
