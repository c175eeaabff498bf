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
from stackwright.kinds.base import Kind, Ref, Spec, additions
from stackwright.kinds.network.subnet import Address, Candidates, is_host, pool_for, pool_of


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
    """Attributes: interfaces [{subnet, ip_address, mac_address}], gateway {subnet, ip_address, mac_address} or None.

    Both may come from router interfaces and a router gateway; of the latter also external_network and enable_snat.
    """

    name = "router"
    spec = RouterSpec
    affects = ("floating_ip",)
    columns = ("external_network",)

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """A leg more than once, or an external network that is none, makes no sense."""
        spec = RouterSpec.of(wish)
        subnets = [interface.subnet for interface in spec.interfaces]
        _joins_once(wish, subnets, allocator)
        _unambiguous(wish, [allocator.get(subnet) for subnet in subnets])
        if spec.external_network:
            must_be_external(wish, allocator.get(spec.external_network))
        return wish.spec

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """Addresses and MACs of every leg. What is added to it and has no values yet is looked at when it has."""
        spec = RouterSpec.of(resource)
        interfaces = additions(resource, "router_interface", "router", allocator)
        gateways = additions(resource, "router_gateway", "router", allocator)
        _leads_out_once(resource, spec, gateways)
        legs = [take_leg(resource, leg.subnet, leg.ip_address, allocator) for leg in spec.interfaces]
        legs += [leg_of(item) for item in interfaces if item.attributes]
        outside = self._outside(resource, spec, gateways, allocator)
        subnets = [leg["subnet"] for leg in legs]
        _joins_once(resource, subnets, allocator)
        _unambiguous(resource, [allocator.get(subnet) for subnet in subnets])
        if all(item.attributes for item in [*interfaces, *gateways]):
            _keep_floating(resource, subnets, outside.get("external_network", spec.external_network), allocator)
        return {"interfaces": legs, **outside}

    def _outside(
        self, resource: Resource, spec: RouterSpec, gateways: list[Resource], allocator: Allocator
    ) -> dict[str, Any]:
        for gateway in gateways:
            said = {"external_network": gateway.spec["network"], "enable_snat": gateway.spec["enable_snat"]}
            return {"gateway": leg_of(gateway) if gateway.attributes else None, **said}
        if not spec.external_network:
            return {"gateway": None}
        now = (resource.attributes.get("gateway") or {}).get("ip_address", "")
        subnet, address = take_external(resource, spec.external_network, spec.external_ip, now, allocator)
        mac = allocator.mac(resource, "gateway")
        return {"gateway": {"subnet": subnet.id, "ip_address": address, "mac_address": mac}}


def leg_of(addition: Resource) -> dict[str, str]:
    """The leg that a router interface, or a router gateway, adds to its router."""
    return {name: addition.attributes[name] for name in ("subnet", "ip_address", "mac_address")}


def leads_to(router: Resource) -> str | None:
    """The external network of a router: by itself, or by a router gateway."""
    found: str | None = router.attributes.get("external_network", router.spec["external_network"])
    return found


def must_be_external(resource: Resource, network: Resource) -> None:
    """Raises InvalidInput for a network that does not lead outside."""
    if not network.spec["external"]:
        raise InvalidInput(f"{resource.title}: network {network.name} is not external; declare it with external: true")


def take_leg(resource: Resource, subnet_id: str, wish: str | None, allocator: Allocator) -> dict[str, str]:
    """A leg in a subnet, at the address that is wished for or as its gateway. Raises InvalidInput or Conflict."""
    subnet = allocator.get(subnet_id)
    address = wish or subnet.attributes["gateway_ip"]
    if not address:
        raise InvalidInput(f"{resource.title}: subnet {subnet.name} has no gateway; give the leg an ip_address")
    if not is_host(address, subnet.spec["cidr"]):
        raise InvalidInput(
            f"{resource.title}: {address} is no host of {subnet.spec['cidr']}, the range of subnet {subnet.name}; "
            "choose another ip_address"
        )
    allocator.take(resource, pool_for(subnet, address), address)
    return {"subnet": subnet.id, "ip_address": address, "mac_address": allocator.mac(resource, subnet.id)}


def _joins_once(router: Resource, subnets: list[str], allocator: Allocator) -> None:
    """Raises InvalidInput where a router has two legs in a subnet."""
    twice = next((subnet for subnet in subnets if subnets.count(subnet) > 1), None)
    if twice:
        raise InvalidInput(f"router {router.name} joins subnet {allocator.get(twice).name} twice; one leg is enough")


def _leads_out_once(router: Resource, spec: RouterSpec, gateways: list[Resource]) -> None:
    """Raises Conflict where a router has two gateways."""
    own = ["its external_network"] if spec.external_network else []
    found = [*own, *(item.title for item in gateways)]
    if len(found) > 1:
        raise Conflict(f"router {router.name} has {len(found)} gateways: {' and '.join(found)}; keep one of them")


def _keep_floating(router: Resource, subnets: list[str], outside: str | None, allocator: Allocator) -> None:
    """Raises Conflict where a floating IP would lose its way."""
    for floating in allocator.referrers(router.id, "floating_ip"):
        associated = additions(floating, "floating_ip_association", "floating_ip", allocator)
        leads = floating.spec["port"] or floating.spec["instance"] or associated
        if leads and (floating.attributes.get("subnet") not in subnets or floating.spec["network"] != outside):
            raise Conflict(f"router {router.name}: floating IP {floating.name} needs this leg; remove that first")


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
