# SPDX-License-Identifier: Apache-2.0
"""Weighers: which of the fitting hosts is best. More is better; the earlier weigher decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from stackwright.scheduler.candidate import Candidate, Placement

Weigher = Callable[[Candidate, Placement], float]


def soft_group(host: Candidate, wish: Placement) -> float:
    """Where a server group's soft policy would have it: beside most of the other members, or beside fewest."""
    group = wish.group
    signs = {"soft-affinity": 1, "soft-anti-affinity": -1}
    return signs.get(group.policy, 0) * group.members.get(host.name, 0) if group else 0


def most_ram(host: Candidate, wish: Placement) -> float:
    """Then the host with most free memory, so that load spreads."""
    return host.free.get("ram", 0)


def most_vcpus(host: Candidate, wish: Placement) -> float:
    """Then the one with most free processors."""
    return host.free.get("vcpus", 0)


def least_ram(host: Candidate, wish: Placement) -> float:
    """Or the host with least free memory, so that hosts fill up one after the other and others stay empty."""
    return -host.free.get("ram", 0)


def least_vcpus(host: Candidate, wish: Placement) -> float:
    """Then the one with least free processors."""
    return -host.free.get("vcpus", 0)


FIRST: Mapping[str, Weigher] = MappingProxyType({"server_group": soft_group})
"""What was asked for comes before what the operator prefers."""
SPREAD: Mapping[str, Weigher] = MappingProxyType({"ram": most_ram, "vcpus": most_vcpus})
PACK: Mapping[str, Weigher] = MappingProxyType({"ram": least_ram, "vcpus": least_vcpus})
