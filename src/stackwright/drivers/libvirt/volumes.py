# SPDX-License-Identifier: Apache-2.0
"""Making, growing and removing what is in a host's storage pool.

An upload counts once its companion, an empty volume named NAME.complete, is there: it is made last and goes first,
so a run that dies anywhere leaves something that the next one recognises as unfinished.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import libvirt

from stackwright.drivers.libvirt.connections import Connection
from stackwright.drivers.libvirt.errors import is_code, is_connection_lost, message
from stackwright.drivers.libvirt.iso import build_iso
from stackwright.drivers.libvirt.objects import POOL, ConfigDrive, ImageCopy, Volume, owner_of
from stackwright.drivers.libvirt.observe import ARRIVING, COMPLETE, PARTIAL
from stackwright.drivers.libvirt.parsing import parse_volume
from stackwright.drivers.libvirt.transfers import Meter, checksum, send
from stackwright.drivers.libvirt.xml import upload_xml, volume_xml
from stackwright.engine.errors import Conflict, NotFound, Refused, Temporary

MIB = 1024**2
RECOGNISE_S = 30.0
"""How long libvirt may take to look at a file that was uploaded: it does not while other work in the pool goes on."""
RELEASE_S = 5.0
"""How long libvirt may take to let go of a volume whose upload was cut off."""
SMALLEST_MIB = 1
"""What making an empty disk takes."""


def create_volume(connection: Connection, volume: Volume) -> None:
    """Make a disk. Raises Refused when the pool is full, Temporary when what it starts from went meanwhile."""
    source = volume.content or volume.backing
    if source and not find_volume(connection, source):
        raise Temporary(f"{source}, which it starts from, went from host {connection.place}; run this again")
    if volume.content:
        _fill(connection, volume)
    else:
        make_volume(connection, volume.name, volume_xml(volume, connection.host))


def _fill(connection: Connection, volume: Volume) -> None:
    """Make a disk that needs nothing beneath it. It counts when its companion NAME.partial is gone."""
    make_volume(connection, volume.name + PARTIAL, upload_xml(volume.name + PARTIAL))
    source = recognised(connection, volume.content)
    alone = dataclasses.replace(volume, backing="")
    try:
        disk = connection.pool.createXMLFrom(volume_xml(alone, connection.host), source)
    except libvirt.libvirtError as error:
        if not is_connection_lost(error):
            _explain_full(connection, volume.name, source.info()[2] // MIB * MIB, error)
        raise
    if disk.info()[1] < volume.capacity:
        disk.resize(volume.capacity)
    delete_volume(connection, volume.name + PARTIAL)


def recognised(connection: Connection, name: str) -> libvirt.virStorageVol:
    """An uploaded file of the format that disks have, once libvirt has looked at it: until then it takes it for raw.

    Raises Temporary when it does not look in time.
    """
    patience = time.monotonic() + RECOGNISE_S
    while True:
        refresh(connection)
        volume = connection.pool.storageVolLookupByName(name)
        if parse_volume(connection.place, volume.XMLDesc(), connection.host).complete:
            return volume
        if time.monotonic() > patience:
            wanted = connection.host.disk_format
            raise Temporary(f"host {connection.place} does not take {name} for a {wanted} file yet; run this again")
        time.sleep(0.1)


def update_volume(connection: Connection, volume: Volume, before: Volume) -> None:
    """Grow a disk, under a running guest too. One that is to shrink, or is unfinished, is made anew.

    Raises Temporary when it only looked unfinished, or when that is not known.
    """
    if before.arriving == "wholly":
        delete_volume(connection, volume.name + ARRIVING)
    if not before.complete and before.arriving != "partly":
        _see_that_it_is_unfinished(connection, volume.name)
    if not before.whole() or volume.capacity < before.capacity:
        _remake(connection, volume)
    elif volume.capacity > before.capacity:
        _grow(connection, volume)


def _see_that_it_is_unfinished(connection: Connection, name: str) -> None:
    """libvirt may have looked at a file before its content came; what it takes for no disk may be one."""
    if find_volume(connection, name + PARTIAL):
        return
    _look(connection)
    found = find_volume(connection, name)
    if found and parse_volume(connection.place, found.XMLDesc(), connection.host).complete:
        raise Temporary(f"host {connection.place} took {name} for unfinished, and it is whole; run this again")


def _look(connection: Connection) -> None:
    """Have libvirt look at the files, once no other work in the pool goes on. Raises Temporary when it goes on."""
    patience = time.monotonic() + RECOGNISE_S
    while True:
        try:
            with connection.refreshing:
                connection.pool.refresh()
        except libvirt.libvirtError as error:
            if is_connection_lost(error):
                raise
            if time.monotonic() > patience:
                words = f"host {connection.place} does not look at its storage pool {POOL} ({message(error)})"
                raise Temporary(f"{words}; run this again later") from error
            time.sleep(0.1)
        else:
            return


def _grow(connection: Connection, volume: Volume) -> None:
    domain = find_domain(connection, volume.resource)
    if domain and domain.isActive():
        path = connection.host.path_of(volume.name)
        domain.blockResize(path, volume.capacity, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
    else:
        connection.pool.storageVolLookupByName(volume.name).resize(volume.capacity)


def _remake(connection: Connection, volume: Volume) -> None:
    """The guest cannot go on without the disk: it is switched off meanwhile."""
    domain = find_domain(connection, volume.resource)
    running = bool(domain and domain.isActive())
    if domain and running:
        domain.destroy()
    delete_disk(connection, volume.name)
    create_volume(connection, volume)
    if domain and running:
        domain.create()


def find_domain(connection: Connection, uuid: str) -> libvirt.virDomain | None:
    """The guest with this id, whoever's it is."""
    try:
        return connection.libvirt.lookupByUUIDString(uuid)
    except libvirt.libvirtError as error:
        if is_code(error, libvirt.VIR_ERR_NO_DOMAIN):
            return None
        raise


