# SPDX-License-Identifier: Apache-2.0
"""What the engine needs to know of a kind. The kinds themselves are handed in; the engine imports none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from typing import Any, ClassVar, Protocol

from stackwright.engine.batches import Group
from stackwright.engine.hooks import Hook
from stackwright.engine.objects import Object
from stackwright.engine.resource import Resource, View, Wish
from stackwright.scheduler.candidate import Candidate, Placement


class Allocator(Protocol):
    """What allocation may ask for. All of it happens in one transaction, so what is taken stays taken.

    What a resource holds and does not take again in its `allocate` is given back after it.
    """

    mtu: int
    per_host: bool
    """Whether networks live on the hosts themselves: see `Traits`."""
    preview: bool
    """Whether nothing of this is kept: what is generated now is not what will be."""

    def get(self, resource_id: str) -> Resource:
        """A resource, with what this transaction has declared and allocated so far."""

    def children(self, owner: str, kind: str) -> list[Resource]:
        """What this owner declared of one kind, by key."""

    def offspring(self, owner: str) -> list[Resource]:
        """Everything that this owner declared, also what is on its way out."""

    def visible(self, kind: str, project: str, name: str = "") -> list[Resource]:
        """Every wanted resource of a kind that a project may use, or those of this name."""

    def every(self, kind: str) -> list[Resource]:
        """Every wanted resource of a kind, in whatever project."""

    def referrers(self, resource_id: str, kind: str) -> list[Resource]:
        """Wanted resources of one kind that refer to this one."""

    def leaving(self, resources: Iterable[Resource]) -> list[str]:
        """Names of the hosts that they are on their way from, and may be found to have stayed on; of each its own."""

    def take(self, resource: Resource, pool: str, key: str) -> str:
        """Reserve one value. Raises Conflict, naming who has it."""

    def take_first(
        self, resource: Resource, pool: str, now: Iterable[str], candidates: Iterable[str], what: str
    ) -> str:
        """Keep the first of `now` that this resource holds and did not take again yet; or reserve a free candidate.

        Raises Exhausted, naming `what` there is none left of.
        """

    def mac(self, resource: Resource, slot: str = "") -> str:
        """A MAC address for this resource: the same one each time for the same slot."""


Waves = Generator[list[Wish], list[Resource], Mapping[str, Any]]
"""Lists of wishes; each is answered with its resources, declared and allocated, or with the error that there was.

In the end it returns attributes."""


class Kind(Protocol):
    """One thing that can be declared.

    cloud_wide: the resource belongs to no project and every project sees it.
    alias: a spec field that finds the resource as its name does.
    affects: kinds of referrers that have to be looked at again when a resource of this kind changes.
    touches: kinds of what it refers to that have to be looked at again when a resource of this kind changes or goes:
        those that it adds something to. What is touched may not touch anything itself.
    everywhere: what it holds may be on any host (an image's cached copies).
    telling: its attributes are for people: what has the form of an id in them refers to nothing.
    secret: names of fields of its spec, and of attributes, that the registry keeps in encrypted form.
    columns: what a list shows of it besides name and status.
    """

    name: ClassVar[str]
    cloud_wide: ClassVar[bool]
    alias: ClassVar[str]
    affects: ClassVar[tuple[str, ...]]
    touches: ClassVar[tuple[str, ...]]
    everywhere: ClassVar[bool]
    telling: ClassVar[bool]
    secret: ClassVar[tuple[str, ...]]
    columns: ClassVar[tuple[str, ...]]

    def validate(self, spec: Mapping[str, Any], resolve: Callable[[str, str], str]) -> dict[str, Any]:
        """The spec as JSON data, every reference passed through `resolve(kind, name)`. Raises InvalidInput."""

    def shared(self, resource: Resource) -> bool:
        """Whether projects other than its own may refer to it."""

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """The spec with what the user left to us filled in. Raises InvalidInput where the wish makes no sense."""

    def children(self, resource: Resource) -> Iterable[Wish]:
        """What this resource declares in its own name: an instance its ports."""

    def waves(self, resource: Resource, allocator: Allocator) -> Waves | None:
        """As `children`, for what finds out on the way what it declares: each list may depend on those before it.

        None for kinds that know their children at once. What is not declared any more goes, as with `children`.
        """

    def keeps(self, resource: Resource) -> Collection[str]:
        """Ids of children that stay, as their project's own, when it stops declaring them."""

    def sequence(self, resource: Resource) -> Mapping[str, Collection[str]]:
        """Id of a child -> what the user wants to be there before it, and to go after it: ids of children.

        Another name than an id may stand for several: it has an entry of its own that says for which."""

    def groups(self, resource: Resource) -> Iterable[Group]:
        """Children that are not to be made or changed all at a time."""

    def hooks(self, resource: Resource) -> Iterable[Hook]:
        """Where the user wants to be asked before more is done to its children."""

    def founds(self, project: Resource) -> Iterable[Wish]:
        """What a new project starts with, as its own: its default security group."""

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """The attributes: everything about it that only we can choose."""

    def placement(self, resource: Resource, allocator: Allocator) -> Placement | None:
        """What it takes from a host, and which host that may be; None when it lives on none."""

    def precedence(self, resource: Resource, allocator: Allocator) -> int:
        """Of one kind and request those with the lowest are allocated first: what has least choice."""

    def candidates(
        self, resources: Iterable[Resource], used: Mapping[tuple[str, str], int], allocator: Allocator
    ) -> list[Candidate]:
        """Its resources as placement sees them, if they are hosts. used: (id, class) -> what is claimed."""

    def quota(self, resource: Resource) -> Mapping[str, int]:
        """What it counts for against the quota of its project: class -> amount."""

    def removable(self, resource: Resource, allocator: Allocator) -> None:
        """Raises Conflict where deleting it makes no sense although nothing refers to it."""

    def unborn(self, resource: Resource) -> bool:
        """Whether it never was there as a whole: what there is of it may be thrown away and made elsewhere."""

    def learn(self, resource: Resource, objects: Iterable[Object]) -> Mapping[str, Any]:
        """The attributes, with what only the backends know."""

    def capacity(self, resource: Resource) -> Mapping[str, int]:
        """What it offers to others, if it is a host: class -> amount."""


Render = Callable[[Resource, View], Iterable[Object]]
"""A pure function from a resource to what one backend shall hold for it."""
