# SPDX-License-Identifier: Apache-2.0
"""Ports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.engine.resource import Resource
from stackwright.orchestration.constraints import AllowedValues, Custom
from stackwright.orchestration.types import common, networks
from stackwright.orchestration.types.base import Asked, Attribute, Lacking, Look, Prop, Rule, Type

AFTER_SUBNETS = Rule(("OS::Neutron::Subnet",), ("network",), ("network",))
"""Which subnet a port gets its address on is not known before: all of its network come first."""


def _device(port: Resource, look: Look) -> tuple[str, str]:
    """What the port belongs to: its id, and its kind as Neutron names it."""
    for instance in look.referrers(port.id, "instance"):
        return instance.id, f"compute:{instance.spec.get('availability_zone') or 'nova'}"
    for leg in look.referrers(port.id, "router_interface"):
        return leg.spec["router"], "network:router_interface"
    return "", ""


def _fixed_ips(port: Resource, look: Look) -> list[dict[str, str]]:
    found = port.attributes.get("addresses", [])
    return [{"subnet_id": address["subnet"], "ip_address": address["ip_address"]} for address in found]


def subnets_of(port: Resource, look: Look) -> list[dict[str, Any]]:
    """The subnets that a port has addresses on, with their attributes."""
    ids = dict.fromkeys(address["subnet"] for address in port.attributes.get("addresses", []))
    return [common.shown(look.get(item), look, networks.SUBNET_VALUES) for item in ids]


def network_of(port: Resource, look: Look) -> dict[str, Any]:
    """The network that a port is on, with its attributes."""
    return common.shown(look.get(port.spec["network"]), look, networks.NETWORK)


VALUES: Mapping[str, Attribute] = {
    "admin_state_up": common.always(True, "Whether it is in operation."),
    "device_id": Attribute("The id of what it belongs to.", lambda port, look: _device(port, look)[0]),
    "device_owner": Attribute("What it belongs to.", lambda port, look: _device(port, look)[1]),
    "fixed_ips": Attribute("Its addresses, each with its subnet.", _fixed_ips),
    "mac_address": common.told("mac_address", "Its MAC address."),
    "name": common.called(),
    "network_id": common.told("network", "The id of its network."),
    "security_groups": common.told("security_groups", "Ids of its security groups."),
    "status": Attribute(
        "ACTIVE, or DOWN as long as it belongs to nothing.",
        lambda port, look: "ACTIVE" if _device(port, look)[0] else "DOWN",
    ),
    "tenant_id": common.project(),
    "allowed_address_pairs": common.always([], "Further addresses that it may use."),
    "subnets": Attribute("Its subnets, with their attributes.", subnets_of),
    "port_security_enabled": common.told("port_security", "Whether it is filtered."),
    "qos_policy_id": common.always(None, "The id of its QoS policy."),
    "dns_assignment": common.always([], "Its DNS names."),
    "network": Attribute("Its network, with its attributes.", network_of),
    "propagate_uplink_status": common.always(False, "Whether it follows the link outside."),
}


def _spec(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    fixed = [
        {"subnet": item.get("subnet") or None, "ip_address": item.get("ip_address") or None}
        for item in given.get("fixed_ips", [])
    ]
    mac = given.get("mac_address")
    return {
        "network": given["network"],
        "fixed_ips": fixed,
        "mac_address": _with_colons(mac) if mac else None,
        "security_groups": given.get("security_groups"),
        "port_security": given.get("port_security_enabled", True),
    }


def _with_colons(mac: str) -> str:
    """A MAC address as the kind writes it; templates may have hyphens, dots, or nothing between the digits."""
    digits = "".join(character for character in mac if character.isalnum())
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


BELONGS = "cannot be chosen: it follows from what uses the port"
TYPE = Type(
    name="OS::Neutron::Port",
    kind="port",
    properties={
        "name": common.NAME,
        "network": common.refers("neutron.network", "Its network.", required=True, old="network_id"),
        "fixed_ips": Prop(
            "list",
            "The addresses that it is to have.",
            schema=Prop(
                "map",
                schema={
                    "subnet": common.refers("neutron.subnet", "A subnet of its network.", old="subnet_id"),
                    "ip_address": Prop(description="An address.", constraints=(Custom("ip_addr"),)),
                },
            ),
        ),
        "security_groups": Prop("list", "Its security groups; the project's default one if left out."),
        "replacement_policy": common.chosen(
            "It has no effect: a port stays the same one.", "REPLACE_ALWAYS", "AUTO", default="AUTO"
        ),
        "device_id": common.lacking("string", "What it belongs to.", BELONGS),
        "device_owner": common.lacking("string", "What it belongs to.", BELONGS),
        "dns_name": common.DNS_NAME,
        "no_fixed_ips": Prop(
            "boolean",
            "Whether it is to have no address.",
            default=False,
            constraints=(Lacking("cannot be had: on a network with subnets every port has an address", but=(False,)),),
        ),
        "tags": common.TAGS,
        "value_specs": common.VALUE_SPECS,
        "admin_state_up": common.ADMIN_STATE,
        "mac_address": Prop(description="Its MAC address.", constraints=(Custom("mac_addr"),)),
        "allowed_address_pairs": common.lacking(
            "list",
            "Further addresses that it may use.",
            "cannot be had: a port sends from its own addresses alone; port_security_enabled false allows any",
        ),
        "binding:vnic_type": Prop(
            description="The sort of its network card.",
            default="normal",
            constraints=(
                AllowedValues(
                    ("normal", "direct", "macvtap", "direct-physical", "baremetal", "virtio-forwarder", "smart-nic")
                ),
                Lacking("cannot be had: network cards are virtual ones", but=("normal",)),
            ),
        ),
        "qos_policy": common.QOS,
        "port_security_enabled": Prop("boolean", "Whether it is filtered."),
        "propagate_uplink_status": Prop("boolean", "Of network cards passed through; it has no effect."),
    },
    values=VALUES,
    spec=_spec,
    after=(AFTER_SUBNETS,),
)
TYPES = (TYPE,)