def upload_image(connection: Connection, image: ImageCopy, store: Path) -> None:
    """Copy an image from the controller's store to the host, holes as holes, and see that it arrived as it is.

    One that another run has brought meanwhile is left alone: disks may start from it by now.
    Raises NotFound when the store lacks it, Refused when it is damaged there or the pool is full.
    """
    if find_volume(connection, image.name) and find_volume(connection, image.name + COMPLETE):
        return
    path = store / image.source
    if not path.is_file():
        raise NotFound(f"{_words(image)} is missing in the image store ({path}); upload it again")
    # Unbuffered, because looking for holes moves the file's own position.
    with path.open("rb", buffering=0) as file:
        _upload(connection, image.name, file, _words(image), lambda: _verify(connection, image, path))


def _words(image: ImageCopy) -> str:
    return f"image {image.title or image.resource}"


def _verify(connection: Connection, image: ImageCopy, path: Path) -> None:
    """Raises Refused or Temporary where what lies on the host is not what the image was declared with."""
    what = f"{_words(image)} on host {connection.place}, checksum"
    if checksum(connection, image.name, Meter(what, path.stat().st_size, connection.tell)) == image.source:
        return
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != image.source:
            raise Refused(f"{_words(image)} is damaged in the image store; remove {path} and declare the image again")
    raise Temporary(f"{_words(image)} arrived on host {connection.place} damaged: its checksum differs; run this again")


def upload_config_drive(connection: Connection, drive: ConfigDrive) -> None:
    """Write an instance's config drive to the host."""
    _upload(connection, drive.name, io.BytesIO(build_iso(drive.files)), f"config drive {drive.name}")


def delete_upload(connection: Connection, name: str) -> None:
    """Remove an uploaded volume. Raises Conflict while a disk still starts from it."""
    user = user_of(connection, name)
    if user:
        raise Conflict(f"{name} on host {connection.place} is what disk {user} starts from; delete that instance first")
    _remove_upload(connection, name)


def delete_disk(connection: Connection, name: str) -> None:
    """Remove a disk, if it is there, and then what may say that it is not whole."""
    delete_volume(connection, name)
    delete_volume(connection, name + PARTIAL)
    delete_volume(connection, name + ARRIVING)


def delete_volume(connection: Connection, name: str) -> None:
    """Remove a volume, if it is there."""
    volume = find_volume(connection, name)
    if volume:
        volume.delete()


