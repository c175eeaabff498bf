# SPDX-License-Identifier: Apache-2.0
"""Subnets: the addresses of a network."""

from collections.abc import Collection, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from stackwright.engine.errors import Conflict, InvalidInput
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Ref, Spec


def _cidr(value: str) -> str:
    try:
        return str(IPv4Network(value))
    except ValueError as error:
        raise ValueError(f"{value} is not an IPv4 network ({error}); write it like 10.0.0.0/24") from error


def _address(value: str) -> str:
    try:
        return str(IPv4Address(value))
    except ValueError as error:
        raise ValueError(f"{value} is not an IPv4 address; write it like 10.0.0.7") from error


SMALLEST = 30

Cidr = Annotated[str, AfterValidator(_cidr)]
Address = Annotated[str, AfterValidator(_address)]


class Pool(Spec):
    """A range that ports without a wish of their own get addresses from; both ends belong to it."""

    start: Address
    end: Address

    @model_validator(mode="after")
    def _ordered(self) -> "Pool":
        if IPv4Address(self.start) > IPv4Address(self.end):
            raise ValueError(f"the pool's start {self.start} is above its end {self.end}; swap them")
        return self

    def __contains__(self, address: IPv4Address) -> bool:
        return int(address) in self.numbers()

    def numbers(self) -> range:
        """Its addresses as numbers."""
        return range(int(IPv4Address(self.start)), int(IPv4Address(self.end)) + 1)


class HostRoute(Spec):
    """A route that DHCP hands out."""

    destination: Cidr
    nexthop: Address


class SubnetSpec(Spec):
    """gateway_ip: None takes the first address, '' means no gateway."""

    with_empty = ("gateway_ip",)

    network: Annotated[str, Ref("network")]
    cidr: Cidr
    ip_version: Annotated[int, Field(ge=4, le=4)] = 4
    gateway_ip: Address | Annotated[str, Field(max_length=0)] | None = None
    enable_dhcp: bool = True
    allocation_pools: list[Pool] = []
    dns_nameservers: list[Address] = []
    host_routes: list[HostRoute] = []
    description: str = ""

    @model_validator(mode="after")
    def _inside(self) -> "SubnetSpec":
        if IPv4Network(self.cidr).prefixlen > SMALLEST:
            raise ValueError(f"{self.cidr} is too small; a /{SMALLEST} is the smallest that has a gateway and a host")
        named = [address for pool in self.allocation_pools for address in (pool.start, pool.end)]
        for address in [*named, *([self.gateway_ip] if self.gateway_ip else [])]:
            if not is_host(address, self.cidr):
                first, last = _host_range(self.cidr)
                raise ValueError(f"{address} is no host of {self.cidr}; choose one from {first} to {last}")
        return self


def pool_of(subnet_id: str) -> str:
    """Name of the allocation pool that a subnet's addresses are taken from."""
    return f"address:{subnet_id}"


def pool_for(subnet: Resource, address: str) -> str:
    """Name of the pool for one address. The gateway's is the subnet's already, and one leg or port may be at it."""
    return f"gateway:{subnet.id}" if address == subnet.attributes["gateway_ip"] else pool_of(subnet.id)


class Candidates(Collection[str]):
    """The addresses of a subnet that may be given out, lowest first."""

    def __init__(self, subnet: Resource) -> None:
        self._pools = [Pool(**pool) for pool in subnet.attributes["allocation_pools"]]

    def __contains__(self, address: object) -> bool:
        return any(IPv4Address(address) in pool for pool in self._pools)

    def __iter__(self) -> Iterator[str]:
        return (str(IPv4Address(number)) for pool in self._pools for number in pool.numbers())

    def __len__(self) -> int:
        return sum(len(pool.numbers()) for pool in self._pools)


class Subnet(Kind):
    """Attributes: gateway_ip ('' for none) and the effective allocation_pools. Config drives tell of it, too."""

    name = "subnet"
    spec = SubnetSpec
    affects = ("port", "router", "router_interface", "instance")
    columns = ("network", "cidr", "gateway_ip")

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """Addresses of one network must be unambiguous, and those in use stay valid."""
        spec = SubnetSpec.of(wish)
        for other in allocator.referrers(spec.network, "subnet"):
            if other.id != wish.id and IPv4Network(other.spec["cidr"]).overlaps(IPv4Network(spec.cidr)):
                raise InvalidInput(
                    f"subnet {wish.name}: {spec.cidr} overlaps {other.spec['cidr']} of subnet {other.name} on the "
                    "same network; choose another range"
                )
        self._keep_used(wish, allocator)
        return wish.spec

    def _keep_used(self, wish: Resource, allocator: Allocator) -> None:
        before = allocator.get(wish.id).spec
        moved = [field for field in ("cidr", "network") if before and before.get(field) != wish.spec[field]]
        users = [user for kind in ("port", "router", "floating_ip") for user in allocator.referrers(wish.id, kind)]
        if moved and users:
            names = ", ".join(sorted(user.title for user in users))
            raise Conflict(
                f"subnet {wish.name}: its {moved[0]} cannot change while it is used by {names}; remove those first"
            )

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """Gateway and pools as they apply."""
        spec = SubnetSpec.of(resource)
        hosts = _host_range(spec.cidr)
        gateway = str(hosts[0]) if spec.gateway_ip is None else spec.gateway_ip
        pools = [pool.model_dump() for pool in spec.allocation_pools] or _around(hosts, gateway)
        if gateway:
            allocator.take(resource, pool_of(resource.id), gateway)
        return {"gateway_ip": gateway, "allocation_pools": pools}


def _host_range(cidr: str) -> tuple[IPv4Address, IPv4Address]:
    network = IPv4Network(cidr)
    return network[1], network[-2]


def is_host(address: str, cidr: str) -> bool:
    """Whether an address is inside of a network, and neither its first nor its last one."""
    first, last = _host_range(cidr)
    return first <= IPv4Address(address) <= last


def _around(hosts: tuple[IPv4Address, IPv4Address], gateway: str) -> list[dict[str, str]]:
    """The whole range without the gateway."""
    first, last = hosts
    if not gateway or not first <= (middle := IPv4Address(gateway)) <= last:
        return [{"start": str(first), "end": str(last)}]
    parts = [(first, middle - 1), (middle + 1, last)]
    return [{"start": str(start), "end": str(end)} for start, end in parts if start <= end]
