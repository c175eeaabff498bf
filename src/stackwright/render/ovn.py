# SPDX-License-Identifier: Apache-2.0
"""What OVN has to hold for networks, subnets, ports, routers, floating IPs and security groups. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from typing import Any

from stackwright.drivers.ovn.dropping import ALLOW
from stackwright.drivers.ovn.objects import (
    FROM_PORT,
    TO_PORT,
    DhcpOptions,
    Nat,
    PortGroup,
    Router,
    RouterPort,
    StaticRoute,
    Switch,
    SwitchPort,
    acl,
    gateway_port,
    group_name,
    nat_name,
    route_name,
)
from stackwright.engine.objects import Object
from stackwright.engine.resource import Resource, View
from stackwright.kinds.compute.host import HostSpec
from stackwright.kinds.network.network import NetworkSpec
from stackwright.kinds.network.port import PortSpec
from stackwright.kinds.network.router import RouterSpec
from stackwright.kinds.network.security_group import Rule, SecurityGroupSpec
from stackwright.kinds.network.subnet import SubnetSpec

LEASE_SECONDS = 43200
ANYWHERE = "0.0.0.0/0"
NOWHERE = "-"
"""In place of a chassis: no host is called so."""
# Where a subnet has no gateway, DHCP still needs an address to speak from; it answers broadcasts alone then.
DHCP_WITHOUT_GATEWAY = "169.254.1.1"


def network(resource: Resource, view: View) -> Iterator[Object]:
    """A switch, and where it has a physical network the port that leads there."""
    spec = NetworkSpec.of(resource)
    yield Switch(name=resource.id, **_mark(resource))
    if spec.provider_physical_network:
        yield SwitchPort(
            name=f"localnet-{resource.id}",
            switch=resource.id,
            type="localnet",
            addresses=("unknown",),
            options={"network_name": spec.provider_physical_network},
            tag=spec.provider_segmentation_id,
            **_mark(resource),
        )


def subnet(resource: Resource, view: View) -> Iterator[Object]:
    """What DHCP answers."""
    spec = SubnetSpec.of(resource)
    if spec.enable_dhcp:
        mtu = view.get(spec.network).attributes["mtu"]
        options = _dhcp(resource, spec, mtu)
        yield DhcpOptions(name=resource.id, cidr=spec.cidr, options=options, **_mark(resource))


def _dhcp(resource: Resource, spec: SubnetSpec, mtu: int) -> dict[str, str]:
    gateway = resource.attributes["gateway_ip"]
    options = {
        "server_id": gateway or DHCP_WITHOUT_GATEWAY,
        "server_mac": _server_mac(resource.id),
        "lease_time": str(LEASE_SECONDS),
        "mtu": str(mtu),
    }
    if gateway:
        options["router"] = gateway
    if spec.dns_nameservers:
        options["dns_server"] = _set(spec.dns_nameservers)
    if spec.host_routes:
        options["classless_static_route"] = _set(_routes(spec, gateway))
    return options


def _routes(spec: SubnetSpec, gateway: str) -> list[str]:
    """A client that gets these ignores the router option, so they say the default route, too."""
    routes = {route.destination: route.nexthop for route in spec.host_routes}
    if gateway:
        routes.setdefault(ANYWHERE, gateway)
    return [f"{destination},{nexthop}" for destination, nexthop in routes.items()]


def _set(values: list[str]) -> str:
    return "{" + ", ".join(values) + "}"


def _server_mac(subnet_id: str) -> str:
    """Locally administered, from another range than the ports' own."""
    digest = hashlib.sha256(subnet_id.encode()).digest()
    return "02:00:" + ":".join(f"{byte:02x}" for byte in digest[:4])


def port(resource: Resource, view: View) -> Iterator[Object]:
    """A guest's port. Without port security it may use any address, and nothing is filtered.

    One that is a router's leg is rendered with the router.
    """
    if resource.attributes.get("router"):
        return
    spec = PortSpec.of(resource)
    own = " ".join(
        [
            resource.attributes["mac_address"],
            *(item["ip_address"] for item in resource.attributes["addresses"]),
        ]
    )
    yield SwitchPort(
        name=resource.id,
        switch=spec.network,
        addresses=(own,) if spec.port_security else tuple(sorted((own, "unknown"))),
        port_security=(own,) if spec.port_security else (),
        dhcp=_answering_subnet(resource, view),
        groups=tuple(sorted(spec.security_groups or ())) if spec.port_security else (),
        filtered=spec.port_security,
        expects_up=_will_be_used(resource, view),
        options=_binding(resource, view),
        **_mark(resource),
    )


def _binding(resource: Resource, view: View) -> dict[str, str]:
    """While its instance moves, both hosts have it, and the one it moves to is deaf until the guest has arrived there.

    Where its instance was given up, it cannot come up again. At all other times it is where it is plugged in.
    """
    instance = view.holder(resource.id)
    left = view.leaving(instance.id) if instance else {}
    if not instance or not left:
        return {}
    hosts = [*(host for host, lost in left.items() if not lost), *filter(None, [instance.host])]
    chassis = ",".join(HostSpec.of(view.host(host)).chassis or host for host in hosts)
    return {"requested-chassis": chassis or NOWHERE, **({"activation-strategy": "rarp"} if len(hosts) > 1 else {})}


