# SPDX-License-Identifier: Apache-2.0
"""What networks without OVN cannot do, said when it is declared. Pure: each gives one sentence, '' if all is well."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network

from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.engine.traits import Limit, Traits
from stackwright.kinds.network.network import NetworkSpec
from stackwright.kinds.network.port import PortSpec
from stackwright.kinds.network.router import RouterSpec
from stackwright.kinds.network.security_group import SecurityGroupSpec
from stackwright.kinds.network.subnet import SubnetSpec

WAY_OUT = "or use the network backend ovn"


def network(resource: Resource, allocator: Allocator) -> str:
    """The hosts' interfaces are used as they are."""
    spec = NetworkSpec.of(resource)
    if spec.provider_segmentation_id:
        return f"{resource.title}: hosts without OVN tag no frames; leave provider_segmentation_id out, {WAY_OUT}"
    if spec.provider_physical_network and not spec.external:
        return f"{resource.title}: without OVN only an external network has a provider_physical_network; {_leave(spec)}"
    return ""


def _leave(spec: NetworkSpec) -> str:
    return f"leave {spec.provider_physical_network} out, {WAY_OUT}"


def subnet(resource: Resource, allocator: Allocator) -> str:
    """One for each network, with a gateway, and nowhere the same addresses: all hosts route all of them."""
    spec = SubnetSpec.of(resource)
    owner = allocator.get(spec.network)
    others = [item for item in allocator.every("subnet") if item.id != resource.id]
    if not owner.spec["external"]:
        if any(item.spec["network"] == owner.id for item in others):
            return f"{resource.title}: a network without OVN has one subnet; use another network, {WAY_OUT}"
        if not resource.attributes["gateway_ip"]:
            return f"{resource.title}: hosts without OVN are the gateway; leave gateway_ip to its default, {WAY_OUT}"
    own = IPv4Network(spec.cidr)
    twice = next((item for item in others if IPv4Network(item.spec["cidr"]).overlaps(own)), None)
    if twice:
        return (
            f"{resource.title}: {spec.cidr} overlaps {twice.spec['cidr']} of another subnet ({twice.name}), and hosts "
            f"without OVN route both; choose another range, {WAY_OUT}"
        )
    return ""


def port(resource: Resource, allocator: Allocator) -> str:
    """One address, on a network of a tenant."""
    owner = allocator.get(PortSpec.of(resource).network)
    if owner.spec["external"]:
        return (
            f"{resource.title}: {owner.name} is external, where hosts without OVN plug in no guest; use a floating IP"
        )
    count = len(resource.attributes["addresses"])
    if count != 1:
        why = "give its network a subnet" if not count else "name one of fixed_ips"
        return f"{resource.title}: a port without OVN has one address, and this has {count}; {why}, {WAY_OUT}"
    [address] = resource.attributes["addresses"]
    if address["ip_address"] == allocator.get(address["subnet"]).attributes["gateway_ip"]:
        return f"{resource.title}: hosts without OVN are the gateway; leave {address['ip_address']} out, {WAY_OUT}"
    return ""


def router(resource: Resource, allocator: Allocator) -> str:
    """One network to an external one: what the hosts' own address translation is."""
    legs = resource.attributes["interfaces"]
    if len(legs) > 1:
        return (
            f"{resource.title}: hosts without OVN do not route between networks; keep one of its interfaces, {WAY_OUT}"
        )
    if RouterSpec.of(resource).external_ip:
        return (
            f"{resource.title}: hosts without OVN translate to addresses of their own; leave external_ip out, {WAY_OUT}"
        )
    for leg in legs:
        gateway = allocator.get(leg["subnet"]).attributes["gateway_ip"]
        if leg["ip_address"] != gateway:
            where = leg["ip_address"]
            return f"{resource.title}: hosts without OVN are at the gateway's address; leave {where} out, {WAY_OUT}"
    return ""


def security_group(resource: Resource, allocator: Allocator) -> str:
    """IPv4 alone; that all egress is allowed says it of both."""
    rules = SecurityGroupSpec.of(resource).rules
    listed = [(rule.direction, rule.ethertype, rule.protocol) for rule in rules]
    if any(
        ethertype == "IPv6" and (direction, protocol) != ("egress", None) for direction, ethertype, protocol in listed
    ):
        return f"{resource.title}: networks without OVN carry IPv4 alone; leave its rules for IPv6 out, {WAY_OUT}"
    return ""


LIMITS: Mapping[str, Limit] = {
    "network": network,
    "subnet": subnet,
    "port": port,
    "router": router,
    "security_group": security_group,
}
TRAITS = Traits(
    per_host=True,
    everywhere=frozenset({"network", "port", "router", "floating_ip", "security_group"}),
    spread=frozenset({"port", "router", "floating_ip", "security_group"}),
    limits=LIMITS,
)
