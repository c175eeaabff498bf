# SPDX-License-Identifier: Apache-2.0
"""Making, changing and removing guests. What is not marked as ours is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import libvirt

from stackwright.drivers.libvirt.connections import Connection
from stackwright.drivers.libvirt.console import remove_log
from stackwright.drivers.libvirt.devices import plug
from stackwright.drivers.libvirt.errors import is_code
from stackwright.drivers.libvirt.objects import Domain
from stackwright.drivers.libvirt.parsing import parse_reboots
from stackwright.drivers.libvirt.power import restart, set_power
from stackwright.drivers.libvirt.volumes import find_domain
from stackwright.drivers.libvirt.xml import NAMESPACE, PREFIX, domain_xml, mark_xml
from stackwright.engine.errors import Conflict

_UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
)


def create_domain(connection: Connection, domain: Domain) -> None:
    """Define a guest, and start it unless it is to be off.

    It is started before it is defined: if this breaks off in between, a running guest without a definition is
    found, which is mended, and not one that looks as if somebody had switched it off.
    """
    existing = ours(connection, domain.name)
    if existing:
        update_domain(connection, domain, frozenset(field.name for field in dataclasses.fields(domain)))
        return
    xml = domain_xml(domain, connection.host)
    if domain.power != "stopped":
        connection.libvirt.createXML(xml)
    connection.libvirt.defineXML(xml)


def update_domain(connection: Connection, domain: Domain, fields: frozenset[str]) -> None:
    """Change only what differs; a running guest keeps running unless its power or a reboot is the change."""
    found = ours(connection, domain.name)
    if not found:
        create_domain(connection, domain)
        return
    if connection.host.container:
        _update_container(connection, found, domain, fields)
        return
    if "defined" in fields:
        connection.libvirt.defineXML(domain_xml(domain, connection.host))
    _set_size(found, domain, fields)
    if fields & {"title", "project", "flavor"}:
        _set_names(found, domain)
    if fields & {"disks", "nics"}:
        plug(connection, found, domain)
    if "reboots" in fields:
        restart(found, domain.power)
        _set_mark(found, domain)
    elif "power" in fields:
        set_power(found, domain.power)


def _update_container(connection: Connection, found: libvirt.virDomain, domain: Domain, fields: frozenset[str]) -> None:
    """Define it anew; what runs goes on as it is until its next start."""
    if fields - {"power"}:
        found = connection.libvirt.defineXML(domain_xml(domain, connection.host))
    if "reboots" in fields:
        restart(found, domain.power)
    elif "power" in fields:
        set_power(found, domain.power)


def delete_domain(connection: Connection, name: str) -> None:
    """Switch a guest off and remove it; its console log before its definition: nobody would look for it later."""
    found = ours(connection, name)
    if found:
        _ignoring(libvirt.VIR_ERR_OPERATION_INVALID, found.destroy)
    remove_log(connection, name)
    if found:
        # A container has none of the things that go with another guest's definition.
        flags = 0 if connection.host.container else _UNDEFINE
        _ignoring(libvirt.VIR_ERR_NO_DOMAIN, lambda: found.undefineFlags(flags))


def ours(connection: Connection, name: str) -> libvirt.virDomain | None:
    """The guest, if it is there. Raises Conflict if it is there and not ours."""
    found = find_domain(connection, name)
    if found is None or is_marked(found):
        return found
    if find_domain(connection, name) is None:  # it has just moved away
        return None
    raise Conflict(
        f"host {connection.place} has a guest {found.name()} with UUID {name} that is not ours; "
        "remove it or give it another UUID"
    )


def is_marked(domain: libvirt.virDomain) -> bool:
    """Whether it is ours."""
    try:
        return bool(domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE))
    except libvirt.libvirtError as error:
        if is_code(error, libvirt.VIR_ERR_NO_DOMAIN_METADATA, libvirt.VIR_ERR_NO_DOMAIN):
            return False  # without our mark, or gone by now
        raise


def _set_size(found: libvirt.virDomain, domain: Domain, fields: frozenset[str]) -> None:
    """Of the definition; the next start brings it into force."""
    config = libvirt.VIR_DOMAIN_AFFECT_CONFIG
    if "vcpus" in fields:
        found.setVcpusFlags(domain.vcpus, config | libvirt.VIR_DOMAIN_VCPU_MAXIMUM)
        found.setVcpusFlags(domain.vcpus, config)
    if "memory" in fields:
        found.setMemoryFlags(domain.memory * 1024, config | libvirt.VIR_DOMAIN_MEM_MAXIMUM)
        found.setMemoryFlags(domain.memory * 1024, config)


def _set_names(found: libvirt.virDomain, domain: Domain) -> None:
    kept = parse_reboots(found.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE))
    set_metadata(found, libvirt.VIR_DOMAIN_METADATA_TITLE, domain.title, None, None)
    _set_mark(found, dataclasses.replace(domain, reboots=kept))


def _set_mark(found: libvirt.virDomain, domain: Domain) -> None:
    set_metadata(found, libvirt.VIR_DOMAIN_METADATA_ELEMENT, mark_xml(domain), PREFIX, NAMESPACE)


def set_metadata(found: libvirt.virDomain, kind: int, text: str | None, key: str | None, uri: str | None) -> None:
    """In the running guest and in its definition, so far as it has these."""
    sides = found.isActive() * libvirt.VIR_DOMAIN_AFFECT_LIVE | found.isPersistent() * libvirt.VIR_DOMAIN_AFFECT_CONFIG
    found.setMetadata(kind, text, key, uri, sides)


def _ignoring(code: int, call: Callable[[], object]) -> None:
    """For what is done already."""
    try:
        call()
    except libvirt.libvirtError as error:
        if not is_code(error, code):
            raise
