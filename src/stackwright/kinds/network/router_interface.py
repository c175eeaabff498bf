# SPDX-License-Identifier: Apache-2.0
"""Router interfaces: a leg of a router, declared apart from it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import model_validator

from stackwright.engine.errors import InvalidInput
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import ATTACHED, Resource
from stackwright.kinds.base import Kind, Ref, Spec
from stackwright.kinds.network.router import take_leg
from stackwright.kinds.network.subnet import Address


class RouterInterfaceSpec(Spec):
    """A leg in a subnet, at its gateway's address or at ip_address; or one that is what a port is."""

    router: Annotated[str, Ref("router")]
    subnet: Annotated[str, Ref("subnet")] | None = None
    port: Annotated[str, Ref("port")] | None = None
    ip_address: Address | None = None
    description: str = ""

    @model_validator(mode="after")
    def _one(self) -> "RouterInterfaceSpec":
        if (self.subnet is None) == (self.port is None):
            raise ValueError("a router interface has a subnet or a port, and not both; name one of them")
        if self.port and self.ip_address:
            raise ValueError("ip_address goes with a subnet; a port has its address already")
        return self


class RouterInterface(Kind):
    """Attributes: subnet, ip_address, mac_address. The router holds the leg in the backends."""

    name = "router_interface"
    spec = RouterInterfaceSpec
    touches = ("router", "port")
    columns = ("router", "subnet", "ip_address")

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """The leg: its own, or that of its port, which is nobody else's then."""
        spec = RouterInterfaceSpec.of(resource)
        if spec.subnet:
            return take_leg(resource, spec.subnet, spec.ip_address, allocator)
        port = allocator.get(spec.port or "")
        allocator.take(resource, ATTACHED, port.id)
        if len(port.attributes["addresses"]) != 1:
            raise InvalidInput(
                f"router interface {resource.name}: port {port.name} has {len(port.attributes['addresses'])} "
                "addresses and a leg has one; name a port with one"
            )
        return {**port.attributes["addresses"][0], "mac_address": port.attributes["mac_address"]}
