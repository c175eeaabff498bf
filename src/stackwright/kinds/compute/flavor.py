# SPDX-License-Identifier: Apache-2.0
"""Flavors: the sizes that instances come in."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from stackwright.engine.errors import InvalidInput
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Spec
from stackwright.scheduler.extra_specs import without_effect


class FlavorSpec(Spec):
    """Virtual hardware. ram in MiB, disk and ephemeral in GiB; disk 0 takes the size of the image."""

    flavorid: str = ""
    vcpus: Annotated[int, Field(ge=1, le=512)]
    ram: Annotated[int, Field(ge=16)]
    disk: Annotated[int, Field(ge=0)] = 0
    ephemeral: Annotated[int, Field(ge=0)] = 0
    extra_specs: dict[str, str] = {}
    description: str = ""


class Flavor(Kind):
    """Changing one changes the instances that use it: memory and vCPUs at their next start, disks grow."""

    name = "flavor"
    spec = FlavorSpec
    cloud_wide = True
    alias = "flavorid"
    affects = ("instance",)
    columns = ("vcpus", "ram", "disk", "ephemeral")

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """Raises InvalidInput for an extra spec by which Nova would act and nothing here does."""
        for spec in filter(without_effect, wish.spec["extra_specs"]):
            raise InvalidInput(
                f"flavor {wish.name}: extra spec {spec} has no effect in this cloud; leave it out, or compare with the "
                "host aggregates by aggregate_instance_extra_specs:KEY"
            )
        return wish.spec
