# SPDX-License-Identifier: Apache-2.0
"""Routers: they join subnets, and lead outside."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from itertools import combinations
from typing import Annotated, Any

from pydantic import model_validator

from stackwright.engine.errors import Conflict, Exhausted, InvalidInput
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Ref, Spec
from stackwright.kinds.network.subnet import Address, Candidates, is_host, pool_of


class Interface(Spec):
    """A leg in a subnet; without ip_address it is the subnet's gateway. A plain string names the subnet."""

    subnet: Annotated[str, Ref("subnet")]
    ip_address: Address | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"subnet": value} if isinstance(value, str) else value


class RouterSpec(Spec):
    """external_network: where its gateway is; enable_snat hides all its subnets behind the gateway's address."""

    external_network: Annotated[str, Ref("network")] | None = None
    external_ip: Address | None = None
    enable_snat: bool = True
    interfaces: list[Interface] = []
    description: str = ""


class Router(Kind):
    """Attributes: interfaces [{subnet, ip_address, mac_address}], gateway {subnet, ip_address, mac_address} or None."""

    name = "router"
    spec = RouterSpec
    affects = ("floating_ip",)

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """A leg more than once, or an external network that is none, makes no sense."""
        spec = RouterSpec.of(wish)
        subnets = [interface.subnet for interface in spec.interfaces]
        if len(set(subnets)) < len(subnets):
            raise InvalidInput(f"router {wish.name} lists a subnet twice in its interfaces; one leg is enough")
        _unambiguous(wish, [allocator.get(subnet) for subnet in subnets])
        if spec.external_network and not allocator.get(spec.external_network).spec["external"]:
            name = allocator.get(spec.external_network).name
            raise InvalidInput(f"router {wish.name}: network {name} is not external; declare it with external: true")
        return wish.spec

    def _keep_floating(self, resource: Resource, spec: RouterSpec, allocator: Allocator) -> None:
        subnets = {interface.subnet for interface in spec.interfaces}
        for floating in allocator.referrers(resource.id, "floating_ip"):
            used = floating.attributes.get("subnet")
            if used not in subnets or floating.spec["network"] != spec.external_network:
                raise Conflict(f"router {resource.name}: floating IP {floating.name} needs this leg; remove that first")

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """Addresses and MACs of every leg."""
        spec = RouterSpec.of(resource)
        self._keep_floating(resource, spec, allocator)
        return {
            "interfaces": [self._leg(resource, interface, allocator) for interface in spec.interfaces],
            "gateway": self._gateway(resource, spec, allocator),
        }

    def _leg(self, resource: Resource, interface: Interface, allocator: Allocator) -> dict[str, str]:
        subnet = allocator.get(interface.subnet)
        address = interface.ip_address or subnet.attributes["gateway_ip"]
        if not address:
            raise InvalidInput(
                f"router {resource.name}: subnet {subnet.name} has no gateway; give the leg an ip_address"
            )
        if not is_host(address, subnet.spec["cidr"]):
            raise InvalidInput(
                f"router {resource.name}: {address} is no host of {subnet.spec['cidr']}, the range of subnet "
                f"{subnet.name}; choose another ip_address"
            )
        pool = pool_of(subnet.id) if address != subnet.attributes["gateway_ip"] else f"gateway:{subnet.id}"
        allocator.take(resource, pool, address)
        return {"subnet": subnet.id, "ip_address": address, "mac_address": allocator.mac(resource, subnet.id)}

    def _gateway(self, resource: Resource, spec: RouterSpec, allocator: Allocator) -> dict[str, str] | None:
        if not spec.external_network:
            return None
        now = (resource.attributes.get("gateway") or {}).get("ip_address", "")
        subnet, address = take_external(resource, spec.external_network, spec.external_ip, now, allocator)
        return {"subnet": subnet.id, "ip_address": address, "mac_address": allocator.mac(resource, "gateway")}


def _unambiguous(router: Resource, subnets: list[Resource]) -> None:
    """Raises InvalidInput where an address would be in two of the subnets that a router joins."""
    for one, other in combinations(subnets, 2):
        if IPv4Network(one.spec["cidr"]).overlaps(IPv4Network(other.spec["cidr"])):
            raise InvalidInput(
                f"router {router.name}: {one.spec['cidr']} of subnet {one.name} overlaps {other.spec['cidr']} of "
                f"subnet {other.name}; join one of them to another router"
            )


def take_external(
    resource: Resource, network: str, wish: str | None, now: str, allocator: Allocator
) -> tuple[Resource, str]:
    """The subnet of an external network and the address in it that a resource gets: its wish, what it has, or any.

    A subnet that is added later changes no address, and is used when the others are full.

    Only the addresses in the pools are ours to use. Raises InvalidInput, Conflict or Exhausted.
    """
    name = allocator.get(network).name
    subnets = sorted(allocator.referrers(network, "subnet"), key=lambda subnet: subnet.key)
    if not subnets:
        raise InvalidInput(
            f"{resource.title}: external network {name} has no subnet; declare one with the addresses you may use"
        )
    if not wish:
        subnets.sort(key=lambda subnet: not (now and is_host(now, subnet.spec["cidr"])))
        return _take_any(resource, subnets, now, allocator)
    found = next((subnet for subnet in subnets if wish in Candidates(subnet)), None)
    if found is None:
        raise InvalidInput(f"{resource.title}: {wish} is in no allocation pool of network {name}; choose one that is")
    return found, allocator.take(resource, pool_of(found.id), wish)


def _take_any(resource: Resource, subnets: list[Resource], now: str, allocator: Allocator) -> tuple[Resource, str]:
    names = ", ".join(subnet.name for subnet in subnets)
    for subnet in subnets:
        what = f"external address in subnet {names}"
        try:
            return subnet, allocator.take_first(resource, pool_of(subnet.id), [now], Candidates(subnet), what)
        except Exhausted as error:
            full = error
    raise full
