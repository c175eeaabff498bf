# SPDX-License-Identifier: Apache-2.0
"""Moving guests and their disks from host to host.

A disk that is being moved here has a companion, an empty volume named NAME.arriving: it is made first, and goes only
when the guest is defined here. So whatever dies on the way, the guest's disk is the one where the guest is defined.
The host that a running guest leaves carries the migration out by itself: it goes on without us.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import libvirt
from lxml import etree

from stackwright.drivers.libvirt.connections import Connection
from stackwright.drivers.libvirt.domains import delete_domain, ours
from stackwright.drivers.libvirt.errors import is_code, is_connection_lost, message
from stackwright.drivers.libvirt.objects import Domain, Volume, owner_of
from stackwright.drivers.libvirt.observe import ARRIVING
from stackwright.drivers.libvirt.streams import pipe
from stackwright.drivers.libvirt.transfers import Meter
from stackwright.drivers.libvirt.volumes import delete_volume, find_volume, make_volume, recognised, refresh
from stackwright.drivers.libvirt.xml import domain_xml, upload_xml, volume_xml
from stackwright.engine.errors import Refused, Temporary

PEER_PKI = "/etc/stackwright/pki/libvirt"
"""Where hosts have the certificate that they show each other's libvirt."""
ENDING_S = 600.0
"""How long a migration that an earlier run began may take to end."""
POLL_S = 0.2

_LIVE = (
    libvirt.VIR_MIGRATE_LIVE
    | libvirt.VIR_MIGRATE_PEER2PEER
    | libvirt.VIR_MIGRATE_PERSIST_DEST
    | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    | libvirt.VIR_MIGRATE_NON_SHARED_INC
    | libvirt.VIR_MIGRATE_AUTO_CONVERGE
    | libvirt.VIR_MIGRATE_TLS
)
_LEFT_BEHIND = libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM


def move_volume(source: Connection, target: Connection, volume: Volume, before: Volume) -> None:
    """Make a disk ready for a guest that brings its content along, or copy it where nothing runs.

    Raises Refused when the pool is full, Temporary when an earlier move does not end or the disk is not seen to be
    whole.
    """
    _fits(source, target, volume.name)
    guest = _settled(source, volume.resource)
    if _defined(target, volume.resource):
        recognised(target, volume.name)  # or else what is left behind must not go
        return
    _announce(target, volume.name)
    if guest and guest.isActive():
        # As it is there: what else is to change about it comes when it is here.
        make_volume(target, volume.name, volume_xml(_as_there(volume, before), target.host))
        return
    _copy(source, target, volume.name)
    if guest is None:
        delete_volume(target, volume.name + ARRIVING)


def move_domain(source: Connection, target: Connection, domain: Domain, before: Domain) -> None:
    """Let a running guest run on there; define one there that is off. Raises Refused, and then it is where it was."""
    if _volumes(domain) != _volumes(before):
        raise Refused(f"{domain.title} cannot get other disks while it moves; declare one after the other")
    guest = _settled(source, domain.name)
    if guest and not _defined(target, domain.name):
        _comparable(source, target, domain)
        if guest.isActive():
            delete_domain(target, domain.name)  # an arrival that broke off
            _migrate(source, target, guest, domain)
        else:
            target.libvirt.defineXML(_elsewhere(guest, domain, target, libvirt.VIR_DOMAIN_XML_INACTIVE))
    for name in _volumes(domain):
        delete_volume(target, name + ARRIVING)
    left = ours(source, domain.name)
    if left and not left.isActive():
        left.undefineFlags(_LEFT_BEHIND)


def _volumes(domain: Domain) -> set[str]:
    return {disk.volume for disk in domain.disks if (owner_of(disk.volume) or ("",))[0] == "Volume"}


def _migrate(source: Connection, target: Connection, guest: libvirt.virDomain, domain: Domain) -> None:
    parameters = {
        libvirt.VIR_MIGRATE_PARAM_DEST_XML: _elsewhere(guest, domain, target, libvirt.VIR_DOMAIN_XML_MIGRATABLE),
        libvirt.VIR_MIGRATE_PARAM_PERSIST_XML: _elsewhere(guest, domain, target, libvirt.VIR_DOMAIN_XML_INACTIVE),
    }
    refresh(target)
    try:
        with _told(guest, f"{domain.title} to host {target.place}", source):
            guest.migrateToURI3(target.peer_uri(PEER_PKI), parameters, _LIVE)
    except libvirt.libvirtError as error:
        _explain(source, target, domain, error)


