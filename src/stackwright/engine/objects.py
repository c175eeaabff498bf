# SPDX-License-Identifier: Apache-2.0
"""Backend objects as plain values: what `render` desires and what a driver observes are the same types.

A driver subclasses `Object` with frozen dataclasses. How a field compares is declared beside the field, by `rule`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

CLOUD = "shared"
"""The resource that marks what belongs to the whole cloud and to no resource of it."""


class Identity(NamedTuple):
    """What makes an object the same one in two observations: its type, where it is, and its name there."""

    type: str
    place: str
    name: str

    def __str__(self) -> str:
        return f"{self.type} {self.name}" + (f" on {self.place}" if self.place else "")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field of an object is compared and changed.

    ignore: the backend fills it in, or it only serves creation; never a difference.
    replace: the backend cannot change it; the object must be made anew.
    loses: decides from (observed, desired) what such a change destroys, as words for the user ('' is nothing).
    same: equality, called as same(desired, observed); the default is ==.
    secret: a change is reported, its values never.
    """

    ignore: bool = False
    replace: bool = False
    loses: Callable[[Any, Any], str] | None = None
    same: Callable[[Any, Any], bool] | None = None
    secret: bool = False


EXACT = Rule()


def rule(
    *,
    default: Any = dataclasses.MISSING,
    ignore: bool = False,
    replace: bool = False,
    loses: Callable[[Any, Any], str] | None = None,
    same: Callable[[Any, Any], bool] | None = None,
    secret: bool = False,
) -> Any:
    """Declare a dataclass field together with its `Rule`."""
    declared = Rule(ignore=ignore, replace=replace, loses=loses, same=same, secret=secret)
    return dataclasses.field(default=default, metadata={"rule": declared})


@dataclass(frozen=True, kw_only=True)
class Object:
    """One thing that a backend holds.

    driver: name of the driver that holds this type.
    batch: changes of this type at one place go to the driver together, as one transaction.
    spread: every host has the very same object; one that does not answer gets it when it is registered again.
    shared: several resources may need the very same object (a cached image), so whoever makes it holds a lease on it.
    moves: what has this type and name at another place is moved to where it is wanted, and not made anew.
    place: name of the host that holds it; '' for what the whole cloud shares.
    name: unique within type and place.
    resource: id of the resource that it belongs to, as marked in the backend; '' for what bears no mark (a host).
    """

    driver: ClassVar[str]
    batch: ClassVar[bool] = False
    shared: ClassVar[bool] = False
    moves: ClassVar[bool] = False
    spread: ClassVar[bool] = False

    place: str = ""
    name: str
    resource: str = rule(ignore=True)

    @property
    def identity(self) -> Identity:
        """Where and what this is."""
        return Identity(type(self).__name__, self.place, self.name)

    def needs(self) -> Iterable[Identity]:
        """Objects that must be there before this one, and go only after it."""
        return ()

    def kept_elsewhere(self) -> bool:
        """Whether this, desired, stands for one that is to go with nothing lost, as what it holds is somewhere else."""
        return False

    def holds(self) -> str:
        """What would be lost with it, in words for the user; '' for nothing that could not be made again."""
        return ""

    def whole(self) -> bool:
        """Whether it is all there. What is not yet, after a move that broke off, is where it came from."""
        return True

    def describe(self) -> dict[str, Any]:
        """The compared fields as plain data for people; secrets masked."""
        return {
            name: "(secret)" if how.secret else getattr(self, name)
            for name, how in rules(type(self)).items()
            if not how.ignore
        }


_rules: dict[type[Object], dict[str, Rule]] = {}


def rules(of: type[Object]) -> dict[str, Rule]:
    """The rule of every field of an object type, in declaration order, without its identity."""
    if of not in _rules:
        _rules[of] = {
            field.name: field.metadata.get("rule", EXACT)
            for field in dataclasses.fields(of)
            if field.name not in ("place", "name")
        }
    return _rules[of]


class Action(StrEnum):
    """What happens to an object; a closed list."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not as desired."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One step from what is observed to what is desired. Running, printing and drift reports all read this.

    object: the desired object; for a delete, the observed one.
    before: the observed object; None for a create. Where it is at another place, the object is moved from there.
    differences: what is not as desired, for update and replace.
    reason: for people only, nothing decides by it.
    loses: what would be destroyed, in words; '' when nothing is.
    """

    action: Action
    object: Object
    before: Object | None = None
    differences: tuple[Difference, ...] = ()
    reason: str = ""
    loses: str = ""

    @property
    def moves(self) -> bool:
        """Whether the object comes from another place; what is left there goes by a deletion of its own."""
        return self.before is not None and self.before.place != self.object.place

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that differ."""
        return frozenset(difference.field for difference in self.differences)
