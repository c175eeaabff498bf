# SPDX-License-Identifier: Apache-2.0
"""Floating IPs: an outside address that leads to a port."""

from collections.abc import Mapping
from typing import Annotated, Any

from stackwright.engine.errors import Conflict, InvalidInput
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Ref, Spec, additions
from stackwright.kinds.network.router import leads_to, take_external
from stackwright.kinds.network.subnet import Address


class FloatingIpSpec(Spec):
    """port or instance: what it leads to (an instance: its first port that a router connects); neither reserves it."""

    network: Annotated[str, Ref("network")]
    floating_ip_address: Address | None = None
    port: Annotated[str, Ref("port")] | None = None
    instance: Annotated[str, Ref("instance")] | None = None
    fixed_address: Address | None = None
    description: str = ""


class FloatingIp(Kind):
    """Attributes: floating_ip_address, external_subnet; if it leads somewhere: port, router, subnet, fixed_address.

    Where an association leads it to an instance also that.
    """

    name = "floating_ip"
    spec = FloatingIpSpec
    columns = ("floating_ip_address", "fixed_address")

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """It leads to one thing."""
        if wish.spec.get("port") and wish.spec.get("instance"):
            raise InvalidInput(f"floating IP {wish.name} names a port and an instance; keep one of them")
        network = allocator.get(wish.spec["network"])
        if not network.spec["external"]:
            raise InvalidInput(f"floating IP {wish.name}: network {network.name} is not external; name one that is")
        return wish.spec

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """The outside address, and the router that translates it."""
        spec = _associated(resource, FloatingIpSpec.of(resource), allocator)
        now = resource.attributes.get("floating_ip_address", "")
        outside, address = take_external(resource, spec.network, spec.floating_ip_address, now, allocator)
        own = {"floating_ip_address": address, "external_subnet": outside.id}
        by_association = {"instance": spec.instance} if spec.instance != resource.spec["instance"] else {}
        return own | by_association | self._target(resource, spec, allocator)

    def _target(self, resource: Resource, spec: FloatingIpSpec, allocator: Allocator) -> dict[str, str]:
        ports = _ports(spec, allocator)
        if not ports:
            return {}
        for port in ports:
            for fixed in port.attributes["addresses"]:
                router = _router(fixed["subnet"], spec.network, allocator)
                if router and spec.fixed_address in (None, fixed["ip_address"]):
                    allocator.take(resource, "floating", f"{port.id}/{fixed['ip_address']}")
                    return {
                        "port": port.id,
                        "router": router.id,
                        "subnet": fixed["subnet"],
                        "fixed_address": fixed["ip_address"],
                    }
        name = allocator.get(spec.network).name
        raise InvalidInput(
            f"floating IP {resource.name}: no router with a gateway on {name} joins the subnet of {ports[0].title}; "
            "add the subnet to such a router's interfaces"
        )


def _associated(resource: Resource, spec: FloatingIpSpec, allocator: Allocator) -> FloatingIpSpec:
    """The spec with what an association leads it to. Raises Conflict where it would lead to two things."""
    found = additions(resource, "floating_ip_association", "floating_ip", allocator)
    if not found:
        return spec
    if spec.port or spec.instance:
        target = allocator.get(spec.port or spec.instance or "")
        raise Conflict(
            f"floating IP {resource.name} leads to {target.title} by itself; clear that or remove {found[0].title}"
        )
    if len(found) > 1:
        names = " and ".join(item.title for item in found)
        raise Conflict(f"floating IP {resource.name} is led somewhere by {names}; keep one of them")
    return spec.model_copy(update={name: found[0].spec[name] for name in ("port", "instance", "fixed_address")})


def _ports(spec: FloatingIpSpec, allocator: Allocator) -> list[Resource]:
    if spec.port:
        return [allocator.get(spec.port)]
    if not spec.instance:
        return []
    return [allocator.get(nic["port"]) for nic in allocator.get(spec.instance).attributes["nics"]]


def _router(subnet: str, external: str, allocator: Allocator) -> Resource | None:
    routers = allocator.referrers(subnet, "router")
    return next((router for router in routers if leads_to(router) == external), None)
