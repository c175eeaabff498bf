# SPDX-License-Identifier: Apache-2.0
"""Copying a volume from one host to another through us, holes as holes."""

from __future__ import annotations

import contextlib

import libvirt

from stackwright.drivers.libvirt.transfers import Meter

CHUNK = 262120
"""What libvirt sends in one piece."""
HOLE = -3


def pipe(origin: libvirt.virStorageVol, arrival: libvirt.virStorageVol, meter: Meter) -> None:
    """Copy the file of one volume into that of another."""
    reading, writing = origin.connect().newStream(), arrival.connect().newStream()
    position = 0
    try:
        origin.download(reading, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
        arrival.upload(writing, 0, 0, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
        while content := reading.recvFlags(CHUNK, libvirt.VIR_STREAM_RECV_STOP_AT_HOLE):
            if content == HOLE:
                position += (hole := reading.recvHole())
                writing.sendHole(hole)
            else:
                position += len(content)
                _send(writing, content)
            meter.at(position)
        reading.finish()
        writing.finish()
    except BaseException:
        for stream in (reading, writing):
            with contextlib.suppress(libvirt.libvirtError):
                stream.abort()
        raise


def _send(writing: libvirt.virStream, content: bytes) -> None:
    while content:
        content = content[writing.send(content) :]