def _answering_subnet(resource: Resource, view: View) -> str:
    """A port has one set of DHCP options: those of its first address that has any."""
    subnets = [item["subnet"] for item in resource.attributes["addresses"]]
    return next((subnet_id for subnet_id in subnets if SubnetSpec.of(view.get(subnet_id)).enable_dhcp), "")


def _will_be_used(resource: Resource, view: View) -> bool:
    """Whether a guest is about to be plugged in: only a run that looks after its instance starts one."""
    try:
        owner = view.get(resource.owner)
    except KeyError:
        return False
    return owner.kind == "instance" and owner.wanted and owner.spec["power"] != "stopped"


def router(resource: Resource, view: View) -> Iterator[Object]:
    """A router with a leg in each subnet and, where it leads outside, a gateway that hides them."""
    gateway = resource.attributes["gateway"]
    enable_snat = resource.attributes.get("enable_snat", RouterSpec.of(resource).enable_snat)
    yield Router(name=resource.id, **_mark(resource))
    for leg in resource.attributes["interfaces"]:
        yield from _leg(resource, leg, view, f"lrp-{resource.id}-{leg['subnet']}", gateway=False)
        if gateway and enable_snat:
            yield _nat(resource, resource.id, "snat", gateway["ip_address"], view.get(leg["subnet"]).spec["cidr"])
    if gateway:
        yield from _leg(resource, gateway, view, gateway_port(resource.id), gateway=True)
        yield from _default_route(resource, view.get(gateway["subnet"]))


def _leg(resource: Resource, leg: dict[str, str], view: View, name: str, *, gateway: bool) -> Iterator[Object]:
    joined = view.get(leg["subnet"])
    prefix = IPv4Network(joined.spec["cidr"]).prefixlen
    yield RouterPort(
        name=name,
        router=resource.id,
        mac=leg["mac_address"],
        networks=(f"{leg['ip_address']}/{prefix}",),
        gateway=gateway,
        **_mark(resource),
    )
    # The addresses that a router translates are announced on the network that it leads to.
    announce = {"nat-addresses": "router"} if gateway else {}
    yield SwitchPort(
        name=f"{name}-peer",
        switch=joined.spec["network"],
        type="router",
        addresses=("router",),
        options={"router-port": name, **announce},
        **_mark(resource),
    )


def _default_route(resource: Resource, outside: Resource) -> Iterator[Object]:
    nexthop = outside.attributes["gateway_ip"]
    if nexthop:
        yield StaticRoute(
            name=route_name(resource.id, ANYWHERE),
            router=resource.id,
            prefix=ANYWHERE,
            nexthop=nexthop,
            output_port=gateway_port(resource.id),
            **_mark(resource),
        )


def floating_ip(resource: Resource, view: View) -> Iterator[Object]:
    """A translation on the router, once it leads somewhere."""
    has = resource.attributes
    if has.get("router"):
        yield _nat(resource, has["router"], "dnat_and_snat", has["floating_ip_address"], has["fixed_address"])


def _nat(resource: Resource, router_id: str, kind: str, external_ip: str, logical_ip: str) -> Nat:
    return Nat(
        name=nat_name(router_id, kind, external_ip, logical_ip),
        router=router_id,
        type=kind,
        external_ip=external_ip,
        logical_ip=logical_ip,
        **_mark(resource),
    )


def security_group(resource: Resource, view: View) -> Iterator[Object]:
    """A port group with a rule for each thing that is allowed; what is not is dropped by another group."""
    group = group_name(resource.id)
    yield PortGroup(name=group, **_mark(resource))
    added = [Rule(**rule) for rule in resource.attributes.get("added_rules", [])]
    for rule in dict.fromkeys([*SecurityGroupSpec.of(resource).effective(), *added]):
        direction = TO_PORT if rule.direction == "ingress" else FROM_PORT
        yield acl(group, direction, _match(group, rule), priority=ALLOW, action="allow-related", **_mark(resource))


def _match(group: str, rule: Rule) -> str:
    here, remote = ("outport", "src") if rule.direction == "ingress" else ("inport", "dst")
    family = "ip4" if rule.ethertype == "IPv4" else "ip6"
    return " && ".join([f"{here} == @{group}", family, *_remote(rule, family, remote), *_protocol(rule)])


def _remote(rule: Rule, family: str, end: str) -> Iterator[str]:
    if rule.remote_group:
        yield f"{family}.{end} == ${group_name(rule.remote_group)}_{family}"
    elif rule.remote_ip_prefix and rule.remote_ip_prefix != ANYWHERE:
        yield f"ip4.{end} == {rule.remote_ip_prefix}"


def _protocol(rule: Rule) -> Iterator[str]:
    low, high = rule.port_range_min, rule.port_range_max
    if rule.protocol == "icmp":
        name = "icmp4" if rule.ethertype == "IPv4" else "icmp6"
        yield name
        yield from (
            f"{name}.{field} == {number}" for field, number in (("type", low), ("code", high)) if number is not None
        )
    elif rule.protocol:
        yield rule.protocol
        if low is not None and low == high:
            yield f"{rule.protocol}.dst == {low}"
        elif low is not None:
            yield f"{rule.protocol}.dst >= {low} && {rule.protocol}.dst <= {high}"


def _mark(resource: Resource) -> dict[str, Any]:
    return {"resource": resource.id, "title": resource.name}


RENDER: dict[str, Callable[[Resource, View], Iterator[Object]]] = {
    "network": network,
    "subnet": subnet,
    "port": port,
    "router": router,
    "floating_ip": floating_ip,
    "security_group": security_group,
}
