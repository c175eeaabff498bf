# SPDX-License-Identifier: Apache-2.0
"""Filters: whether a host may take an instance. Each answers '' for yes, or what speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from stackwright.scheduler.candidate import Candidate, Placement
from stackwright.scheduler.extra_specs import aggregate_key, matches

Filter = Callable[[Candidate, Placement], str]

ARCHITECTURES = {"amd64": "x86_64", "x64": "x86_64", "i386": "i686", "i586": "i686", "arm64": "aarch64"}
"""Other names of architectures, which images may use."""
RUNS = {"kvm": ("kvm", "qemu")}
"""What a host of one type also runs, on its own faster way; others run what they are alone."""
MODES = {"kvm": "hvm", "qemu": "hvm", "lxc": "exe"}


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


def refused(host: Candidate, wish: Placement) -> str:
    """Nothing speaks against it for this very instance: it has not refused to make it, nor may it hold an old copy."""
    return wish.refused.get(host.name, "")


def extra_specs(host: Candidate, wish: Placement) -> str:
    """The metadata of its host aggregates has what the flavor's extra specs ask for."""
    for spec, asked in wish.extra_specs.items():
        key = aggregate_key(spec)
        found = host.metadata.get(key, frozenset()) if key else frozenset()
        if key and not found:
            return f"in no host_aggregate with {key}, {asked} needed"
        if key and not any(matches(value, asked) for value in found):
            return f"in a host_aggregate with {key} {', '.join(sorted(found))}, {asked} needed"
    return ""


def image_properties(host: Candidate, wish: Placement) -> str:
    """It has the architecture and is the hypervisor that the image says it needs."""
    if not wish.properties and host.domain_type != "lxc":
        return ""
    arch = _property(wish, "hw_architecture", "architecture")
    kind = _property(wish, "img_hv_type", "hypervisor_type")
    mode = _property(wish, "hw_vm_mode", "vm_mode")
    if arch and ARCHITECTURES.get(arch, arch) != host.arch:
        return f"has architecture {host.arch or 'unknown'}, the image needs {arch}"
    if kind and kind not in RUNS.get(host.domain_type, (host.domain_type,)):
        return f"is of type {host.domain_type or 'unknown'}, the image needs {kind}"
    if mode and mode != MODES.get(host.domain_type):
        return f"is of type {host.domain_type or 'unknown'}, the image needs mode {mode}"
    if host.domain_type == "lxc" and kind != "lxc":
        return "runs containers, and the image does not say that it is for one (img_hv_type: lxc)"
    return ""


def _property(wish: Placement, *names: str) -> str:
    """An image's property by its name, or by the name that it had formerly."""
    return next((wish.properties[name].lower() for name in names if wish.properties.get(name)), "")


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
    need, free = wish.demand.get(name, 0) + wish.beside.get(name, 0), host.free.get(name, 0)
    if need <= free or not need:
        return ""
    return f"{free} {unit} free, {need} needed" + (" with the rest of its group" if wish.beside.get(name) else "")


PLACES: Mapping[str, Filter] = MappingProxyType(
    {"host": pinned, "availability_zone": availability_zone, "server_group": server_group}
)
"""What was asked for: these hold for as long as the instance is there; where they do not any more, it moves."""
FILTERS: Mapping[str, Filter] = MappingProxyType(
    {
        "enabled": enabled,
        **PLACES,
        "refused": refused,
        "extra_specs": extra_specs,
        "image_properties": image_properties,
        "vcpus": vcpus,
        "ram": ram,
        "disk": disk,
    }
)
"""By the names that explanations use, in the order in which they are asked."""
