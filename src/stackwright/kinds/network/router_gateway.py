# SPDX-License-Identifier: Apache-2.0
"""Router gateways: what leads a router outside, declared apart from it."""

from collections.abc import Mapping
from typing import Annotated, Any

from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Ref, Spec
from stackwright.kinds.network.router import must_be_external, take_external
from stackwright.kinds.network.subnet import Address


class RouterGatewaySpec(Spec):
    """network: the external one. The options are those that a router has for a gateway of its own."""

    router: Annotated[str, Ref("router")]
    network: Annotated[str, Ref("network")]
    external_ip: Address | None = None
    enable_snat: bool = True
    description: str = ""


class RouterGateway(Kind):
    """Attributes: subnet, ip_address, mac_address. The router holds the gateway in the backends."""

    name = "router_gateway"
    spec = RouterGatewaySpec
    touches = ("router",)
    columns = ("router", "network", "ip_address")

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """It leads outside."""
        must_be_external(wish, allocator.get(wish.spec["network"]))
        return wish.spec

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """An address on the external network."""
        spec = RouterGatewaySpec.of(resource)
        now = resource.attributes.get("ip_address", "")
        subnet, address = take_external(resource, spec.network, spec.external_ip, now, allocator)
        return {"subnet": subnet.id, "ip_address": address, "mac_address": allocator.mac(resource)}
