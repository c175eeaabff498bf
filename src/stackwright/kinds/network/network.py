# SPDX-License-Identifier: Apache-2.0
"""Networks: isolated layer 2 segments, or the outside world."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from stackwright.engine.errors import Conflict
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Spec
from stackwright.kinds.network.router import leads_to

SMALLEST_MTU = 68
MOST_SEGMENTS = 2**24


class NetworkSpec(Spec):
    """provider_physical_network: the bridge mapping that leads out; provider_segmentation_id: its VLAN, if tagged.

    mtu in bytes; 0 takes the cloud's.
    """

    external: bool = False
    shared: bool = False
    mtu: Annotated[int, Field(ge=0, le=9000)] = 0
    provider_physical_network: str = ""
    provider_segmentation_id: Annotated[int, Field(ge=1, le=4094)] | None = None
    description: str = ""

    @model_validator(mode="after")
    def _provider(self) -> "NetworkSpec":
        if self.provider_segmentation_id and not self.provider_physical_network:
            raise ValueError("provider_segmentation_id needs provider_physical_network, the bridge mapping to use")
        if 0 < self.mtu < SMALLEST_MTU:
            raise ValueError(f"mtu {self.mtu} is too small for IPv4, which needs {SMALLEST_MTU}; 0 takes the cloud's")
        return self


class Network(Kind):
    """An OVN logical switch; with a physical network, a localnet port leads out of it."""

    name = "network"
    spec = NetworkSpec
    affects = ("subnet", "port", "router")
    columns = ("external", "mtu")

    def shared(self, resource: Resource) -> bool:
        """Everybody may use what leads outside, and what its owner shares."""
        return bool(resource.spec["external"] or resource.spec["shared"])

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """Who uses it as something that leads outside, or that is shared, goes on doing so."""
        before = allocator.get(wish.id)
        spec = NetworkSpec.of(wish)
        if before.spec and self.shared(before) and not self.shared(wish):
            kinds = ("subnet", "port", "router", "instance", "floating_ip")
            users = [user for kind in kinds for user in allocator.referrers(wish.id, kind)]
            _keep("shared", wish, [user for user in users if user.project != wish.project])
        if before.spec.get("external") and not spec.external:
            routers = [item for item in allocator.referrers(wish.id, "router") if _leads_through(item, wish)]
            _keep("external", wish, [*routers, *allocator.referrers(wish.id, "floating_ip")])
        return wish.spec

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """The effective MTU; where networks live on the hosts, also the number by which hosts tell them apart."""
        spec = NetworkSpec.of(resource)
        mtu = {"mtu": spec.mtu or allocator.mtu}
        return mtu if spec.external or not allocator.per_host else {**mtu, "segment": _segment(resource, allocator)}


def _segment(resource: Resource, allocator: Allocator) -> int:
    now = str(resource.attributes.get("segment", ""))
    return int(allocator.take_first(resource, "segment", [now], map(str, range(1, MOST_SEGMENTS)), "network number"))


def _leads_through(router: Resource, network: Resource) -> bool:
    return leads_to(router) == network.id


def _keep(option: str, network: Resource, users: list[Resource]) -> None:
    """Raises Conflict where somebody relies on what the network is no longer to be."""
    if users:
        names = ", ".join(sorted(user.title for user in users)[:5])
        raise Conflict(f"network {network.name} must stay {option} while it is used by {names}; change that first")
