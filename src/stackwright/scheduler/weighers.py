# SPDX-License-Identifier: Apache-2.0
"""Weighers: which of the fitting hosts is best. More is better; the earlier weigher decides."""

from __future__ import annotations

from collections.abc import Callable

from stackwright.scheduler.candidate import Candidate, Placement

Weigher = Callable[[Candidate, Placement], float]


def spread_by_ram(host: Candidate, wish: Placement) -> float:
    """The host with most free memory first, so that load spreads."""
    return host.free.get("ram", 0)


def spread_by_vcpus(host: Candidate, wish: Placement) -> float:
    """Then the one with most free processors."""
    return host.free.get("vcpus", 0)


WEIGHERS: tuple[Weigher, ...] = (spread_by_ram, spread_by_vcpus)
