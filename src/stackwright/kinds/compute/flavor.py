# SPDX-License-Identifier: Apache-2.0
"""Flavors: the sizes that instances come in."""

from typing import Annotated

from pydantic import Field

from stackwright.kinds.base import Kind, Spec


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
