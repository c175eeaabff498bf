# SPDX-License-Identifier: Apache-2.0
"""What guests write to their serial console, kept by their hosts in a storage pool of its own."""

from __future__ import annotations

import libvirt

from stackwright.drivers.libvirt.connections import Connection

MOST_BYTES = 1024**2
"""How far back a console is read at most."""


def read_log(connection: Connection, instance_id: str, lines: int) -> str:
    """The last lines of an instance's console; '' if it has not written any."""
    found = [volume for volume in _logs(connection, instance_id) if volume.name() == f"{instance_id}.log"]
    if not found:
        return ""
    size = found[0].infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2]
    text = _download(connection, found[0], max(0, size - MOST_BYTES)).decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def remove_log(connection: Connection, instance_id: str) -> None:
    """Remove an instance's console log, with what was rotated."""
    for volume in _logs(connection, instance_id):
        volume.delete()


def _logs(connection: Connection, instance_id: str) -> list[libvirt.virStorageVol]:
    with connection.refreshing:  # these files appear without libvirt's doing, so it has to look again
        connection.consoles.refresh()
        volumes = connection.consoles.listAllVolumes()
    return [volume for volume in volumes if volume.name().startswith(f"{instance_id}.log")]


def _download(connection: Connection, volume: libvirt.virStorageVol, offset: int) -> bytes:
    stream = connection.libvirt.newStream()
    content = bytearray()
    volume.download(stream, offset, 0)
    stream.recvAll(lambda _, data, sink: sink.extend(data), content)
    stream.finish()
    return bytes(content)
