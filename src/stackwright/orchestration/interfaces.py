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
        """'' if the value keeps the rule; otherwise how a sentence about it ends: 'must be ...'."""


Lookup = Callable[[str, Any], str]
"""A custom constraint by name (nova.flavor) and a value: what is wrong ('names no flavor'), or ''. Offline it is ''."""


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
    def old(self) -> Sequence[str]:
        """Names that it once had, which templates may still use."""

    @property
    def null(self) -> Any:
        """What a null stands for where it is not the same as leaving the property out; otherwise None."""

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
    def properties(self) -> Mapping[str, Property]:
        """By name. `*` among them: any others are accepted and left out."""

    @property
    def update_policy(self) -> Property | None:
        """What an update_policy may say; None if that is not looked at."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """What get_attr may ask for, each with its description. `*` among them: anything; `show` needs no mention."""


class ResourceTypes(Protocol):
    """The catalogue. The module `stackwright.orchestration.types` is one."""

    def find(self, name: str) -> ResourceType | None:
        """The type of this name, or None if it is not known at all."""

    def names(self) -> Sequence[str]:
        """All known names, for the nearest one to a mistake."""


class Context(Protocol):
    """The values of one stack, as functions ask for them. Errors are TemplateErrors that name what is missing."""

    @property
    def functions(self) -> Mapping[str, Function]:
        """The functions of the template's version."""

    @property
    def condition_functions(self) -> Mapping[str, Function]:
        """Those that a condition may use."""

    def get_param(self, name: str) -> Any:
        """The value of a parameter, or of a pseudo parameter."""

    def get_resource(self, name: str) -> Any:
        """What stands for the resource where another one names it: its id, as text, or Unknown."""

    def get_attr(self, name: str, path: Sequence[Any]) -> Any:
        """The value of an attribute and of what `path` names inside it; all attributes for an empty path.

        None if there is no such thing inside; Unknown if it exists only later.
        """

    def has_resource(self, name: str) -> bool:
        """Whether the template has a resource of this name."""

    def get_file(self, name: str) -> Any:
        """The text of a file beside the template."""

    def condition(self, name: str) -> bool:
        """Whether the condition of this name holds."""

    def facade(self, name: str) -> Any:
        """metadata, deletion_policy or update_policy of the resource that this template stands in for."""

    def zones(self) -> Sequence[str]:
        """The availability zones."""

    def spend(self, amount: int) -> None:
        """Count work: values and characters made. Raises TemplateError once it is more than a template may take."""


class Function(Protocol):
    """A function of templates: `{NAME: ARGUMENTS}`."""

    @property
    def lazy(self) -> bool:
        """It is given its arguments as written, and evaluates what it needs."""

    @property
    def whole(self) -> bool:
        """Its result is unknown as soon as anything inside its arguments is."""

    @property
    def call(self) -> Callable[[Any, Context], Any]: ...
