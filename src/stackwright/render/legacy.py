# SPDX-License-Identifier: Apache-2.0
"""What hosts have to hold for networks without OVN. Pure.

A network's bridge, a guest's reservation and its guard are on the guest's host, so the instance renders them. What
guests anywhere may need (security groups, who is in them, which ranges are translated) is on every host.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from stackwright.drivers.legacy.objects import (
    Bridge,
    Firewall,
    Floating,
    Group,
    Guard,
    Member,
    Reservation,
    SourceNat,
    member_name,
)
from stackwright.drivers.libvirt.objects import Nic
from stackwright.engine.objects import Object
from stackwright.engine.resource import Resource, View
from stackwright.kinds.compute.instance import InstanceSpec
from stackwright.kinds.network.port import PortSpec
from stackwright.kinds.network.router import RouterSpec
from stackwright.kinds.network.security_group import Rule, SecurityGroupSpec
from stackwright.kinds.network.subnet import SubnetSpec

ANYWHERE = "0.0.0.0/0"
NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "sctp": 132}


def host(resource: Resource, view: View) -> Iterator[Object]:
    """The frame of its packet filter."""
    yield Firewall(place=resource.name, name=resource.name, resource=resource.id)


def nothing(resource: Resource, view: View) -> Iterator[Object]:
    """Its instances hold what it needs, where they are."""
    yield from ()


def port(resource: Resource, view: View) -> Iterator[Object]:
    """Its addresses are members of its groups on every host."""
    for group in _groups(resource):
        for address in _addresses(resource):
            for item in view.every_host():
                name = member_name(group, address)
                yield Member(place=item.name, name=name, resource=resource.id, group=group, address=address)


def _groups(resource: Resource) -> list[str]:
    spec = PortSpec.of(resource)
    return sorted(spec.security_groups or ()) if spec.port_security else []


def _addresses(resource: Resource) -> list[str]:
    return [item["ip_address"] for item in resource.attributes["addresses"]]


def security_group(resource: Resource, view: View) -> Iterator[Object]:
    """Its rules, on every host."""
    for item in view.every_host():
        yield _group(item.name, resource)


def _group(place: str, resource: Resource) -> Group:
    added = [Rule(**rule) for rule in resource.attributes.get("added_rules", [])]
    listed = dict.fromkeys([*SecurityGroupSpec.of(resource).effective(), *added])
    carried = [rule for rule in listed if rule.ethertype == "IPv4"]
    return Group(
        place=place,
        name=resource.id,
        resource=resource.id,
        ingress=tuple(_line(rule, "saddr") for rule in carried if rule.direction == "ingress"),
        egress=tuple(_line(rule, "daddr") for rule in carried if rule.direction == "egress"),
    )


def _line(rule: Rule, remote: str) -> str:
    """A rule just as nft prints it."""
    return " ".join([*_remote(rule, remote), *_protocol(rule), "accept"])


def _remote(rule: Rule, remote: str) -> Iterator[str]:
    if rule.remote_group:
        yield f"ip {remote} @members_{rule.remote_group}"
    elif rule.remote_ip_prefix and rule.remote_ip_prefix != ANYWHERE:
        yield f"ip {remote} {rule.remote_ip_prefix.removesuffix('/32')}"


def _protocol(rule: Rule) -> Iterator[str]:
    low, high = rule.port_range_min, rule.port_range_max
    if not rule.protocol:
        return
    if low is None and high is None:
        yield f"meta l4proto {NUMBERS[rule.protocol]}"
    elif rule.protocol == "icmp":
        yield from (f"icmp {name} {number}" for name, number in (("type", low), ("code", high)) if number is not None)
    else:
        yield f"{rule.protocol} dport {low if low == high else f'{low}-{high}'}"


def router(resource: Resource, view: View) -> Iterator[Object]:
    """It joins a network with an external one: every host hides that network behind its own address."""
    enable_snat = resource.attributes.get("enable_snat", RouterSpec.of(resource).enable_snat)
    if resource.attributes["gateway"] and enable_snat:
        for leg in resource.attributes["interfaces"]:
            for item in view.every_host():
                yield SourceNat(place=item.name, name=view.get(leg["subnet"]).spec["cidr"], resource=resource.id)


def floating_ip(resource: Resource, view: View) -> Iterator[Object]:
    """Once it leads somewhere, on every host: the one that has the guest answers for it."""
    has = resource.attributes
    if has.get("fixed_address"):
        name, address = has["floating_ip_address"], has["fixed_address"]
        for item in view.every_host():
            yield Floating(place=item.name, name=name, resource=resource.id, address=address)


def instance(resource: Resource, view: View) -> Iterator[Object]:
    """What its host needs for its network cards, while it has the guest."""
    spec = InstanceSpec.of(resource)
    if spec.adopted or spec.offloaded or spec.shelved:
        return
    for nic in resource.attributes["nics"]:
        plugged = view.get(nic["port"])
        network = view.get(plugged.spec["network"])
        subnet = view.get(nic["subnets"][0])
        yield _bridge(resource.host, network, subnet)
        mark = {"place": resource.host, "resource": resource.id}
        for address in _addresses(plugged):
            if SubnetSpec.of(subnet).enable_dhcp:
                yield Reservation(name=nic["mac_address"], network=network.id, address=address, **mark)
            unguarded = not PortSpec.of(plugged).port_security
            yield Guard(name=plugged.id, address=address, groups=tuple(_groups(plugged)), open=unguarded, **mark)
        for group in _groups(plugged):
            yield _group(resource.host, view.get(group))


def _bridge(place: str, network: Resource, subnet: Resource) -> Bridge:
    spec = SubnetSpec.of(subnet)
    return Bridge(
        place=place,
        name=network.id,
        resource=network.id,
        title=network.name,
        segment=network.attributes["segment"],
        gateway=subnet.attributes["gateway_ip"],
        prefix=IPv4Network(spec.cidr).prefixlen,
        mac=gateway_mac(network.id),
        mtu=network.attributes["mtu"],
        options=tuple(_options(spec, subnet.attributes["gateway_ip"])),
    )


def gateway_mac(network_id: str) -> str:
    """The same on all hosts, and recognised by their packet filters, which keep it in."""
    digest = hashlib.sha256(network_id.encode()).digest()
    return "02:53:57:" + ":".join(f"{byte:02x}" for byte in digest[:3])


def _options(spec: SubnetSpec, gateway: str) -> Iterator[str]:
    if spec.dns_nameservers:
        yield f"dhcp-option=option:dns-server,{','.join(spec.dns_nameservers)}"
    if spec.host_routes:
        # A client that gets these ignores the router option, so they say the default route, too.
        routes = {**{route.destination: route.nexthop for route in spec.host_routes}}
        routes.setdefault(ANYWHERE, gateway)
        pairs = ",".join(f"{destination},{nexthop}" for destination, nexthop in routes.items())
        yield f"dhcp-option=option:classless-static-route,{pairs}"


def card(nic: Mapping[str, Any], view: View, offload: bool) -> Nic:
    """A network card in its network's bridge, from where it cannot speak in another's name."""
    plugged = view.get(nic["port"])
    own = tuple(_addresses(plugged)) if PortSpec.of(plugged).port_security else ()
    return Nic(
        port=nic["port"],
        mac=nic["mac_address"],
        mtu=nic["mtu"],
        offload=offload,
        network=plugged.spec["network"],
        addresses=own,
    )


RENDER: dict[str, Callable[[Resource, View], Iterator[Object]]] = {
    "host": host,
    "network": nothing,
    "subnet": nothing,
    "port": port,
    "security_group": security_group,
    "router": router,
    "floating_ip": floating_ip,
    "instance": instance,
}