@contextmanager
def _told(guest: libvirt.virDomain, what: str, source: Connection) -> Iterator[None]:
    """Tell people now and then how far a migration is."""
    over = threading.Event()

    def watch() -> None:
        meter = Meter(what, 0, source.tell)
        while not over.wait(POLL_S):
            with contextlib.suppress(libvirt.libvirtError):
                statistics = guest.jobStats()
                meter.size = statistics.get("data_total", 0)
                meter.at(statistics.get("data_processed", 0))

    watching = threading.Thread(target=watch, name="migration")
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _explain(source: Connection, target: Connection, domain: Domain, error: libvirt.libvirtError) -> None:
    """Whether it is sure that the guest goes on where it was."""
    said, places = message(error), f"from host {source.place} to {target.place}"
    if is_connection_lost(error):
        raise Temporary(f"{domain.title}: whether it moved {places} is not known ({said}); run this again") from error
    guest = _settled(source, domain.name)
    if guest is None or not guest.isActive() or _defined(target, domain.name):
        raise Temporary(f"{domain.title}: its move {places} broke off ({said}); run this again") from error
    raise Refused(
        f"{domain.title} cannot move {places} and runs on where it is ({said}); mend that and run this again, "
        f"or declare it for host {source.place}"
    ) from error


def _settled(source: Connection, uuid: str) -> libvirt.virDomain | None:
    """The guest, when no migration of it is under way any more; None if it is not there, or gone with it."""
    patience = time.monotonic() + ENDING_S
    while True:
        guest = ours(source, uuid)
        if guest is None or not _is_leaving(guest):
            return guest
        if time.monotonic() > patience:
            raise Temporary(f"guest {uuid} is still being moved away from host {source.place}; run this again later")
        time.sleep(POLL_S)


def _is_leaving(guest: libvirt.virDomain) -> bool:
    try:
        statistics = guest.jobStats()
    except libvirt.libvirtError as error:
        if is_code(error, libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID):
            return False
        raise
    leaving = statistics.get("operation") == libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
    return bool(leaving and statistics["type"] != libvirt.VIR_DOMAIN_JOB_NONE)


def _defined(connection: Connection, uuid: str) -> bool:
    guest = ours(connection, uuid)
    return bool(guest and guest.isPersistent())


def _fits(source: Connection, target: Connection, name: str) -> None:
    """A disk names what it starts from by its path."""
    if source.host.pool_path != target.host.pool_path:
        raise Refused(
            f"{name} cannot move from host {source.place} to {target.place}: their storage pools are different "
            "directories; choose another host"
        )


def _comparable(source: Connection, target: Connection, domain: Domain) -> None:
    for what, here, there in (
        ("guests run by", source.host.domain_type, target.host.domain_type),
        ("an architecture of", source.host.arch, target.host.arch),
    ):
        if here != there:
            raise Refused(
                f"{domain.title} cannot move from host {source.place} to {target.place}: the one has {what} {here}, "
                f"the other {there}; choose another host"
            )


def _announce(target: Connection, name: str) -> None:
    """Whatever an earlier move has left is nothing to build on."""
    make_volume(target, name + ARRIVING, upload_xml(name + ARRIVING))
    delete_volume(target, name)


def _as_there(volume: Volume, before: Volume) -> Volume:
    return Volume(
        place=volume.place,
        name=volume.name,
        resource=volume.resource,
        capacity=before.capacity,
        backing=before.backing,
        backing_format=before.backing_format,
    )


def _copy(source: Connection, target: Connection, name: str) -> None:
    make_volume(target, name, upload_xml(name))
    refresh(source)
    origin = find_volume(source, name)
    arrival = find_volume(target, name)
    if origin is None or arrival is None:
        raise Temporary(f"{name} vanished while it was moved; run this again")
    with source.sending, target.sending:
        pipe(origin, arrival, Meter(f"{name} to host {target.place}", origin.info()[2], target.tell))
    sizes = [item.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2] for item in (origin, arrival)]
    if sizes[0] != sizes[1]:
        raise Temporary(f"{name} arrived on host {target.place} with {sizes[1]} of {sizes[0]} bytes; run this again")
    recognised(target, name)


def _elsewhere(guest: libvirt.virDomain, domain: Domain, target: Connection, flags: int) -> str:
    """What a guest is, with the files that it has over there."""
    if not guest.isActive():
        return domain_xml(domain, target.host)
    tree = etree.fromstring(guest.XMLDesc(flags), etree.XMLParser(resolve_entities=False, no_network=True))
    files = {disk.target: target.host.path_of(disk.volume) for disk in domain.disks if disk.volume}
    for disk in tree.iterfind("devices/disk"):
        source, at = disk.find("source"), disk.find("target")
        if source is not None and at is not None and at.get("dev") in files:
            source.set("file", files[str(at.get("dev"))])
    return str(etree.tostring(tree, encoding="unicode"))
