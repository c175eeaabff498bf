# SPDX-License-Identifier: Apache-2.0
"""What the template language needs of others: the catalogue of resource types, and the values of a stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

PropertyType = Literal["string", "integer", "number", "boolean", "list", "map", "any"]


class Constraint(Protocol):
    """One rule for a value, as parameters and properties have it."""

    @property
    def description(self) -> str:
        """What a person is told instead of the rule, or ''."""

    def check(self, value: Any, lookup: Lookup) -> str:
        """What is expected of the value, as a clause ('must be ...'), or '' if the value keeps the rule."""


Lookup = Callable[[str, Any], str]
"""A custom constraint by name (nova.flavor) and a value: what is wrong, or ''. Offline it answers ''."""


class Property(Protocol):
    """What a property of a resource may hold."""

    @property
    def type(self) -> PropertyType: ...

    @property
    def required(self) -> bool: ...

    @property
    def default(self) -> Any: ...

    @property
    def constraints(self) -> Sequence[Constraint]: ...

    @property
    def schema(self) -> Mapping[str, Property] | Property | None:
        """Of a map its properties by name, of a list what every item is; None where anything goes."""

    @property
    def updatable(self) -> bool:
        """False where a change means a replacement."""

    @property
    def description(self) -> str: ...


class ResourceType(Protocol):
    """A resource type as templates know it."""

    @property
    def name(self) -> str: ...

    @property
    def service(self) -> str:
        """'' where the type can be had; otherwise the name of the service that is missing."""

    @property
    def properties(self) -> Mapping[str, Property]: ...

    @property
    def attributes(self) -> Mapping[str, str]:
        """What get_attr may ask for, each with its description."""


class ResourceTypes(Protocol):
    """The catalogue. The module `stackwright.orchestration.types` is one."""

    def find(self, name: str) -> ResourceType | None:
        """The type of this name, or None if it is not known at all."""

    def names(self) -> Sequence[str]:
        """All known names, for the nearest one to a mistake."""
