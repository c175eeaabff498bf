# SPDX-License-Identifier: Apache-2.0
"""Which resource needs which: by depends_on, and by naming it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from stackwright.orchestration.context import StackContext
from stackwright.orchestration.problem import TemplateError, inside, unknown_name
from stackwright.orchestration.template import ResourceDefinition
from stackwright.orchestration.values import Unknown

SECTIONS = ("properties", "metadata", "update_policy", "external_id")
"""What of a resource may name others."""


@dataclass(frozen=True)
class Draft:
    """A resource before any other exists: whom it needs, and its properties with unknown values for what they give."""

    needs: frozenset[str]
    properties: Any


def dependencies(context: StackContext) -> dict[str, frozenset[str]]:
    """For every resource of the stack the names of those it needs. Raises TemplateError, also for a circle."""
    return {name: draft.needs for name, draft in drafts(context).items()}


def drafts(context: StackContext) -> dict[str, Draft]:
    """Every resource of the stack as it can be known beforehand. Raises TemplateError, also for a circle."""
    definitions = context.resources()
    recorder = _Recorder(context)
    found = {}
    for name, definition in definitions.items():
        explicit = _explicit(definition, context) & definitions.keys()
        found[name] = recorder.draft(definition, explicit)
    with inside(file=context.template.file):
        ordered({name: draft.needs for name, draft in found.items()})
    return found


class _Recorder:
    """Evaluates the values of resources and notes whom they ask for. Of an `if`, only the branch that is taken asks."""

    def __init__(self, context: StackContext) -> None:
        self._found: set[str] = set()
        self._context = replace(context, reference=self._reference, attribute=self._attribute)

    def draft(self, definition: ResourceDefinition, explicit: frozenset[str]) -> Draft:
        """What a resource names, and what it is given."""
        self._found.clear()
        values = {section: self._value(definition, section) for section in SECTIONS}
        return Draft(explicit | self._found, values["properties"])

    def _value(self, definition: ResourceDefinition, section: str) -> Any:
        value = getattr(definition, section)
        if not value:
            return value
        return self._context.value(value, "resources", definition.name, section, line=definition.line)

    def _reference(self, name: str) -> Unknown:
        self._found.add(name)
        return Unknown(name, "id")

    def _attribute(self, name: str, path: Sequence[Any]) -> Unknown:
        self._found.add(name)
        return Unknown(name, ".".join(map(str, path)))


def ordered(graph: Mapping[str, frozenset[str]]) -> list[str]:
    """The resources, each after those it needs. Raises TemplateError that names a circle."""
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise TemplateError(f"resources need each other in a circle: {circle}", ("resources",)) from error


def _explicit(definition: ResourceDefinition, context: StackContext) -> frozenset[str]:
    with inside("resources", definition.name, "depends_on", line=definition.line, file=context.template.file):
        for name in definition.depends_on:
            if not context.has_resource(name):
                raise unknown_name("resource", name, context.template.resources)
    return frozenset(definition.depends_on)
