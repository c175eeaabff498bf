# SPDX-License-Identifier: Apache-2.0
"""What every kind has in common: a spec with its field rules, and the defaults of the hooks that the engine calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from stackwright.engine.errors import InvalidInput
from stackwright.engine.kind import Allocator
from stackwright.engine.objects import Object
from stackwright.engine.resource import Resource, Wish

Resolve = Callable[[str, str], str]

NAME_PATTERN = r"^[^\x00-\x1f\x7f]{1,255}$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]


class Ref:
    """Marks a spec field as a reference to a resource of another kind, by name or id.

    Validation with a `resolve` function in its context turns what the user wrote into the resource's id.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._resolve, handler(source))

    def _resolve(self, value: str, info: ValidationInfo) -> str:
        if not value or not info.context:
            return value
        resolved: str = info.context["resolve"](self.kind, value)
        return resolved


class Spec(BaseModel):
    """What a user may say about a kind; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def of(cls, resource: Resource) -> Self:
        """The typed spec of a recorded resource."""
        return cls.model_validate(dict(resource.spec))


class Kind:
    """The defaults of `engine.kind.Kind`, which says what each hook means."""

    name: ClassVar[str]
    spec: ClassVar[type[Spec]]
    cloud_wide: ClassVar[bool] = False
    alias: ClassVar[str] = ""
    affects: ClassVar[tuple[str, ...]] = ()
    everywhere: ClassVar[bool] = False

    def validate(self, spec: Mapping[str, Any], resolve: Resolve) -> dict[str, Any]:
        """The spec as JSON data, with references resolved. Raises InvalidInput in one sentence."""
        try:
            return self.spec.model_validate(dict(spec), context={"resolve": resolve}).model_dump(mode="json")
        except ValidationError as error:
            raise InvalidInput(_sentence(error, self.spec)) from error

    def shared(self, resource: Resource) -> bool:
        """Its own project alone may refer to it."""
        return False

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """Nothing is left to fill in."""
        return wish.spec

    def children(self, resource: Resource) -> Iterable[Wish]:
        """It declares nothing itself."""
        return ()

    def founds(self, project: Resource) -> Iterable[Wish]:
        """It is no project."""
        return ()

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """It needs nothing allocated."""
        return resource.attributes

    def demand(self, resource: Resource) -> Mapping[str, int] | None:
        """It lives on no host."""
        return None

    def zone(self, resource: Resource) -> str:
        """It may be anywhere."""
        return ""

    def quota(self, resource: Resource) -> Mapping[str, int]:
        """It counts as one of its kind."""
        return {} if self.cloud_wide else {f"{self.name}s": 1}

    def removable(self, resource: Resource, allocator: Allocator) -> None:
        """It is, once nothing refers to it."""

    def learn(self, resource: Resource, objects: Iterable[Object]) -> Mapping[str, Any]:
        """The backends know nothing that we do not."""
        return resource.attributes

    def capacity(self, resource: Resource) -> Mapping[str, int]:
        """It is no host."""
        return {}


def _sentence(error: ValidationError, spec: type[Spec]) -> str:
    """The first thing that is wrong, as pydantic found it, in one sentence that names the option."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("function-", "constrained-")))
    if first["type"] == "extra_forbidden":
        near = get_close_matches(where, spec.model_fields, 1)
        return f"unknown option {where}; " + (
            f"did you mean {near[0]}?" if near else f"known are: {', '.join(spec.model_fields)}"
        )
    if first["type"] == "missing":
        return f"option {where} is missing"
    words = first["msg"].removeprefix("Value error, ")
    return f"option {where}: {words}" if where else words
