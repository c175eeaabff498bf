# SPDX-License-Identifier: Apache-2.0
"""Ports: a network card's place on a network."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from stackwright.engine.errors import Conflict, InvalidInput
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Ref, Spec, additions
from stackwright.kinds.network.subnet import Address, Candidates, is_host, pool_for, pool_of


def _mac(value: str) -> str:
    mac = value.lower()
    if not re.fullmatch(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}", mac):
        raise ValueError(f"{value} is not a unicast MAC address; write it like fa:16:3e:12:34:56")
    return mac


Mac = Annotated[str, AfterValidator(_mac)]


class FixedIp(Spec):
    """An address on one subnet, or on whichever subnet of the network it lies in."""

    subnet: Annotated[str, Ref("subnet")] | None = None
    ip_address: Address | None = None


class PortSpec(Spec):
    """security_groups: None takes the project's default group. port_security False turns all filtering off."""

    network: Annotated[str, Ref("network")]
    fixed_ips: list[FixedIp] = []
    mac_address: Mac | None = None
    security_groups: list[Annotated[str, Ref("security_group")]] | None = None
    port_security: bool = True
    description: str = ""


class Port(Kind):
    """Attributes: mac_address, addresses [{subnet, ip_address}], mtu; router, where it is a leg of one."""

    name = "port"
    spec = PortSpec
    affects = ("router_interface", "instance", "floating_ip")
    columns = ("network", "mac_address", "addresses")

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """The default group, by id, where none was named."""
        if wish.spec.get("security_groups") is not None:
            return wish.spec
        groups = allocator.visible("security_group", wish.project, "default")
        default = [group.id for group in groups if not group.owner]
        return {**wish.spec, "security_groups": default}

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """A MAC, and an address on each subnet that was asked for."""
        spec = PortSpec.of(resource)
        mac = allocator.take(resource, "mac", spec.mac_address) if spec.mac_address else allocator.mac(resource)
        now_on = {address["subnet"] for address in resource.attributes.get("addresses", [])}
        subnets = allocator.referrers(spec.network, "subnet")
        subnets.sort(key=lambda subnet: (subnet.id not in now_on, subnet.key))
        wanted = spec.fixed_ips or ([FixedIp()] if subnets else [])
        # Those that were asked for come first, so that no other entry keeps one of them.
        turns = sorted(range(len(wanted)), key=lambda index: wanted[index].ip_address is None)
        found = {index: self._address(resource, wanted[index], subnets, allocator) for index in turns}
        addresses = [found[index] for index in range(len(wanted))]
        mtu = allocator.get(spec.network).attributes["mtu"]
        leg = [item.spec["router"] for item in additions(resource, "router_interface", "port", allocator)]
        return {"mac_address": mac, "addresses": addresses, "mtu": mtu, **({"router": leg[0]} if leg else {})}

    def _address(
        self, resource: Resource, fixed: FixedIp, subnets: list[Resource], allocator: Allocator
    ) -> dict[str, str]:
        subnet = _subnet_for(resource, fixed, subnets)
        if fixed.ip_address:
            taken = allocator.take(resource, pool_for(subnet, fixed.ip_address), fixed.ip_address)
        else:
            what = f"address in the pools of subnet {subnet.name}"
            now = [item["ip_address"] for item in resource.attributes.get("addresses", [])]
            taken = allocator.take_first(resource, pool_of(subnet.id), now, Candidates(subnet), what)
        return {"subnet": subnet.id, "ip_address": taken}

    def removable(self, resource: Resource, allocator: Allocator) -> None:
        """A port that an instance made goes with the instance."""
        if resource.owner and allocator.get(resource.owner).wanted:
            raise Conflict(
                f"port {resource.name} belongs to {allocator.get(resource.owner).title}; change that instead"
            )


def _subnet_for(resource: Resource, fixed: FixedIp, subnets: list[Resource]) -> Resource:
    fitting = [subnet for subnet in subnets if fixed.subnet in (None, subnet.id) and _fits(subnet, fixed.ip_address)]
    if not fitting:
        ranges = ", ".join(f"{subnet.name} {subnet.spec['cidr']}" for subnet in subnets) or "none"
        if fixed.subnet and fixed.subnet not in [subnet.id for subnet in subnets]:
            raise InvalidInput(f"port {resource.name}: it names a subnet of another network (there is: {ranges})")
        wish = fixed.ip_address or "an address"
        raise InvalidInput(f"port {resource.name}: {wish} fits no subnet of its network (there is: {ranges})")
    return fitting[0]


def _fits(subnet: Resource, address: str | None) -> bool:
    return address is None or is_host(address, subnet.spec["cidr"])
