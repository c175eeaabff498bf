# SPDX-License-Identifier: Apache-2.0
"""Networks and subnets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Resource
from stackwright.orchestration.constraints import AllowedValues, Custom, Range
from stackwright.orchestration.formats import FORMATS
from stackwright.orchestration.interfaces import Lookup
from stackwright.orchestration.types import common
from stackwright.orchestration.types.base import ANY, Asked, Attribute, Lacking, Look, Prop, Type

NO_IPV6 = "needs IPv6, which is not here"
PORT_SECURITY = Prop(
    "boolean",
    "Whether its ports are filtered.",
    constraints=(Lacking("is said of each port here: give it port_security_enabled", but=(True,)),),
)
ZONE_HINTS = common.lacking("list", "Availability zones to be in.", "cannot be had: networks are in every zone")


def _subnets(network: Resource, look: Look) -> list[str]:
    return [subnet.id for subnet in sorted(look.referrers(network.id, "subnet"), key=lambda item: item.key)]


NETWORK: Mapping[str, Attribute] = {
    "status": common.always("ACTIVE", "Its status."),
    "name": common.called(),
    "subnets": Attribute("Ids of its subnets.", _subnets),
    "admin_state_up": common.always(True, "Whether it is in operation."),
    "tenant_id": common.project(),
    "port_security_enabled": common.always(True, "Whether its ports are filtered."),
    "mtu": common.told("mtu", "Its MTU in bytes."),
    "qos_policy_id": common.always(None, "The id of its QoS policy."),
    "l2_adjacency": common.always(True, "Whether it is one network on layer 2."),
    "segments": common.always([], "Its segments."),
}


def _net(asked: Asked) -> Mapping[str, Any]:
    """Without options of administrators a network keeps those that it has: it may be one that a stack adopted."""
    shared, options = {"shared": asked.properties["shared"]}, asked.properties["value_specs"]
    if not options:
        return shared
    provider = {name.removeprefix("provider:"): value for name, value in options.items()}
    return {
        **shared,
        "external": options.get("router:external", False),
        "mtu": options.get("mtu", 0),
        **_leading_out(asked.name, {"network_type": "geneve", **provider}),
    }


def _provider_net(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    return {
        "shared": given["shared"],
        "external": given["router_external"],
        **_leading_out(asked.name, given),
    }


def _leading_out(network: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a network of this type leads out through. Raises InvalidInput."""
    needed = {"flat": ["physical_network"], "vlan": ["physical_network", "segmentation_id"]}.get(
        given["network_type"], []
    )
    for name in ("physical_network", "segmentation_id"):
        if bool(given.get(name)) != (name in needed):
            verb = "needs" if name in needed else "has no"
            raise InvalidInput(f"network {network}: a network of the type {given['network_type']} {verb} {name}")
    return {
        "provider_physical_network": given.get("physical_network") or "",
        "provider_segmentation_id": given.get("segmentation_id"),
    }


def _network_type(*, required: bool) -> Prop:
    return Prop(
        description="How its traffic travels.",
        required=required,
        constraints=(
            AllowedValues(("local", "vlan", "vxlan", "gre", "geneve", "flat")),
            Lacking("cannot be had: networks that lead out are flat or vlan", but=("flat", "vlan", "geneve")),
        ),
    )


PHYSICAL = Prop(description="The bridge mapping that leads out.")
SEGMENT = Prop("integer", "Its VLAN.")
OPTIONS = {
    "mtu": Prop("integer", "Its MTU in bytes."),
    "router:external": Prop("boolean", "Whether it leads outside."),
    "provider:network_type": _network_type(required=False),
    "provider:physical_network": PHYSICAL,
    "provider:segmentation_id": SEGMENT,
    ANY: common.lacking(
        "any",
        "Other options.",
        "is for an option that is not known here; there are mtu, "
        "router:external, provider:network_type, provider:physical_network and provider:segmentation_id",
    ),
}
"""What administrators of Neutron say of a network beside the properties of a template."""


NET = Type(
    name="OS::Neutron::Net",
    kind="network",
    properties={
        "name": common.NAME,
        "value_specs": Prop("map", "Options of administrators.", default={}, schema=OPTIONS),
        "admin_state_up": common.ADMIN_STATE,
        "tenant_id": common.TENANT,
        "shared": Prop("boolean", "Whether every project may use it.", default=False),
        "dhcp_agent_ids": common.lacking("list", "Agents that serve DHCP.", "cannot be had: there are no DHCP agents"),
        "port_security_enabled": PORT_SECURITY,
        "qos_policy": common.QOS,
        "dns_domain": common.DNS_DOMAIN,
        "availability_zone_hints": ZONE_HINTS,
        "tags": common.TAGS,
    },
    values=NETWORK,
    spec=_net,
)

