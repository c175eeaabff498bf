# SPDX-License-Identifier: Apache-2.0
"""Switching guests on and off."""

from __future__ import annotations

import time

import libvirt

from stackwright.drivers.libvirt.objects import Power

SHUTDOWN_S = 30.0
"""How long a guest may take to shut down before it is switched off."""
PRESS_EVERY_S = 5.0
"""A guest that is still booting misses the power button, so it is pressed again."""
POLL_S = 0.1


def set_power(domain: libvirt.virDomain, power: Power) -> None:
    """Make it so: stopped means off, everything else means running."""
    if power == "stopped":
        _stop(domain)
    else:
        _start(domain)


def restart(domain: libvirt.virDomain, power: Power) -> None:
    """Off and on again, so that it also gets what waits for its next start. What is to be off stays off."""
    _stop(domain)
    if power != "stopped":
        _start(domain)


def _start(domain: libvirt.virDomain) -> None:
    state = domain.state()[0]
    if state == libvirt.VIR_DOMAIN_PAUSED:
        domain.resume()
    elif state == libvirt.VIR_DOMAIN_PMSUSPENDED:
        domain.pMWakeup()
    elif not domain.isActive():
        domain.create()


def _stop(domain: libvirt.virDomain) -> None:
    if not domain.isActive():
        return
    if domain.state()[0] in (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PMSUSPENDED):
        _start(domain)
    if not _shut_down(domain):
        domain.destroy()


def _shut_down(domain: libvirt.virDomain) -> bool:
    """Press the power button and wait; False if the guest did not react."""
    patience = time.monotonic() + SHUTDOWN_S
    press = 0.0
    while domain.isActive():
        now = time.monotonic()
        if now > patience:
            return False
        if now > press:
            press = now + PRESS_EVERY_S
            _press(domain)
        time.sleep(POLL_S)
    return True


def _press(domain: libvirt.virDomain) -> None:
    try:
        container = domain.OSType() == "exe"
        domain.shutdownFlags(
            libvirt.VIR_DOMAIN_SHUTDOWN_SIGNAL if container else libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN
        )
    except libvirt.libvirtError:
        if domain.isActive():
            raise
