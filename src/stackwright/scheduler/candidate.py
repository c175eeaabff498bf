# SPDX-License-Identifier: Apache-2.0
"""The plain values that placement decides on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Candidate:
    """A host, and what is free on it: vcpus, ram in MiB, disk in GiB.

    arch, domain_type: as its libvirt says, '' while that is not known.
    metadata: of the host aggregates that it is in, key -> values.
    emptied: whether what is there is to leave. lost: whether it is gone with all that it holds.
    """

    id: str
    name: str
    zone: str
    enabled: bool
    free: dict[str, int]
    arch: str = ""
    domain_type: str = ""
    metadata: Mapping[str, frozenset[str]] = field(default_factory=dict)
    emptied: bool = False
    lost: bool = False

    def use(self, amounts: Mapping[str, int]) -> None:
        """Note a claim that was just taken."""
        for name, amount in amounts.items():
            self.free[name] = self.free.get(name, 0) - amount


@dataclass(frozen=True, slots=True)
class Group:
    """The server group that it is a member of.

    policy: affinity, anti-affinity, soft-affinity or soft-anti-affinity.
    members: host name -> how many of the other members are there.
    most: how many members anti-affinity allows on one host.
    id: of the group, as names may repeat.
    """

    name: str
    policy: str
    members: Mapping[str, int]
    most: int = 1
    id: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """What is to be placed.

    who: how messages name it; nothing may be decided by it, as like requests are decided together.
    zone and host: the only one that may take it, '' for any.
    beside: what is needed on the same host by others that are yet to be placed: the rest of an affinity group.
    extra_specs: of its flavor. properties: of its image.
    refused: host name -> why that one cannot take this very one.
    """

    who: str
    demand: Mapping[str, int]
    zone: str = ""
    host: str = ""
    group: Group | None = None
    beside: Mapping[str, int] = field(default_factory=dict)
    extra_specs: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def likeness(self) -> Hashable:
        """Equal for requests that every host answers alike, apart from their server group."""
        told = (self.demand, self.beside, self.extra_specs, self.properties, self.refused)
        return (self.zone, self.host, *(tuple(sorted(item.items())) for item in told))
