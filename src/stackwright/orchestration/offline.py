# SPDX-License-Identifier: Apache-2.0
"""What a template comes to without a cloud: resources and properties; what a cloud would choose is unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from stackwright.engine.resource import Resource, Wish
from stackwright.orchestration import hidden
from stackwright.orchestration.expand import Expanded, Expansion, Next
from stackwright.orchestration.files import Files
from stackwright.orchestration.nodes import Generated, Leaf, Unit
from stackwright.orchestration.stack import Source
from stackwright.orchestration.template import ResourceDefinition
from stackwright.orchestration.types.base import Surroundings, Type
from stackwright.orchestration.values import Unknown, told

NAME = "stack"
"""The name of a stack that is not there."""


@dataclass(frozen=True)
class Pending:
    """A resource that nobody declared. Implements `nodes.Node`."""

    path: str
    secret: bool = False

    def reference(self) -> Any:
        return Generated(self.path, "id") if self.secret else Unknown(self.path, "id")

    def attribute(self, path: Sequence[Any]) -> Any:
        later = Generated if self.secret else Unknown
        return later(self.path, ".".join(map(str, path)) or "show")

    def leaves(self) -> Iterator[Leaf]:
        yield from ()


@dataclass(frozen=True)
class Preview:
    """resources: {path, type, properties} each, in the order in which they can be made. outputs: by name."""

    resources: Sequence[Mapping[str, Any]]
    outputs: Mapping[str, Any]


def preview(source: Source) -> Preview:
    """The resources and outputs of a template, without what it hides. Raises TemplateError."""
    secrets = hidden.values(source.template, source.environment)
    expansion = _Offline(source.files)
    waves = expansion.waves(source)
    try:
        wave = next(waves)
        while True:
            wave = waves.send(cast("list[Resource]", wave))  # nobody looks at the rows
    except StopIteration as end:
        return Preview(hidden.without(secrets, expansion.told), hidden.without(secrets, end.value["outputs"]))


class _Offline(Expansion):
    formed = False

    def __init__(self, files: Files) -> None:
        nothing = cast("Surroundings", None)
        super().__init__(Expanded(id="(stack)", name=NAME, project="(project)", look=nothing, before={}), files)
        self.told: list[dict[str, Any]] = []

    def _wish(self, unit: Unit, definition: ResourceDefinition, known: Type, values: Mapping[str, Any]) -> Next:
        key = "/".join((*unit.path, definition.name))
        self.told.append({"path": key, "type": known.name, "properties": told(dict(values))})
        return Next(unit, definition.name, known, Wish(known.kind, key), kept=False)

    def _taken_over(self, unit: Unit, definition: ResourceDefinition, known: Type) -> None:
        unit.nodes[definition.name] = Pending("/".join((*unit.path, definition.name)))
        self._finish(unit, definition.name)

    def _settle(self, item: Next, row: Resource) -> None:
        item.unit.nodes[item.name] = Pending(item.wish.key, item.type.secret)
        self._finish(item.unit, item.name)
