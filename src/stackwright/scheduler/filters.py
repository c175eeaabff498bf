# SPDX-License-Identifier: Apache-2.0
"""Filters: whether a host may take an instance. Each answers '' for yes, or what speaks against it."""

from __future__ import annotations

from collections.abc import Callable

from stackwright.scheduler.candidate import Candidate, Placement

Filter = Callable[[Candidate, Placement], str]


def enabled(host: Candidate, wish: Placement) -> str:
    """The operator lets it take new instances."""
    return "" if host.enabled else "disabled"


def availability_zone(host: Candidate, wish: Placement) -> str:
    """It is in the zone that was asked for."""
    return "" if wish.zone in ("", host.zone) else f"in zone {host.zone}, not {wish.zone}"


def pinned(host: Candidate, wish: Placement) -> str:
    """It is the host that was asked for."""
    return "" if wish.host in ("", host.name) else f"not {wish.host}"


def server_group(host: Candidate, wish: Placement) -> str:
    """The policy of its server group allows it, if that is a hard one."""
    group = wish.group
    there = group.members.get(host.name, 0) if group else 0
    if group and group.policy == "affinity" and group.members and not there:
        return f"holds none of server_group {group.name}"
    if group and group.policy == "anti-affinity" and there >= group.most:
        return f"holds {there} of server_group {group.name}, which allows {group.most} on a host"
    return ""


def vcpus(host: Candidate, wish: Placement) -> str:
    """Its processors, times the allocation ratio, are not all claimed."""
    return _enough(host, wish, "vcpus", "vCPUs")


def ram(host: Candidate, wish: Placement) -> str:
    """Its memory, less what is reserved, is not all claimed."""
    return _enough(host, wish, "ram", "MiB of memory")


def disk(host: Candidate, wish: Placement) -> str:
    """Its storage pool is not all claimed."""
    return _enough(host, wish, "disk", "GiB of disk")


def _enough(host: Candidate, wish: Placement, name: str, unit: str) -> str:
    need, free = wish.demand.get(name, 0), host.free.get(name, 0)
    return "" if need <= free else f"{free} {unit} free, {need} needed"


PLACES: tuple[Filter, ...] = (pinned, availability_zone, server_group)
"""What was asked for: these hold for as long as the instance is there, since it does not move."""
FILTERS: tuple[Filter, ...] = (enabled, *PLACES, vcpus, ram, disk)
