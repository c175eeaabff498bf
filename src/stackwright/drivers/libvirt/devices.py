# SPDX-License-Identifier: Apache-2.0
"""Plugging disks and network cards in and out, in the running guest and in its definition, wherever it is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import libvirt

from stackwright.drivers.libvirt.connections import Connection
from stackwright.drivers.libvirt.errors import is_code
from stackwright.drivers.libvirt.objects import Disk, Domain, Nic
from stackwright.drivers.libvirt.parsing import Devices, parse_devices
from stackwright.drivers.libvirt.xml import Host, disk_xml, nic_xml
from stackwright.engine.errors import Temporary

UNPLUG_S = 20.0
"""How long a guest may take to let go of a device."""
POLL_S = 0.1
LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG


def plug(connection: Connection, domain: libvirt.virDomain, desired: Domain) -> None:
    """Give the guest just the disks and network cards that are desired. Raises Temporary if it keeps one."""
    for side, read in _sides(domain):
        _change_media(connection.host, domain, desired, side, read)
        _unplug(connection, domain, desired, side, read)
        _plug_in(connection.host, domain, desired, side, read)


def _sides(domain: libvirt.virDomain) -> Iterator[tuple[int, Callable[[], str]]]:
    if domain.isActive():
        yield LIVE, domain.XMLDesc
    if domain.isPersistent():
        yield CONFIG, lambda: domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)


Read = Callable[[], str]


def _change_media(host: Host, domain: libvirt.virDomain, desired: Domain, side: int, read: Read) -> None:
    """A drive stays and gets another disc, even while the guest holds the old one."""
    drives = {disk.target: disk for disk in parse_devices(read(), host).disks if disk.cdrom}
    force = libvirt.VIR_DOMAIN_DEVICE_MODIFY_FORCE if side == LIVE else 0
    for disk in desired.disks:
        if disk.cdrom and disk.target in drives and drives[disk.target] != disk:
            _try_to_change(domain, disk_xml(disk, host), side | force)


def _try_to_change(domain: libvirt.virDomain, xml: str, flags: int) -> None:
    """libvirt takes a drive that was plugged in later for one without a tray; that one is unplugged and plugged in."""
    try:
        domain.updateDeviceFlags(xml, flags)
    except libvirt.libvirtError as error:
        if not is_code(error, libvirt.VIR_ERR_INTERNAL_ERROR):
            raise


def _unplug(connection: Connection, domain: libvirt.virDomain, desired: Domain, side: int, read: Read) -> None:
    surplus = _surplus(parse_devices(read(), connection.host), desired)
    for xml in surplus.values():
        domain.detachDeviceFlags(xml, side)
    patience = time.monotonic() + UNPLUG_S
    while surplus and side == LIVE:
        surplus = _surplus(parse_devices(read(), connection.host), desired)
        if surplus and time.monotonic() > patience:
            held = ", ".join(map(_called, surplus))
            raise Temporary(f"instance {desired.title} does not let go of {held}; reboot it, then run this again")
        time.sleep(POLL_S if surplus else 0)


def _surplus(found: Devices, desired: Domain) -> dict[Disk | Nic, str]:
    wanted = {*desired.disks, *desired.nics}
    return {item: xml for item, xml in (found.disks | found.nics).items() if item not in wanted}


def _called(device: Disk | Nic) -> str:
    return f"disk {device.target}" if isinstance(device, Disk) else f"network card {device.mac}"


def _plug_in(host: Host, domain: libvirt.virDomain, desired: Domain, side: int, read: Read) -> None:
    found = parse_devices(read(), host)
    missing = [disk_xml(disk, host) for disk in desired.disks if disk not in found.disks]
    missing += [nic_xml(nic) for nic in desired.nics if nic not in found.nics]
    for xml in missing:
        domain.attachDeviceFlags(xml, side)
