# SPDX-License-Identifier: Apache-2.0
"""What a resource type is: from the properties of a template to the spec of a kind, and back to attributes.

Whoever expands a template checks a resource's properties (`properties.checked`) and hands them over as `Asked`;
`Type.label` and `Type.spec` then give the wish. Values are known by then: a resource is declared after those that it
refers to. What a property needs that is not here is said by its constraints, so `checked` refuses it with its place;
what takes more than one property to see is refused by `spec`, which raises InvalidInput. Names of networks, images and
so on are looked up by the kinds, so `checked` needs no lookup for them.

The order that no reference tells is in `Type.after`: `Rule.holds(mine, theirs)` says whether a resource comes after
another one of the template. It takes the properties as `checked` gives them, also with unknown values in them: two
that name the same resource are equal (`Unknown("net", "id")`).

Whatever changes, a resource stays the same one: what a backend cannot change in place is replaced there, under its id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Resource
from stackwright.orchestration.interfaces import Constraint, Lookup, PropertyType
from stackwright.orchestration.problem import unknown_name

Properties = Mapping[str, Any]


class Look(Protocol):
    """What a type may look at."""

    def get(self, resource_id: str) -> Resource:
        """A resource as it is declared and allocated so far. Raises KeyError where there is none."""

    def children(self, owner: str, kind: str) -> list[Resource]:
        """What this owner declared of one kind, by key."""

    def referrers(self, resource_id: str, kind: str) -> list[Resource]:
        """Wanted resources of one kind that refer to this one."""


class Surroundings(Look, Protocol):
    """What a type may look at while its resource is declared."""

    def visible(self, kind: str, project: str) -> list[Resource]:
        """Every wanted resource of one kind that a project may use."""


@dataclass(frozen=True)
class Asked:
    """One resource of a template, ready to be declared.

    name: the one that it gets when the template gives none. project: whose it is to be.
    suspended: the stack is, so its servers are stopped.
    before: the row that is recorded for it, None if it is new; what the template leaves open stays as it is there.
    """

    name: str
    properties: Properties
    metadata: Mapping[str, Any]
    look: Surroundings
    project: str = ""
    suspended: bool = False
    before: Resource | None = None


@dataclass(frozen=True)
class Prop:
    """What a property may hold; see interfaces.Property."""

    type: PropertyType = "string"
    description: str = ""
    required: bool = False
    default: Any = None
    constraints: Sequence[Constraint] = ()
    schema: Mapping[str, Prop] | Prop | None = None
    old: Sequence[str] = ()
    null: Any = None


@dataclass(frozen=True)
class Lacking:
    """The constraint of a property that means nothing here: only what asks for nothing is accepted.

    words: how the sentence about a value ends: "needs the service volumes". but: values that ask for nothing.
    """

    words: str
    but: tuple[Any, ...] = ()
    description: str = ""

    def check(self, value: Any, lookup: Lookup) -> str:
        """'' for what is empty or asks for nothing."""
        return "" if value in ("", [], {}) or value in self.but else self.words


@dataclass(frozen=True)
class Attribute:
    """What get_attr may ask for."""

    description: str
    get: Callable[[Resource, Look], Any] = lambda resource, look: None


@dataclass(frozen=True)
class Rule:
    """A resource comes after all of these types; with properties, after those where one names the same as here.

    here, there: paths of properties, `networks.network`, of the resource and of the one that comes before it.
    """

    types: tuple[str, ...]
    here: tuple[str, ...] = ()
    there: tuple[str, ...] = ()

    def holds(self, mine: Properties, theirs: Properties) -> bool:
        """Whether a resource with the properties `mine` comes after one of `types` with the properties `theirs`."""
        if not self.here:
            return True
        named = [value for path in self.here for value in _at(mine, path.split("."))]
        return any(value in named for path in self.there for value in _at(theirs, path.split(".")))


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    """Every value that a path leads to, through all items of lists."""
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif not path:
        yield from () if value in (None, "") else (value,)
    elif isinstance(value, Mapping):
        yield from _at(value.get(path[0]), path[1:])


def called(asked: Asked) -> str:
    """The property `name`, or the name that a resource gets without one."""
    return str(asked.properties.get("name") or asked.name)


def its_id(resource: Resource, look: Look) -> Any:
    """The id of a resource."""
    return resource.id


def no_spec(asked: Asked) -> Mapping[str, Any]:
    """A type without a kind is not declared itself."""
    raise InvalidInput(f"{asked.name} is of a type that cannot be had here")


SHOW = "show"
ANY = "*"
SECRETS = ("user_data", "personality", "private_key", "made_before")


@dataclass(frozen=True)
class Type:
    """A resource type.

    kind: what its resources are; '' for one that is missing here, or is made of others.
    values: its attributes by name, `*` for any others.
    spec: from properties to the kind's spec, with every field that the type knows of, so that what is removed from a
      template is cleared. Raises InvalidInput.
    label: the resource's name. reference: what get_resource gives.
    service: '' where it can be had; otherwise what is missing: "volumes".
    made_of: "group", "chain" or "stack" where a resource consists of others.
    secret: its value is generated, and shown as "(generated)" in a preview.
    update_policy: what may be said there; None where it is not looked at.
    """

    name: str
    kind: str = ""
    properties: Mapping[str, Prop] = field(default_factory=dict)
    values: Mapping[str, Attribute] = field(default_factory=dict)
    spec: Callable[[Asked], Mapping[str, Any]] = no_spec
    label: Callable[[Asked], str] = called
    reference: Callable[[Resource, Look], Any] = its_id
    after: tuple[Rule, ...] = ()
    service: str = ""
    made_of: str = ""
    secret: bool = False
    update_policy: Prop | None = None

    @property
    def attributes(self) -> Mapping[str, str]:
        """What get_attr may ask for, each with its description."""
        return {name: item.description for name, item in self.values.items()}

    def attribute(self, name: str, resource: Resource, look: Look) -> Any:
        """The value of an attribute, or of `show`: what was declared and allocated, and all attributes."""
        if name == SHOW and SHOW not in self.values:
            return self._show(resource, look)
        found = self.values.get(name) or self.values.get(ANY)
        if found is None:
            raise unknown_name(f"attribute of {self.name}", name, self.values)
        return found.get(resource, look)

    def _show(self, resource: Resource, look: Look) -> dict[str, Any]:
        told = {"id": resource.id, "name": resource.name} | {**resource.spec, **resource.attributes}
        told |= {name: item.get(resource, look) for name, item in self.values.items() if name != ANY}
        return {name: value for name, value in told.items() if name not in SECRETS}
