# SPDX-License-Identifier: Apache-2.0
"""Floating IP associations: what a floating IP leads to, declared apart from it."""

from typing import Annotated

from pydantic import model_validator

from stackwright.kinds.base import Kind, Ref, Spec
from stackwright.kinds.network.subnet import Address


class FloatingIpAssociationSpec(Spec):
    """The options are those that a floating IP has for what it leads to by itself."""

    floating_ip: Annotated[str, Ref("floating_ip")]
    port: Annotated[str, Ref("port")] | None = None
    instance: Annotated[str, Ref("instance")] | None = None
    fixed_address: Address | None = None
    description: str = ""

    @model_validator(mode="after")
    def _one(self) -> "FloatingIpAssociationSpec":
        if (self.port is None) == (self.instance is None):
            raise ValueError("an association has a port or an instance, and not both; name one of them")
        return self


class FloatingIpAssociation(Kind):
    """The floating IP holds the translation in the backends."""

    name = "floating_ip_association"
    spec = FloatingIpAssociationSpec
    touches = ("floating_ip",)
    columns = ("floating_ip", "instance", "port")
