# SPDX-License-Identifier: Apache-2.0
"""Floating IPs and what they lead to, by their names in Neutron and by the old ones in Nova."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Resource
from stackwright.orchestration.constraints import Custom
from stackwright.orchestration.types import common
from stackwright.orchestration.types.base import Asked, Attribute, Lacking, Look, Prop, Rule, Type

AFTER_ROUTERS = Rule(("OS::Neutron::Router", "OS::Neutron::RouterInterface", "OS::Neutron::RouterGateway"))
"""The router that translates an address is found when the address is given: all of the template come first."""
FIXED = Prop(description="Which address of the port it leads to.", constraints=(Custom("ip_addr"),))


def _after_subnets(name: str) -> Rule:
    return Rule(("OS::Neutron::Subnet",), (name,), ("network",))


def _floating_ip(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    if given.get("fixed_ip_address") and not given.get("port_id"):
        raise InvalidInput(f"floating IP {asked.name}: fixed_ip_address is an address of a port; give port_id as well")
    return {
        "network": given["floating_network"],
        "floating_ip_address": given.get("floating_ip_address") or None,
        "port": given.get("port_id") or None,
        "instance": None,
        "fixed_address": given.get("fixed_ip_address") or None,
    }


FLOATING_IP = Type(
    name="OS::Neutron::FloatingIP",
    kind="floating_ip",
    properties={
        "floating_network": common.refers(
            "neutron.network", "The external network.", required=True, old="floating_network_id"
        ),
        "floating_subnet": Prop(
            description="A subnet of the external network.",
            constraints=(
                Custom("neutron.subnet"),
                Lacking("cannot be chosen: give a floating_ip_address of it instead"),
            ),
        ),
        "value_specs": common.VALUE_SPECS,
        "port_id": common.refers("neutron.port", "The port that it leads to."),
        "fixed_ip_address": FIXED,
        "floating_ip_address": Prop(description="The outside address.", constraints=(Custom("ip_addr"),)),
        "dns_name": common.DNS_NAME,
        "dns_domain": common.DNS_DOMAIN,
    },
    values={
        "router_id": common.told("router", "The id of the router that translates it."),
        "tenant_id": common.project(),
        "floating_network_id": common.told("network", "The id of the external network."),
        "fixed_ip_address": common.told("fixed_address", "The address that it leads to."),
        "floating_ip_address": common.told("floating_ip_address", "The outside address."),
        "port_id": common.told("port", "The id of the port that it leads to."),
    },
    spec=_floating_ip,
    after=(AFTER_ROUTERS, _after_subnets("floating_network")),
)


def _association(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    return {
        "floating_ip": given["floatingip_id"],
        "port": given["port_id"],
        "instance": None,
        "fixed_address": given.get("fixed_ip_address") or None,
    }


ASSOCIATION = Type(
    name="OS::Neutron::FloatingIPAssociation",
    kind="floating_ip_association",
    properties={
        "floatingip_id": Prop(description="The floating IP.", required=True),
        "port_id": common.refers("neutron.port", "The port that it leads to.", required=True),
        "fixed_ip_address": FIXED,
    },
    spec=_association,
    after=(AFTER_ROUTERS,),
)


def _pooled(asked: Asked) -> Mapping[str, Any]:
    pool = asked.properties.get("pool") or _only_outside(asked)
    return {"network": pool, "floating_ip_address": None, "port": None, "instance": None, "fixed_address": None}


def _only_outside(asked: Asked) -> str:
    """The id of the external network, where there is one; it stays the same when there are more."""
    if asked.before:
        return str(asked.before.spec["network"])
    found = [item for item in asked.look.visible("network", asked.project) if item.spec["external"]]
    if len(found) != 1:
        listed = ", ".join(sorted(item.name for item in found)) or "none"
        raise InvalidInput(
            f"floating IP {asked.name} names no pool, and there is not just one external network ({listed}); name one"
        )
    return found[0].id


def _pool(floating_ip: Resource, look: Look) -> str:
    return look.get(floating_ip.spec["network"]).name


OLD_FLOATING_IP = Type(
    name="OS::Nova::FloatingIP",
    kind="floating_ip",
    properties={"pool": Prop(description="The external network.")},
    values={
        "pool": Attribute("The name of the external network.", _pool),
        "ip": common.told("floating_ip_address", "The outside address."),
    },
    spec=_pooled,
    after=(AFTER_ROUTERS, _after_subnets("pool")),
)


def _to_server(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    return {"floating_ip": given["floating_ip"], "port": None, "instance": given["server_id"], "fixed_address": None}


OLD_ASSOCIATION = Type(
    name="OS::Nova::FloatingIPAssociation",
    kind="floating_ip_association",
    properties={
        "server_id": common.refers("nova.server", "The server that it leads to.", required=True),
        "floating_ip": Prop(description="The floating IP.", required=True),
    },
    spec=_to_server,
    after=(AFTER_ROUTERS,),
)
TYPES = (FLOATING_IP, ASSOCIATION, OLD_FLOATING_IP, OLD_ASSOCIATION)
