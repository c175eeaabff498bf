# SPDX-License-Identifier: Apache-2.0
"""A volume's content on its way to a host, and back to be looked at. Holes stay holes."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import libvirt

from stackwright.drivers.libvirt.connections import Connection

MIB = 1024**2
SILENT_S = 3.0
"""What takes no longer than this says nothing on its way."""
EVERY_S = 5.0
_ZEROS = bytes(MIB)


@dataclass
class Meter:
    """Tells how far something is, every few seconds. what: as people call it. size: its end, in bytes."""

    what: str
    size: int
    tell: Callable[[str], None]
    _next: float = field(default_factory=lambda: time.monotonic() + SILENT_S)

    def at(self, position: int) -> None:
        """It has come to this byte."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY_S
            share = 100 * position // self.size if self.size else 100
            self.tell(f"{self.what}: {position // MIB} of {-(-self.size // MIB)} MiB ({share} %)")


@dataclass(frozen=True)
class _Source:
    content: BinaryIO
    meter: Meter


def send(connection: Connection, name: str, content: BinaryIO, meter: Meter) -> None:
    """Write content into a volume that is there. Only a file can have holes."""
    content.seek(0)
    volume = connection.pool.storageVolLookupByName(name)
    with _stream(connection) as stream:
        if isinstance(content, io.BytesIO):
            volume.upload(stream, 0, 0)
            stream.sendAll(_read, _Source(content, meter))
        else:
            volume.upload(stream, 0, 0, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
            stream.sparseSendAll(_read, _section, _skip, _Source(content, meter))


def checksum(connection: Connection, name: str, meter: Meter) -> str:
    """The sha256 of a volume's content as it lies on the host, which is read for it."""
    target = _Digest(meter)
    volume = connection.pool.storageVolLookupByName(name)
    with _stream(connection) as stream:
        volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
        stream.sparseRecvAll(_take, _take_hole, target)
    return target.sha256.hexdigest()


@contextlib.contextmanager
def _stream(connection: Connection) -> Iterator[libvirt.virStream]:
    stream = connection.libvirt.newStream()
    try:
        yield stream
        stream.finish()
    except BaseException:
        with contextlib.suppress(libvirt.libvirtError):
            stream.abort()
        raise


def _read(_: libvirt.virStream, count: int, source: _Source) -> bytes:
    source.meter.at(source.content.tell())
    return source.content.read(count)


def _skip(_: libvirt.virStream, count: int, source: _Source) -> int:
    return source.content.seek(count, os.SEEK_CUR)


def _section(_: libvirt.virStream, source: _Source) -> tuple[bool, int]:
    """(whether here is data rather than a hole, how far that goes in bytes)."""
    content = source.content
    here, descriptor = content.tell(), content.fileno()
    try:
        data = os.lseek(descriptor, here, os.SEEK_DATA)
    except OSError:  # nothing but a hole up to the end
        return False, content.seek(0, os.SEEK_END) - content.seek(here)
    end = os.lseek(descriptor, here, os.SEEK_HOLE) if data == here else data
    content.seek(here)
    return data == here, end - here


@dataclass
class _Digest:
    meter: Meter
    size: int = 0
    sha256: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, content: bytes | memoryview) -> None:
        self.sha256.update(content)
        self.size += len(content)
        self.meter.at(self.size)


def _take(_: libvirt.virStream, content: bytes, target: _Digest) -> int:
    target.add(content)
    return len(content)


def _take_hole(_: libvirt.virStream, size: int, target: _Digest) -> int:
    for start in range(0, size, MIB):
        target.add(memoryview(_ZEROS)[: min(MIB, size - start)])
    return size
