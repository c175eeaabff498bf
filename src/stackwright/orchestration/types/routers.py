# SPDX-License-Identifier: Apache-2.0
"""Routers, their legs and their gateways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Resource
from stackwright.orchestration.constraints import Custom
from stackwright.orchestration.types import common
from stackwright.orchestration.types.base import Asked, Attribute, Lacking, Look, Prop, Rule, Type

AGENTS = "cannot be had: there are no L3 agents"


def _router(asked: Asked) -> Mapping[str, Any]:
    gateway = asked.properties.get("external_gateway_info") or {}
    fixed = gateway.get("external_fixed_ips", [])
    if len(fixed) > 1:
        raise InvalidInput(f"router {asked.name}: a gateway has one external fixed IP, and not {len(fixed)}; keep one")
    return {
        "external_network": gateway.get("network"),
        "external_ip": next((item.get("ip_address") for item in fixed), None),
        "enable_snat": gateway.get("enable_snat", True),
        "interfaces": [],
    }


def _gateway_info(router: Resource, look: Look) -> dict[str, Any] | None:
    gateway = router.attributes.get("gateway")
    if not gateway:
        return None
    fixed = {"subnet_id": gateway["subnet"], "ip_address": gateway["ip_address"]}
    network = look.get(gateway["subnet"]).spec["network"]
    snat = router.attributes.get("enable_snat", router.spec["enable_snat"])
    return {"network_id": network, "enable_snat": snat, "external_fixed_ips": [fixed]}


ROUTER = Type(
    name="OS::Neutron::Router",
    kind="router",
    properties={
        "name": common.NAME,
        "external_gateway_info": Prop(
            "map",
            "How it leads outside.",
            schema={
                "network": Prop(description="The external network.", required=True),
                "enable_snat": Prop("boolean", "Whether its subnets share the gateway's address."),
                "external_fixed_ips": Prop(
                    "list",
                    "The gateway's address.",
                    schema=Prop(
                        "map",
                        schema={
                            "ip_address": Prop(description="The address.", constraints=(Custom("ip_addr"),)),
                            "subnet": Prop(
                                description="A subnet of the external network.",
                                constraints=(
                                    Custom("neutron.subnet"),
                                    Lacking("cannot be chosen: give the gateway an ip_address of it instead"),
                                ),
                            ),
                        },
                    ),
                ),
            },
        ),
        "value_specs": common.VALUE_SPECS,
        "admin_state_up": common.ADMIN_STATE,
        "tenant_id": common.TENANT,
        "l3_agent_ids": common.lacking("list", "Agents that serve it.", AGENTS),
        "l3_agent_id": common.lacking("string", "The agent that serves it.", AGENTS),
        "distributed": Prop("boolean", "Whether every host routes; each one does, whatever is said here."),
        "ha": Prop(
            "boolean",
            "Whether another host takes over.",
            constraints=(Lacking("cannot be had: no other host takes over for a router's gateway", but=(False,)),),
        ),
        "availability_zone_hints": common.lacking(
            "list", "Availability zones to be in.", "cannot be had: routers are in every zone"
        ),
        "tags": common.TAGS,
    },
    values={
        "status": common.always("ACTIVE", "Its status."),
        "external_gateway_info": Attribute("How it leads outside.", _gateway_info),
        "name": common.called(),
        "admin_state_up": common.always(True, "Whether it is in operation."),
        "tenant_id": common.project(),
    },
    spec=_router,
    after=(Rule(("OS::Neutron::Subnet",), ("external_gateway_info.network",), ("network",)),),
)


def _interface(asked: Asked) -> Mapping[str, Any]:
    common.just_one(asked, ("subnet", "port"))
    given = asked.properties
    return {
        "router": given["router"],
        "subnet": given.get("subnet") or None,
        "port": given.get("port") or None,
        "ip_address": None,
    }


def _interface_id(interface: Resource, look: Look) -> str:
    spec = interface.spec
    leg = f"port_id={spec['port']}" if spec.get("port") else f"subnet_id={spec['subnet']}"
    return f"{spec['router']}:{leg}"


INTERFACE = Type(
    name="OS::Neutron::RouterInterface",
    kind="router_interface",
    properties={
        "router": common.refers("neutron.router", "The router.", required=True, old="router_id"),
        "subnet": common.refers("neutron.subnet", "The subnet; the leg is its gateway.", old="subnet_id"),
        "port": common.refers("neutron.port", "The port whose address the leg has.", old="port_id"),
    },
    spec=_interface,
    reference=_interface_id,
)


def _gateway(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    return {"router": given["router_id"], "network": given["network"], "external_ip": None, "enable_snat": True}


GATEWAY = Type(
    name="OS::Neutron::RouterGateway",
    kind="router_gateway",
    properties={
        "router_id": common.refers("neutron.router", "The router.", required=True),
        "network": common.refers("neutron.network", "The external network.", required=True, old="network_id"),
    },
    spec=_gateway,
    reference=lambda resource, look: f"{resource.spec['router']}:{resource.spec['network']}",
    after=(Rule(("OS::Neutron::Subnet",), ("network",), ("network",)),),
)
TYPES = (ROUTER, INTERFACE, GATEWAY)
