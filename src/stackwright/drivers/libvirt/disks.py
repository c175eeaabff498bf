# SPDX-License-Identifier: Apache-2.0
"""Reading an instance's disk while nothing writes to it: a guest that runs is paused meanwhile."""

from __future__ import annotations

import contextlib
from typing import BinaryIO

import libvirt

from stackwright.drivers.libvirt.connections import Connection
from stackwright.drivers.libvirt.observe import ARRIVING, PARTIAL
from stackwright.drivers.libvirt.parsing import parse_volume
from stackwright.drivers.libvirt.volumes import find_domain, refresh
from stackwright.engine.errors import Temporary


def pause(connection: Connection, instance_id: str) -> bool:
    """Pause a guest; its disk is then as after a power cut. False if it does not run."""
    domain = find_domain(connection, instance_id)
    if domain is None or domain.state()[0] != libvirt.VIR_DOMAIN_RUNNING:
        return False
    domain.suspend()
    return True


def resume(connection: Connection, instance_id: str) -> None:
    """Let a guest go on that is paused; harmless for one that is not any more."""
    domain = find_domain(connection, instance_id)
    if domain and domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED:
        domain.resume()


def download_disk(connection: Connection, instance_id: str, name: str, target: BinaryIO) -> str:
    """Copy the file of an instance's disk, holes as holes. Name of the volume that it starts from, '' for none."""
    refresh(connection)
    _refuse_unfinished(connection, instance_id, name)
    volume = connection.pool.storageVolLookupByName(name)
    known = parse_volume(connection.place, volume.XMLDesc(), connection.host)
    with connection.sending:
        _receive(connection, volume, target)
    size = volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2]
    if target.tell() != size:
        raise Temporary(f"{known.name} came from host {connection.place} with {target.tell()} of {size} bytes")
    return known.backing


def _refuse_unfinished(connection: Connection, instance_id: str, name: str) -> None:
    """Raises Temporary for a disk that is still being made, or moved here: as `observe` takes it, it is not whole."""
    there = connection.pool.listVolumes()
    guest = find_domain(connection, instance_id)
    comes = name + ARRIVING in there and not (guest and guest.isPersistent())
    if comes or name + PARTIAL in there:
        raise Temporary(f"{name} is not whole on host {connection.place}; declare its instance, and try again")


def _receive(connection: Connection, volume: libvirt.virStorageVol, target: BinaryIO) -> None:
    stream = connection.libvirt.newStream()
    try:
        volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
        stream.sparseRecvAll(_write, _hole, target)
        stream.finish()
    except BaseException:
        with contextlib.suppress(libvirt.libvirtError):
            stream.abort()
        raise


def _write(_: libvirt.virStream, content: bytes, target: BinaryIO) -> int:
    return target.write(content)


def _hole(_: libvirt.virStream, size: int, target: BinaryIO) -> int:
    """Also one at the end makes the file as long as it is."""
    return target.truncate(target.seek(target.tell() + size))
