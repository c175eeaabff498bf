# SPDX-License-Identifier: Apache-2.0
"""The plain values that the steps hand to each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from stackwright.engine.objects import Change, Object


@dataclass(frozen=True, slots=True)
class Resource:
    """What the registry remembers of one declared thing.

    spec: the full, validated wish as JSON data; references are resource ids.
    attributes: what the engine allocated or learned (addresses, MACs, capacity), as JSON data.
    owner: '' for a task's own; otherwise the id of the resource (instance, stack) that declared it.
    status: 'pending' until converged, then 'active'; 'error' after a failure.
    wanted: False once it is to be deleted; the row stays until the backends have been seen without it.
    """

    id: str
    kind: str
    project: str
    owner: str
    key: str
    name: str
    spec: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    status: str = "pending"
    message: str = ""
    host: str = ""
    label: str = ""
    wanted: bool = True
    revision: int = 1

    @property
    def title(self) -> str:
        """How messages name it: "network web"."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Departure:
    """A host (its id) that a resource was placed on and was not seen gone from yet, and what it still claims there.

    lost: what it had there is given up. outdated: it was whole elsewhere since, so what may be there is an old copy.
    """

    host: str
    amounts: Mapping[str, int]
    lost: bool = False
    outdated: bool = False

    @property
    def pending(self) -> bool:
        """Whether what it has, or the newest of it, may still be there."""
        return not (self.lost or self.outdated)


ATTACHED = "attached"
"""The pool of what one resource has for itself alone: its keys are ids."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody declares: a patch of a resource's spec, or that it be absent.

    key: what finds the resource again among its owner's; for a task it is the name.
    spec: the options that were given; those not given stay as recorded.
    adopt: name or id of a resource of the project's own that becomes its owner's, if that has none at `key` yet.
    id: of the resource, where it is new and its backend object is there already; '' for a fresh one.
    """

    kind: str
    key: str
    name: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)
    present: bool = True
    adopt: str = ""
    id: str = ""


class View(Protocol):
    """Everything that rendering a scope may look at: its resources, and what they refer to."""

    def get(self, resource_id: str) -> Resource:
        """The resource with this id."""

    def children(self, owner: str, kind: str) -> list[Resource]:
        """What this owner declared of one kind, by key."""

    def host(self, name: str) -> Resource:
        """The host of this name."""

    def every_host(self) -> list[Resource]:
        """All hosts, by name."""

    def holder(self, resource_id: str) -> Resource | None:
        """What has this resource for itself alone: the instance of a port."""

    def leaving(self, resource_id: str) -> Mapping[str, bool]:
        """Names of the hosts that a resource was not seen gone from yet -> whether what was there is given up."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to look at.

    resources: ids whose objects are wanted; None for everything that carries our mark.
    hosts: name -> connection URI of the hosts to ask.
    going: resources that are to go; what their objects are like does not matter, only what they need.
    capacity: whether hosts are to tell what they have.
    """

    resources: frozenset[str] | None
    hosts: Mapping[str, str]
    going: frozenset[str] = frozenset()
    capacity: bool = True

    def covers(self, resource_id: str) -> bool:
        """Whether an object of this resource belongs into the observation."""
        return self.resources is None or resource_id in self.resources


@dataclass(frozen=True, slots=True)
class Observation:
    """What a driver found.

    unreachable: host name ('' for a cloud-wide backend) -> one sentence that names host and cause.
    """

    objects: tuple[Object, ...]
    unreachable: Mapping[str, str] = field(default_factory=dict)


class Driver(Protocol):
    """The only way to a backend. One instance serves one run; it may keep connections until `close`."""

    name: str
    parallel: int
    """How many actions one host is given at once."""

    def observe(self, scope: Scope) -> Observation:
        """Read in bulk; never write. A host that does not answer is reported, not raised."""

    def apply(self, changes: Iterable[Change]) -> None:
        """Carry out changes of one place: one, or for batch types all of a step in one transaction.

        Must succeed when part of it is already done. Raises Refused, Unreachable or another StackwrightError.
        """

    def settle(self, objects: Iterable[Object], timeout: float) -> list[str]:
        """Wait, bounded, until the backend has carried out what it accepted; sentences about what is still missing."""

    def close(self) -> None:
        """Drop connections."""
