# SPDX-License-Identifier: Apache-2.0
"""Hosts: the hypervisors that instances are placed on."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from stackwright.engine.kind import Allocator
from stackwright.engine.objects import Object
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Name, Spec
from stackwright.kinds.compute.host_aggregate import aggregates_of, metadata_of, zone_of
from stackwright.scheduler.candidate import Candidate

Ratio = Annotated[float, Field(gt=0, le=64)]
Amount = Annotated[int, Field(ge=0)]


class HostSpec(Spec):
    """How to reach a hypervisor and how much of it may be given away.

    state: disabled takes no new instances; drained neither, and what is there moves; evacuated: it is gone, and what
    was there is made anew elsewhere.
    reserved_ram in MiB, reserved_disk in GiB. chassis: its name in OVN's southbound database ("" for its host name).
    checksum_offload: whether guests may leave checksums to the host; Open vSwitch's userspace datapath needs them done.
    """

    uri: str
    availability_zone: Name = "nova"
    state: Literal["enabled", "disabled", "drained", "evacuated"] = "enabled"
    chassis: str = ""
    checksum_offload: bool = True
    reserved_vcpus: Amount = 0
    reserved_ram: Amount = 512
    reserved_disk: Amount = 0
    vcpus_ratio: Ratio = 16.0
    ram_ratio: Ratio = 1.0
    disk_ratio: Ratio = 1.0

    def emptied(self) -> bool:
        """Whether what is there is to leave."""
        return self.state in ("drained", "evacuated")


class Host(Kind):
    """Its capacity is learned from libvirt: attributes vcpus, ram (MiB), disk (GiB), domain_type, arch."""

    name = "host"
    spec = HostSpec
    cloud_wide = True
    affects = ("instance",)
    columns = ("state", "availability_zone", "vcpus", "ram", "disk")

    def capacity(self, resource: Resource) -> Mapping[str, int]:
        """What may be claimed: what libvirt says, less what is reserved or used by foreign guests, times the ratios."""
        spec, has = HostSpec.of(resource), resource.attributes
        vcpus = has.get("vcpus", 0) - spec.reserved_vcpus
        ram = has.get("ram", 0) - spec.reserved_ram - has.get("foreign_ram", 0)
        disk = has.get("disk", 0) - spec.reserved_disk
        ratios = (spec.vcpus_ratio, spec.ram_ratio, spec.disk_ratio)
        amounts = (vcpus * ratios[0] - has.get("foreign_vcpus", 0), ram * ratios[1], disk * ratios[2])
        return {name: max(0, int(amount)) for name, amount in zip(("vcpus", "ram", "disk"), amounts, strict=True)}

    def candidates(
        self, resources: Iterable[Resource], used: Mapping[tuple[str, str], int], allocator: Allocator
    ) -> list[Candidate]:
        """What is free on each, and what its host aggregates say of it."""
        aggregates = aggregates_of(allocator)
        return [
            Candidate(
                host.id,
                host.name,
                zone_of(host, aggregates.get(host.id, ())),
                host.wanted and host.spec["state"] == "enabled",
                {name: amount - used.get((host.id, name), 0) for name, amount in self.capacity(host).items()},
                host.attributes.get("arch", ""),
                host.attributes.get("domain_type", ""),
                metadata_of(aggregates.get(host.id, ())),
                emptied=HostSpec.of(host).emptied(),
                lost=host.spec["state"] == "evacuated",
            )
            for host in resources
        ]

    def learn(self, resource: Resource, objects: Iterable[Object]) -> Mapping[str, Any]:
        """The capacity that its libvirt reports."""
        facts: Mapping[str, Any] = next((item.facts() for item in objects if hasattr(item, "facts")), {})
        return {**resource.attributes, **facts}