def refresh(connection: Connection) -> None:
    """Have libvirt look at the files again; it does so by itself only while it changes them."""
    # A pool with work under way refuses; whoever needs fresh figures then works with the last ones.
    with contextlib.suppress(libvirt.libvirtError), connection.refreshing:
        connection.pool.refresh()


def find_volume(connection: Connection, name: str) -> libvirt.virStorageVol | None:
    """The volume of this name in our pool."""
    try:
        return connection.pool.storageVolLookupByName(name)
    except libvirt.libvirtError as error:
        if is_code(error, libvirt.VIR_ERR_NO_STORAGE_VOL):
            return None
        raise


def make_volume(connection: Connection, name: str, xml: str) -> None:
    """Make a volume. One that libvirt knows while its file was removed by hand is made again."""
    try:
        connection.pool.createXML(xml)
    except libvirt.libvirtError as error:
        if not is_code(error, libvirt.VIR_ERR_STORAGE_VOL_EXIST):
            _explain_full(connection, name, SMALLEST_MIB * MIB, error)
            raise
        refresh(connection)
        if not find_volume(connection, name):
            connection.pool.createXML(xml)


def _upload(
    connection: Connection, name: str, content: BinaryIO, what: str, check: Callable[[], None] = lambda: None
) -> None:
    """what: as people call it. check: raises where what arrived is not right."""
    size = content.seek(0, os.SEEK_END)
    _remove_upload(connection, name)
    try:
        make_volume(connection, name, upload_xml(name))
        with connection.sending:
            send(connection, name, content, Meter(f"{what} to host {connection.place}", size, connection.tell))
            _check_size(connection, name, size)
            check()
        make_volume(connection, name + COMPLETE, upload_xml(name + COMPLETE))
    except (libvirt.libvirtError, Refused, Temporary) as error:
        if not isinstance(error, libvirt.libvirtError) or not is_connection_lost(error):
            _remove_upload(connection, name)
            _explain_full(connection, name, _occupied(content, size), error)
        raise


def _remove_upload(connection: Connection, name: str) -> None:
    delete_volume(connection, name + COMPLETE)
    volume = find_volume(connection, name)
    if volume:
        _delete_when_released(volume)


def _delete_when_released(volume: libvirt.virStorageVol) -> None:
    patience = time.monotonic() + RELEASE_S
    while True:
        try:
            volume.delete()
        except libvirt.libvirtError as error:
            if is_code(error, libvirt.VIR_ERR_NO_STORAGE_VOL):
                return
            if is_connection_lost(error) or time.monotonic() > patience:
                raise
            time.sleep(0.05)
        else:
            return


def _check_size(connection: Connection, name: str, size: int) -> None:
    """Raises Refused: a full pool keeps less without a word, and may have room again by now."""
    volume = connection.pool.storageVolLookupByName(name)
    written = volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2]
    if written != size:
        raise Refused(
            f"host {connection.place}: its storage pool {POOL} is full or fails: it kept {written} of {size} bytes of "
            f"{name}; free some space there or add a host"
        )


def _occupied(content: BinaryIO, size: int) -> int:
    """Bytes that the content takes without its holes."""
    try:
        return os.fstat(content.fileno()).st_blocks * 512
    except io.UnsupportedOperation:
        return size


def _explain_full(connection: Connection, name: str, needed: int, error: Exception) -> None:
    """Raises Refused if there is no room. libvirt has no code for that, so the pool is asked."""
    refresh(connection)
    free = connection.pool.info()[3]
    if free < needed:
        raise Refused(
            f"host {connection.place}: its storage pool {POOL} is full: {name} needs {-(-needed // MIB)} MiB and "
            f"{free // MIB} MiB are free; free some space there or add a host"
        ) from error


def user_of(connection: Connection, name: str) -> str:
    """Name of a disk that starts from this volume; '' if there is none."""
    if (owner_of(name) or ("",))[0] != "ImageCopy":
        return ""
    refresh(connection)
    disks = [item for item in connection.pool.listAllVolumes() if (owner_of(item.name()) or ("",))[0] == "Volume"]
    parsed = (parse_volume(connection.place, item.XMLDesc(), connection.host) for item in disks)
    return next((disk.name for disk in parsed if disk.backing == name), "")
