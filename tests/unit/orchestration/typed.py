# SPDX-License-Identifier: Apache-2.0
"""Resource types as a stack uses them: properties checked, turned into a spec, held against the kind's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stackwright.engine.resource import Resource
from stackwright.kinds import KINDS
from stackwright.orchestration.properties import checked
from stackwright.orchestration.types import TYPES
from stackwright.orchestration.types.base import Asked, Type


class Known:
    """A cloud of resources that a test made up."""

    def __init__(self, *resources: Resource) -> None:
        self.resources = {item.id: item for item in resources}

    def get(self, resource_id: str) -> Resource:
        return self.resources[resource_id]

    def children(self, owner: str, kind: str) -> list[Resource]:
        return [item for item in self.resources.values() if (item.owner, item.kind) == (owner, kind)]

    def visible(self, kind: str, project: str) -> list[Resource]:
        return [item for item in self.resources.values() if item.kind == kind]

    def referrers(self, resource_id: str, kind: str) -> list[Resource]:
        found = [item for item in self.resources.values() if item.kind == kind]
        return [item for item in found if resource_id in f"{item.spec}{item.attributes}"]


def resource(kind: str, id_: str, attributes: Mapping[str, Any] | None = None, **spec: Any) -> Resource:
    """A resource of a project."""
    return Resource(id_, kind, "project", "", id_, f"{id_}-name", spec, attributes or {})


def errors(type_: str, properties: Mapping[str, Any]) -> list[str]:
    """What is wrong with the properties of a type."""
    return [str(error) for error in checked(TYPES[type_].properties, properties)[1]]


def asked(type_: str, properties: Mapping[str, Any], **options: Any) -> Asked:
    """A resource of a template, ready to be declared."""
    found, wrong = checked(TYPES[type_].properties, properties)
    assert [str(error) for error in wrong] == []
    return replace(Asked("stack-it-0a1b2c3d", found, {}, Known(), "project"), **options)


def spec(type_: str, properties: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """What a type makes of properties. It is a whole spec of its kind, with names for references."""
    known: Type = TYPES[type_]
    made = dict(known.spec(asked(type_, properties, **options)))
    validated = KINDS[known.kind].validate(made, lambda kind, name: name)
    assert validated.keys() >= made.keys()
    return made
