# SPDX-License-Identifier: Apache-2.0
"""Which drivers and renderers there are: the one place that names them together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from stackwright.config import Config
from stackwright.drivers.legacy.driver import LegacyDriver
from stackwright.drivers.libvirt.driver import LibvirtDriver
from stackwright.drivers.ovn.driver import OvnDriver
from stackwright.engine.resource import Driver
from stackwright.engine.traits import Traits
from stackwright.engine.view import Renderers
from stackwright.render import legacy, libvirt, ovn
from stackwright.render.legacy_limits import TRAITS


def renderers(network_backend: str = "ovn") -> Renderers:
    """Driver name -> kind -> renderer."""
    if network_backend == "legacy":
        instance = partial(libvirt.instance, card=legacy.card)
        return {"legacy": legacy.RENDER, "libvirt": {**libvirt.RENDER, "instance": instance}}
    return {"ovn": ovn.RENDER, "libvirt": libvirt.RENDER}


def drivers(config: Config, tell: Callable[[str], None]) -> dict[str, Driver]:
    """The drivers of one run; they connect when they are first asked. tell: gets a line while a transfer takes long."""
    hypervisors = LibvirtDriver(config.libvirt_pki, config.image_store, tell)
    if config.network_backend == "legacy":
        return {"legacy": LegacyDriver(config.libvirt_pki, config.ssh), "libvirt": hypervisors}
    return {"ovn": OvnDriver(config.ovn_northbound, config.ovn_southbound, config.pki), "libvirt": hypervisors}


def traits(network_backend: str) -> Traits:
    """What is peculiar to the backends."""
    return TRAITS if network_backend == "legacy" else Traits()
