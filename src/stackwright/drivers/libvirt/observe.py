# SPDX-License-Identifier: Apache-2.0
"""What one host holds. Lists once, then asks only about what is in scope; never writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

import libvirt

from stackwright.drivers.libvirt.connections import Connection
from stackwright.drivers.libvirt.errors import is_code, is_connection_lost
from stackwright.drivers.libvirt.objects import (
    Arriving,
    ConfigDrive,
    Domain,
    Hypervisor,
    ImageCopy,
    Power,
    Volume,
    owner_of,
)
from stackwright.drivers.libvirt.parsing import parse_adopted, parse_domain, parse_volume
from stackwright.engine.objects import Object
from stackwright.engine.resource import Scope

GIB = 1024**3
COMPLETE = ".complete"
"""Ends the name of the empty volume that says that an upload is whole: it is made last and goes first."""
PARTIAL = ".partial"
"""Ends the name of the empty volume that says that a disk is being filled: it is made first and goes last."""
ARRIVING = ".arriving"
"""Ends the name of the empty volume that says that a disk is being moved here: it is made first and goes last."""

_LOST = (
    libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED,
    libvirt.VIR_DOMAIN_SHUTOFF_CRASHED,
    libvirt.VIR_DOMAIN_SHUTOFF_FAILED,
)
_ARRIVING = (libvirt.VIR_DOMAIN_PAUSED_MIGRATION, libvirt.VIR_DOMAIN_PAUSED_STARTING_UP)
_PAUSED = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PMSUSPENDED)


def observe_host(connection: Connection, scope: Scope) -> list[Object]:
    """All objects of the scope. Cached images are always told, since they are nobody's alone."""
    domains = connection.libvirt.listAllDomains()
    host = [_hypervisor(connection, domains, scope.hosts.get(connection.place, ""))] if scope.capacity else []
    there = list(_domains(connection, domains, scope))
    return [*host, *there, *_volumes(connection, scope, {item.name for item in there if _is_defined(item)})]


def _is_defined(guest: Object) -> bool:
    return isinstance(guest, Domain) and guest.defined


def _hypervisor(connection: Connection, domains: list[libvirt.virDomain], uri: str) -> Hypervisor:
    _, _, vcpus, *_ = connection.libvirt.getInfo()
    # Not getInfo's figure, which leaves out memory that was added while the host ran.
    memory = connection.libvirt.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    # Our guests are named by their UUID, which tells them from others without asking for each.
    foreign = list(_sizes(domain for domain in domains if domain.name() != domain.UUIDString()))
    return Hypervisor(
        place=connection.place,
        name=connection.place,
        resource="",
        uri=uri,
        vcpus=vcpus,
        ram=memory["total"] // 1024,
        disk=connection.pool.info()[1] // GIB,
        domain_type=connection.host.domain_type,
        arch=connection.host.arch,
        libvirt_version=_version(connection.libvirt.getLibVersion()),
        foreign_vcpus=sum(vcpus for vcpus, _ in foreign),
        foreign_ram=sum(memory for _, memory in foreign) // 1024,
    )


def _sizes(domains: Iterable[libvirt.virDomain]) -> Iterator[tuple[int, int]]:
    """(virtual CPUs, memory in KiB) of each that is still there."""
    for domain in domains:
        try:
            _, memory, _, vcpus, _ = domain.info()
        except libvirt.libvirtError as error:
            if not is_code(error, libvirt.VIR_ERR_NO_DOMAIN):
                raise
        else:
            yield vcpus, memory


def _version(number: int) -> str:
    return f"{number // 1000000}.{number // 1000 % 1000}.{number % 1000}"


def _domains(connection: Connection, known: list[libvirt.virDomain], scope: Scope) -> Iterator[Object]:
    domains = [domain for domain in known if scope.covers(domain.UUIDString())]
    if not domains:
        return
    transient = connection.libvirt.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_TRANSIENT)
    undefined = {domain.UUIDString() for domain in transient}
    for domain, state, reason in _states(connection, domains):
        power = power_of(state, reason)
        defined = domain.UUIDString() not in undefined
        if not defined and is_arriving(state, reason):
            continue
        # What is changed of a container is its definition; the next start brings it into force.
        going = connection.host.container or domain.UUIDString() in scope.going
        sides = _sides(power, defined=defined, going=going)
        if found := _domain(connection, domain, power, sides):
            yield found


