# SPDX-License-Identifier: Apache-2.0
"""Host aggregates: hosts that have something in common, which flavors may ask for, or an availability zone."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from stackwright.engine.errors import Conflict
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Name, Ref, Spec


class HostAggregateSpec(Spec):
    """hosts: a host may be in several. metadata: what extra specs of flavors are compared with; commas part values.

    availability_zone: of its hosts, in place of the one that they have themselves.
    """

    hosts: Annotated[list[Annotated[str, Ref("host")]], AfterValidator(lambda hosts: sorted(set(hosts)))] = []
    metadata: dict[Annotated[str, Field(min_length=1, max_length=255)], str] = {}
    availability_zone: Name | None = None
    description: str = ""

    @field_validator("metadata")
    @classmethod
    def _says_no_zone(cls, metadata: dict[str, str]) -> dict[str, str]:
        if "availability_zone" in metadata:
            raise ValueError("availability_zone is an option of its own; give it there")
        return metadata


class HostAggregate(Kind):
    """Attributes: held, the hosts that it spoke for when it was last allocated."""

    name = "host_aggregate"
    spec = HostAggregateSpec
    cloud_wide = True
    columns = ("hosts", "metadata", "availability_zone")

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """Raises Conflict where a host would be in two zones, or an instance in another one than it asked for."""
        hosts = resource.spec["hosts"]
        for host in map(allocator.get, hosts):
            _in_one_zone(resource, host, allocator)
        _keeps_zones(resource, {*hosts, *resource.attributes.get("held", ())}, allocator)
        return {"held": hosts}

    def removable(self, resource: Resource, allocator: Allocator) -> None:
        """As for a change of its hosts."""
        _keeps_zones(resource, resource.attributes.get("held", ()), allocator)


def _in_one_zone(aggregate: Resource, host: Resource, allocator: Allocator) -> None:
    zone = aggregate.spec["availability_zone"]
    for other in allocator.referrers(host.id, "host_aggregate"):
        if zone and other.spec["availability_zone"] not in (None, zone):
            raise Conflict(
                f"{aggregate.title}: host {host.name} is in zone {other.spec['availability_zone']} by {other.title}; "
                "a host is in one zone, so take it out there first"
            )


def _keeps_zones(aggregate: Resource, hosts: Iterable[str], allocator: Allocator) -> None:
    """Instances stay in the zone that was asked for, and do not move."""
    for host in map(allocator.get, sorted(hosts)):
        zone = zone_of(host, allocator.referrers(host.id, "host_aggregate"))
        for instance in allocator.referrers(host.id, "instance"):
            if instance.host == host.name and instance.spec["availability_zone"] not in (None, zone):
                raise Conflict(
                    f"{aggregate.title}: {instance.title} asked for zone {instance.spec['availability_zone']} and is "
                    f"on host {host.name}, which would be in zone {zone}; keep it there, or clear the zone of the "
                    "instance first"
                )


def aggregates_of(allocator: Allocator) -> dict[str, list[Resource]]:
    """Host id -> the aggregates that it is in."""
    found: dict[str, list[Resource]] = {}
    for aggregate in allocator.visible("host_aggregate", ""):
        for host in aggregate.spec["hosts"]:
            found.setdefault(host, []).append(aggregate)
    return found


def zone_of(host: Resource, aggregates: Iterable[Resource]) -> str:
    """The availability zone that a host is in, with these aggregates."""
    zones = (item.spec["availability_zone"] for item in aggregates)
    own: str = host.spec["availability_zone"]
    return next((zone for zone in zones if zone), own)


def metadata_of(aggregates: Iterable[Resource]) -> dict[str, frozenset[str]]:
    """All that aggregates say: key -> values; as in Nova, one text may hold several, with commas in between."""
    found: dict[str, frozenset[str]] = {}
    for item in aggregates:
        for key, text in item.spec["metadata"].items():
            found[key] = found.get(key, frozenset()) | {value.strip() for value in text.split(",")}
    return found
