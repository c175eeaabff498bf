# SPDX-License-Identifier: Apache-2.0
"""The resource types of templates. This module is a catalogue as interfaces.ResourceTypes describes it."""

from collections.abc import Mapping, Sequence

from stackwright.orchestration.types import (
    compute,
    configs,
    floating_ips,
    groups,
    networks,
    ports,
    routers,
    security_groups,
    servers,
    values,
)
from stackwright.orchestration.types.base import Type
from stackwright.orchestration.types.missing import MISSING

MODULES = (servers, compute, networks, ports, routers, floating_ips, security_groups, values, configs, groups)
TYPES: Mapping[str, Type] = {item.name: item for module in MODULES for item in module.TYPES} | {
    name: Type(name, service=service) for name, service in MISSING.items()
}


OLD = ("OS::Quantum::", "OS::Neutron::")
"""What Neutron was called when the first templates were written."""


def find(name: str) -> Type | None:
    """The type of this name, or None if it is not known at all."""
    return TYPES.get(name.replace(*OLD, 1))


def names() -> Sequence[str]:
    """All known names, sorted."""
    return sorted(TYPES)
