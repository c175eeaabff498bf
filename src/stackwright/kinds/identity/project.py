# SPDX-License-Identifier: Apache-2.0
"""Projects: who owns networks, instances and quota."""

from collections.abc import Iterable

from stackwright.engine.resource import Resource, Wish
from stackwright.kinds.base import Kind, Spec


class ProjectSpec(Spec):
    """A tenant of the cloud."""

    description: str = ""
    enabled: bool = True


class Project(Kind):
    """Everything but hosts, flavors and projects themselves belongs to one."""

    name = "project"
    spec = ProjectSpec
    cloud_wide = True
    columns = ("description", "enabled")

    def founds(self, project: Resource) -> Iterable[Wish]:
        """OpenStack's default group: members reach each other, and may reach everything."""
        rules = [{"direction": "ingress", "remote_group": "default"}]
        yield Wish("security_group", "default", spec={"rules": rules, "description": "Default security group"})
