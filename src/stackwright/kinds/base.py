# SPDX-License-Identifier: Apache-2.0
"""What every kind has in common: a spec with its field rules, and the defaults of the hooks that the engine calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from stackwright.engine.batches import Group
from stackwright.engine.errors import InvalidInput
from stackwright.engine.hooks import Hook
from stackwright.engine.kind import Allocator, Waves
from stackwright.engine.objects import Object
from stackwright.engine.resource import Resource, Wish
from stackwright.scheduler.candidate import Candidate, Placement

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
        if not value:
            raise ValueError(f"names no {self.kind}; give a name or an id")
        if not info.context:
            return value
        resolved: str = info.context["resolve"](self.kind, value)
        return resolved


class Spec(BaseModel):
    """What a user may say about a kind; an unknown field is an error.

    '' clears an option whose default is None. with_empty: names of those where it is a value of its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    with_empty: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _clear(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        optional = {name for name, field in cls.model_fields.items() if field.default is None} - {*cls.with_empty}
        return {name: None if value == "" and name in optional else value for name, value in given.items()}

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
    touches: ClassVar[tuple[str, ...]] = ()
    everywhere: ClassVar[bool] = False
    telling: ClassVar[bool] = False
    secret: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ()

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

    def waves(self, resource: Resource, allocator: Allocator) -> Waves | None:
        """It knows its children at once."""
        return None

    def keeps(self, resource: Resource) -> Collection[str]:
        """Its children go with it."""
        return ()

    def sequence(self, resource: Resource) -> Mapping[str, Collection[str]]:
        """Only physical needs order its children."""
        return {}

    def groups(self, resource: Resource) -> Iterable[Group]:
        """All of its children at a time."""
        return ()

    def hooks(self, resource: Resource) -> Iterable[Hook]:
        """Nowhere."""
        return ()

    def founds(self, project: Resource) -> Iterable[Wish]:
        """It is no project."""
        return ()

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """It needs nothing allocated."""
        return resource.attributes

    def placement(self, resource: Resource, allocator: Allocator) -> Placement | None:
        """It lives on no host."""
        return None

    def precedence(self, resource: Resource, allocator: Allocator) -> int:
        """It is not placed, so others do not matter."""
        return 0

    def candidates(
        self, resources: Iterable[Resource], used: Mapping[tuple[str, str], int], allocator: Allocator
    ) -> list[Candidate]:
        """It is no host."""
        return []

    def quota(self, resource: Resource) -> Mapping[str, int]:
        """It counts as one of its kind."""
        return {} if self.cloud_wide else {f"{self.name}s": 1}

    def removable(self, resource: Resource, allocator: Allocator) -> None:
        """It is, once nothing refers to it."""

    def unborn(self, resource: Resource) -> bool:
        """What there is of it stays."""
        return False

    def learn(self, resource: Resource, objects: Iterable[Object]) -> Mapping[str, Any]:
        """The backends know nothing that we do not."""
        return resource.attributes

    def capacity(self, resource: Resource) -> Mapping[str, int]:
        """It is no host."""
        return {}


def additions(resource: Resource, kind: str, field: str, allocator: Allocator) -> list[Resource]:
    """What resources of a kind add to this one: those whose spec names it in `field`, by key."""
    return [item for item in allocator.referrers(resource.id, kind) if item.spec[field] == resource.id]


def _sentence(error: ValidationError, spec: type[Spec]) -> str:
    """What is wrong, in one sentence that names the option; an unknown one first, as it explains a missing one."""
    found = error.errors(include_url=False, include_context=False)
    first = next((item for item in found if item["type"] == "extra_forbidden"), found[0])
    path = [part for part in first["loc"] if not str(part).startswith(("function-", "constrained-"))]
    where = ".".join(map(str, path))
    if first["type"] == "extra_forbidden":
        return f"unknown option {where}; {_hint(path, spec)}"
    if first["type"] == "missing":
        return f"option {where} is missing"
    words = first["msg"].removeprefix("Value error, ")
    return f"option {where}: {words}" if where else words


def _hint(path: list[int | str], spec: type[Spec]) -> str:
    """What somebody who wrote an unknown option may have meant."""
    *outer, wrong = path
    for part in outer:
        if part in spec.model_fields:
            spec = _nested(spec.model_fields[str(part)].annotation) or spec
    near = get_close_matches(str(wrong), spec.model_fields, 1)
    return f"did you mean {near[0]}?" if near else f"known are: {', '.join(spec.model_fields)}"


def _nested(annotation: Any) -> type[Spec] | None:
    """The spec that an option consists of, perhaps in a list."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation
    return next((found for part in get_args(annotation) if (found := _nested(part))), None)
