# SPDX-License-Identifier: Apache-2.0
"""Guests that others made: looking at one, marking it as ours, and taking the mark off again. It runs on meanwhile."""

from __future__ import annotations

from typing import Any

import libvirt

from stackwright.drivers.libvirt.connections import Connection
from stackwright.drivers.libvirt.domains import is_marked, set_metadata
from stackwright.drivers.libvirt.errors import is_code
from stackwright.drivers.libvirt.objects import AdoptedDomain
from stackwright.drivers.libvirt.parsing import parse_foreign, parse_is_adopted
from stackwright.drivers.libvirt.power import restart, set_power
from stackwright.drivers.libvirt.volumes import find_domain
from stackwright.drivers.libvirt.xml import NAMESPACE, PREFIX, adopted_mark_xml
from stackwright.engine.errors import Conflict, NotFound

ELEMENT = libvirt.VIR_DOMAIN_METADATA_ELEMENT


def look_at_foreign(connection: Connection, name: str) -> dict[str, Any]:
    """What a guest has that others made, by its name or UUID. Raises NotFound, or Conflict for one that we made."""
    domain = _by_name(connection, name)
    if is_marked(domain) and not _is_adopted(domain):
        raise Conflict(f"guest {name} on host {connection.place} was made here; see stackwright drift")
    return parse_foreign(domain.XMLDesc())


def _by_name(connection: Connection, name: str) -> libvirt.virDomain:
    try:
        return connection.libvirt.lookupByName(name)
    except libvirt.libvirtError as error:
        if not is_code(error, libvirt.VIR_ERR_NO_DOMAIN):
            raise
    found = next((item for item in connection.libvirt.listAllDomains() if item.UUIDString() == name), None)
    if found is None:
        raise NotFound(f"host {connection.place} has no guest {name}; mend the name, or see virsh list --all there")
    return found


def adopt(connection: Connection, item: AdoptedDomain) -> None:
    """Mark a guest as ours; nothing else of it changes. Raises NotFound when it is gone, or Conflict."""
    found = find_domain(connection, item.name)
    if found is None:
        raise NotFound(
            f"host {connection.place} has no guest {item.called} with UUID {item.name} any more, and it was not made "
            "here; define it there again, or declare the instance absent"
        )
    if is_marked(found) and not _is_adopted(found):
        raise Conflict(f"guest {item.called} on host {connection.place} was made here, so it is not adopted")
    _mark(found, item)


def update_adopted(connection: Connection, item: AdoptedDomain, fields: frozenset[str]) -> None:
    """Switch it, or mend its mark."""
    found = find_domain(connection, item.name)
    if found is None or not is_marked(found):
        adopt(connection, item)
        return
    if "reboots" in fields:
        restart(found, item.power)
    elif "power" in fields:
        set_power(found, item.power)
    _mark(found, item)


def release(connection: Connection, item: AdoptedDomain) -> None:
    """Take the mark off; the guest goes on as somebody else's."""
    found = find_domain(connection, item.name)
    if found and is_marked(found) and _is_adopted(found):
        set_metadata(found, ELEMENT, None, PREFIX, NAMESPACE)


def _mark(found: libvirt.virDomain, item: AdoptedDomain) -> None:
    set_metadata(found, ELEMENT, adopted_mark_xml(item), PREFIX, NAMESPACE)


def _is_adopted(found: libvirt.virDomain) -> bool:
    return parse_is_adopted(found.metadata(ELEMENT, NAMESPACE))
