# SPDX-License-Identifier: Apache-2.0
"""Which drivers and renderers there are: the one place that names them together."""

from __future__ import annotations

from collections.abc import Callable

from stackwright.config import Config
from stackwright.drivers.libvirt.driver import LibvirtDriver
from stackwright.drivers.ovn.driver import OvnDriver
from stackwright.engine.resource import Driver
from stackwright.engine.view import Renderers
from stackwright.render import libvirt, ovn


def renderers() -> Renderers:
    """Driver name -> kind -> renderer."""
    return {"ovn": ovn.RENDER, "libvirt": libvirt.RENDER}


def drivers(config: Config, tell: Callable[[str], None]) -> dict[str, Driver]:
    """The drivers of one run; they connect when they are first asked. tell: gets a line while a transfer takes long."""
    return {
        "ovn": OvnDriver(config.ovn_northbound, config.ovn_southbound, config.pki),
        "libvirt": LibvirtDriver(config.libvirt_pki, config.image_store, tell),
    }
