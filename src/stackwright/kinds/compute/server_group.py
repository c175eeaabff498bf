# SPDX-License-Identifier: Apache-2.0
"""Server groups: instances that are to be on one host, or on different ones."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from stackwright.engine.errors import Conflict
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Spec


class ServerGroupSpec(Spec):
    """max_server_per_host: how many members anti-affinity allows on one host; None for one."""

    policy: Literal["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"]
    max_server_per_host: Annotated[int, Field(ge=1)] | None = None
    description: str = ""

    @model_validator(mode="after")
    def _most(self) -> "ServerGroupSpec":
        if self.max_server_per_host and self.policy != "anti-affinity":
            raise ValueError("max_server_per_host goes with policy anti-affinity alone; leave it out of a new group")
        return self


class ServerGroup(Kind):
    """Its members are the instances that refer to it. Attributes: the rule by which those were placed."""

    name = "server_group"
    spec = ServerGroupSpec
    columns = ("policy", "members")

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """Raises Conflict where members were placed by another rule: they do not move."""
        rule = {name: resource.spec[name] for name in ("policy", "max_server_per_host")}
        members = sorted(item.name for item in allocator.referrers(resource.id, "instance") if item.host)
        if members and resource.attributes and rule != resource.attributes:
            raise Conflict(
                f"{resource.title} has members ({', '.join(members[:5])}), so policy and max_server_per_host stay; "
                "take them out of the group first, or declare another one"
            )
        return rule
