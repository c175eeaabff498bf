# SPDX-License-Identifier: Apache-2.0
"""What guests write to their serial console, kept by their hosts in a storage pool of its own."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import libvirt

if TYPE_CHECKING:
    from stackwright.drivers.libvirt.connections import Connection

MOST_BYTES = 1024**2
"""How far back a console is read at most."""


class Logs:
    """The pool of the logs. They appear without libvirt's doing, so it has to look: once for all who ask meanwhile."""

    def __init__(self, pool: libvirt.virStoragePool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._looked = 0.0
        self._volumes: list[libvirt.virStorageVol] = []

    def of(self, instance_id: str) -> list[libvirt.virStorageVol]:
        """One instance's log, with what was rotated, as it is now."""
        asked = time.monotonic()
        with self._lock:
            if self._looked < asked:
                self._look()
            return [volume for volume in self._volumes if volume.name().startswith(f"{instance_id}.log")]

    def _look(self) -> None:
        began = time.monotonic()
        self._pool.refresh()
        self._volumes = self._pool.listAllVolumes()
        self._looked = began


def read_log(connection: Connection, instance_id: str, lines: int) -> str:
    """The last lines of an instance's console; '' if it has not written any."""
    found = [volume for volume in connection.logs.of(instance_id) if volume.name() == f"{instance_id}.log"]
    if not found:
        return ""
    size = found[0].infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2]
    text = _download(connection, found[0], max(0, size - MOST_BYTES)).decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def remove_log(connection: Connection, instance_id: str) -> None:
    """Remove an instance's console log, with what was rotated."""
    for volume in connection.logs.of(instance_id):
        volume.delete()


def _download(connection: Connection, volume: libvirt.virStorageVol, offset: int) -> bytes:
    stream = connection.libvirt.newStream()
    content = bytearray()
    volume.download(stream, offset, 0)
    stream.recvAll(lambda _, data, sink: sink.extend(data), content)
    stream.finish()
    return bytes(content)
