# SPDX-License-Identifier: Apache-2.0
"""Security groups: what may reach a port, and what it may reach."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from stackwright.engine.errors import Conflict
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Ref, Spec, additions
from stackwright.kinds.network.subnet import Cidr

PORTED = ("tcp", "udp", "sctp")
MOST_OF_ICMP = 255


class Rule(Spec):
    """Traffic that is allowed. Without a remote it is from and to anywhere, without a protocol it is all of it.

    port_range_min and port_range_max: ports of tcp, udp and sctp; type and code of icmp, as in OpenStack.
    """

    direction: Literal["ingress", "egress"] = "ingress"
    ethertype: Literal["IPv4", "IPv6"] = "IPv4"
    protocol: Literal["tcp", "udp", "sctp", "icmp"] | None = None
    port_range_min: Annotated[int, Field(ge=0, le=65535)] | None = None
    port_range_max: Annotated[int, Field(ge=0, le=65535)] | None = None
    remote_ip_prefix: Cidr | None = None
    remote_group: Annotated[str, Ref("security_group")] | None = None

    @field_validator("protocol", mode="before")
    @classmethod
    def _any(cls, value: str | None) -> str | None:
        return None if value in ("any", "") else value

    @model_validator(mode="after")
    def _sensible(self) -> "Rule":
        low, high = self.port_range_min, self.port_range_max
        if self.remote_ip_prefix and self.ethertype == "IPv6":
            raise ValueError(f"remote_ip_prefix {self.remote_ip_prefix} is IPv4 and the rule is for IPv6; leave it out")
        if self.protocol == "icmp" and max(low or 0, high or 0) > MOST_OF_ICMP:
            raise ValueError(f"type and code of icmp go up to {MOST_OF_ICMP}; mend port_range_min and port_range_max")
        if self.remote_group and self.remote_ip_prefix:
            raise ValueError("a rule has remote_ip_prefix or remote_group, not both; write two rules")
        if (low is not None or high is not None) and self.protocol is None:
            raise ValueError("ports need a protocol; add protocol: tcp, udp or sctp")
        if self.protocol in PORTED and (low is None) != (high is None):
            raise ValueError("a rule has both port_range_min and port_range_max, or neither")
        if self.protocol in PORTED and low is not None and high is not None and low > high:
            raise ValueError(f"port_range_min {low} is above port_range_max {high}; swap them")
        return self


ALL_EGRESS = (Rule(direction="egress"), Rule(direction="egress", ethertype="IPv6"))


class SecurityGroupSpec(Spec):
    """Where no egress rule is listed, all egress is allowed, as in a new group of OpenStack."""

    rules: list[Rule] = []
    description: str = ""

    def effective(self) -> tuple[Rule, ...]:
        """The listed rules, and the egress that applies when none of them speaks of it."""
        listed = tuple(dict.fromkeys(self.rules))
        return listed if any(rule.direction == "egress" for rule in listed) else (*listed, *ALL_EGRESS)


class SecurityGroup(Kind):
    """An OVN port group with ACLs. Every project has one called `default`.

    Attributes: added_rules, where security group rules add any.
    """

    name = "security_group"
    spec = SecurityGroupSpec
    columns = ("description",)

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """What is added to it."""
        added = additions(resource, "security_group_rule", "security_group", allocator)
        rules = [{name: item.spec[name] for name in Rule.model_fields} for item in added]
        return {"added_rules": rules} if rules else {}

    def removable(self, resource: Resource, allocator: Allocator) -> None:
        """Ports without a wish of their own get the default group, so it stays."""
        if resource.name == "default" and not resource.owner:
            raise Conflict(
                "security group default belongs to its project and cannot be deleted; empty its rules instead"
            )