def _states(connection: Connection, domains: list[libvirt.virDomain]) -> Iterator[tuple[libvirt.virDomain, int, int]]:
    """Each with its state and the reason for that; of containers libvirt tells it one by one."""
    if connection.host.container:
        yield from ((domain, *domain.state()) for domain in domains)
        return
    for domain, values in connection.libvirt.domainListGetStats(domains, libvirt.VIR_DOMAIN_STATS_STATE):
        yield domain, values["state.state"], values["state.reason"]


def is_arriving(state: int, reason: int) -> bool:
    """Whether a guest without a definition is one that still runs elsewhere, and is on its way here."""
    return state == libvirt.VIR_DOMAIN_PAUSED and reason in _ARRIVING


def power_of(state: int, reason: int) -> Power:
    """A guest's power by libvirt's numbers; what is down for an unknown reason (a host's restart) counts as stopped."""
    if state in _PAUSED:
        return "paused"
    if state == libvirt.VIR_DOMAIN_SHUTOFF:
        return "lost" if reason in _LOST else "stopped"
    return "lost" if state == libvirt.VIR_DOMAIN_CRASHED else "running"


def _sides(power: Power, *, defined: bool, going: bool) -> tuple[bool, bool]:
    """Whether the definition and what runs have to be read. For a guest that goes, one of them says what it needs."""
    return defined, power in ("running", "paused") and not (going and defined)


def _domain(connection: Connection, domain: libvirt.virDomain, power: Power, sides: tuple[bool, bool]) -> Object | None:
    """A guest by its descriptions. None if it is not ours, or gone by now."""
    try:
        definition = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE) if sides[0] else ""
        running = domain.XMLDesc() if sides[1] else ""
    except libvirt.libvirtError as error:
        if is_code(error, libvirt.VIR_ERR_NO_DOMAIN):
            return None
        raise
    adopted = parse_adopted(connection.place, power, definition or running)
    return adopted or parse_domain(connection.place, power, connection.host, definition, running)


def _volumes(connection: Connection, scope: Scope, guests: Collection[str]) -> Iterator[Object]:
    """guests: ids of the instances that are defined here: their disks are not elsewhere."""
    volumes = {volume.name(): volume for volume in connection.pool.listAllVolumes()}
    for name in {_without_companion(name) for name in volumes}:
        of_type, resource = owner_of(name) or ("", "")
        whole = {name, name + COMPLETE} <= volumes.keys()
        if of_type == "ImageCopy":
            yield ImageCopy(place=connection.place, name=name, resource=resource, complete=whole)
        elif of_type == "ConfigDrive" and scope.covers(resource):
            yield ConfigDrive(place=connection.place, name=name, resource=resource, complete=whole)
        elif of_type == "Volume" and scope.covers(resource):
            arriving: Arriving = ("wholly" if resource in guests else "partly") if name + ARRIVING in volumes else ""
            if name in volumes and name + PARTIAL not in volumes:
                yield from _disk(connection, volumes[name], arriving)
            else:
                yield Volume(
                    place=connection.place, name=name, resource=resource, capacity=0, complete=False, arriving=arriving
                )


def _without_companion(name: str) -> str:
    return name.removesuffix(COMPLETE).removesuffix(PARTIAL).removesuffix(ARRIVING)


def _disk(connection: Connection, volume: libvirt.virStorageVol, arriving: Arriving) -> Iterator[Volume]:
    """A disk as its file says; nothing if that is gone although libvirt still lists it."""
    try:
        xml = volume.XMLDesc()
    except libvirt.libvirtError as error:
        if is_connection_lost(error):
            raise
        return
    yield replace(parse_volume(connection.place, xml, connection.host), arriving=arriving)
