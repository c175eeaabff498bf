# SPDX-License-Identifier: Apache-2.0
"""The plain values that placement decides on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Candidate:
    """A host, and what is free on it: vcpus, ram in MiB, disk in GiB."""

    id: str
    name: str
    zone: str
    enabled: bool
    free: dict[str, int]

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
    """

    name: str
    policy: str
    members: Mapping[str, int]
    most: int = 1


@dataclass(frozen=True, slots=True)
class Placement:
    """What is to be placed. who: how messages name it; zone and host: the only one that may take it, '' for any."""

    who: str
    demand: Mapping[str, int]
    zone: str = ""
    host: str = ""
    group: Group | None = None