PROVIDER_NET = Type(
    name="OS::Neutron::ProviderNet",
    kind="network",
    properties={
        "name": common.NAME,
        "network_type": _network_type(required=True),
        "physical_network": PHYSICAL,
        "segmentation_id": SEGMENT,
        "admin_state_up": common.ADMIN_STATE,
        "tenant_id": common.TENANT,
        "shared": Prop("boolean", "Whether every project may use it.", default=True),
        "port_security_enabled": PORT_SECURITY,
        "router_external": Prop("boolean", "Whether it leads outside.", default=False),
        "vlan_transparent": Prop(
            "boolean",
            "Whether guests may tag their frames.",
            constraints=(Lacking("cannot be had: tagged frames of guests are dropped", but=(False,)),),
        ),
        "dns_domain": common.DNS_DOMAIN,
        "availability_zone_hints": ZONE_HINTS,
        "tags": common.TAGS,
    },
    values=NETWORK,
    spec=_provider_net,
)


class Gateway:
    """The constraint of a gateway: an address, or nothing for none."""

    description = ""

    def check(self, value: Any, lookup: Lookup) -> str:
        """'' or what is expected."""
        return "" if value in ("", "~") else FORMATS["ip_addr"](value)


def _range(word: str, format_: str) -> Prop:
    return Prop(description=word, required=True, constraints=(Custom(format_),))


def _mode(description: str) -> Prop:
    modes = AllowedValues(("dhcpv6-stateful", "dhcpv6-stateless", "slaac"))
    return Prop(description=description, constraints=(modes, Lacking(NO_IPV6)))


def _subnet(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    if not given.get("cidr"):
        raise InvalidInput(f"subnet {asked.name} names no cidr; give it one, as there are no subnet pools here")
    gateway = given.get("gateway_ip")
    return {
        "network": given["network"],
        "cidr": common.network(given["cidr"]),
        "ip_version": given["ip_version"],
        "gateway_ip": "" if gateway == "~" else gateway,
        "enable_dhcp": given["enable_dhcp"],
        "allocation_pools": given.get("allocation_pools", []),
        "dns_nameservers": given["dns_nameservers"],
        "host_routes": [
            {**route, "destination": common.network(route["destination"])} for route in given.get("host_routes", [])
        ],
    }


SUBNET_VALUES: Mapping[str, Attribute] = {
    "name": common.called(),
    "network_id": common.told("network", "The id of its network."),
    "tenant_id": common.project(),
    "allocation_pools": common.told("allocation_pools", "The ranges that addresses are taken from."),
    "gateway_ip": Attribute(
        "The address of its gateway.", lambda resource, look: resource.attributes.get("gateway_ip") or None
    ),
    "host_routes": common.told("host_routes", "Routes that DHCP hands out."),
    "ip_version": common.told("ip_version", "4."),
    "cidr": common.told("cidr", "Its range."),
    "dns_nameservers": common.told("dns_nameservers", "Name servers that DHCP hands out."),
    "enable_dhcp": common.told("enable_dhcp", "Whether DHCP serves it."),
}

NO_POOLS = "needs subnet pools, which are not here: give a cidr"
SUBNET = Type(
    name="OS::Neutron::Subnet",
    kind="subnet",
    properties={
        "network": common.refers("neutron.network", "Its network.", required=True, old="network_id"),
        "subnetpool": common.lacking("string", "The subnet pool that its range is taken from.", NO_POOLS),
        "prefixlen": Prop("integer", "How long the prefix of its range is.", constraints=(Range(0), Lacking(NO_POOLS))),
        "cidr": Prop(description="Its range.", constraints=(Custom("net_cidr"),)),
        "value_specs": common.VALUE_SPECS,
        "name": common.NAME,
        "ip_version": Prop("integer", "4.", default=4, constraints=(AllowedValues((4, 6)), Lacking(NO_IPV6, but=(4,)))),
        "dns_nameservers": Prop("list", "Name servers that DHCP hands out.", default=[]),
        "gateway_ip": Prop(
            description="The address of its gateway; the first one if left out, none if null or empty.",
            constraints=(Gateway(),),
            null="",
        ),
        "enable_dhcp": Prop("boolean", "Whether DHCP serves it.", default=True),
        "allocation_pools": Prop(
            "list",
            "The ranges that addresses are taken from.",
            schema=Prop(
                "map", schema={"start": _range("The first.", "ip_addr"), "end": _range("The last.", "ip_addr")}
            ),
        ),
        "tenant_id": common.TENANT,
        "host_routes": Prop(
            "list",
            "Routes that DHCP hands out.",
            schema=Prop(
                "map",
                schema={
                    "destination": _range("Where it leads.", "net_cidr"),
                    "nexthop": _range("Over which address.", "ip_addr"),
                },
            ),
        ),
        "ipv6_ra_mode": _mode("How IPv6 routers announce themselves."),
        "ipv6_address_mode": _mode("How IPv6 addresses are given."),
        "segment": common.lacking("string", "The segment that it is on.", "needs segments, which are not here"),
        "tags": common.TAGS,
    },
    values=SUBNET_VALUES,
    spec=_subnet,
)
TYPES = (NET, PROVIDER_NET, SUBNET)
