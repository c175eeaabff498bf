# SPDX-License-Identifier: Apache-2.0
"""The controller's image store: files by the sha256 of their content, inspected before anything uses them."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import hashlib
import os
import re
import struct
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from stackwright.engine.errors import Exhausted, InvalidInput, StackwrightError, Temporary
from stackwright.engine.resource import Wish

if TYPE_CHECKING:
    from oslo_utils.imageutils import format_inspector

CHUNK = 1024 * 1024
CHECK_S = 120
DAMAGED = (1, 2)
"""What qemu-img check returns for what it cannot open, and for what is corrupt; 3 only means wasted space."""
CHECKSUM = re.compile(r"[0-9a-f]{64}")
PREFIX = ".incoming-"
FOUND_AS_RAW = ("raw", "gpt")
"""What the inspector calls a disk without a format of its own; gpt is one with a partition table."""
QCOW2_HEADER = struct.Struct(">4sI64xQ")
"""Magic, version, and of version 3 the features without which it cannot be read."""
QCOW2_MAGIC = b"QFI\xfb"
QCOW2_DATA_FILE = 0b0100
QCOW2_KNOWN = 0b1111
INSPECTED = ("size", "virtual_size")
UNSAFE = {
    "backing_file": "has a backing file; flatten it with `qemu-img convert`",
    "data_file": "keeps its content in an external data file; flatten it with `qemu-img convert`",
    "unknown_features": "uses features of qcow2 that are not known to be safe; convert it with `qemu-img convert`",
}


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a file really is. size and virtual_size in bytes."""

    disk_format: str
    size: int
    virtual_size: int


def inspect(path: Path, disk_format: str = "") -> Inspected:
    """Look at a file's header. disk_format: what it is said to be; '' takes qcow2 or raw as found.

    Raises InvalidInput when it is something else, or when using it could reach beyond the file.
    """
    # It takes a while to load, and only this needs it.
    from oslo_utils.imageutils import format_inspector

    try:
        found = format_inspector.detect_file_format(str(path))
        size = path.stat().st_size
    except (OSError, format_inspector.ImageFormatError) as error:
        raise InvalidInput(f"its file cannot be inspected ({error}); give a qcow2 or raw file") from error
    really = "raw" if str(found) in FOUND_AS_RAW else str(found)
    _is_usable(really, disk_format, size)
    if found is None or really == "raw":
        return Inspected("raw", size, size)
    _is_safe(found)
    return Inspected(really, size, found.virtual_size)


def _is_usable(really: str, declared: str, size: int) -> None:
    if not size:
        raise InvalidInput("its file is empty; give one with content")
    if declared and really != declared:
        raise InvalidInput(f"its file is {really} and not {declared}; mend disk_format or convert the file")
    if really not in ("qcow2", "raw"):
        raise InvalidInput(f"its file is {really}; make it qcow2 with `qemu-img convert -O qcow2`")


def _is_safe(found: format_inspector.FileInspector) -> None:
    from oslo_utils.imageutils import format_inspector

    try:
        found.safety_check()
    except format_inspector.SafetyCheckFailed as error:
        first = next(iter(error.failures))
        raise InvalidInput(f"its file {UNSAFE.get(first, f'is not safe to use ({first})')}") from error
    except format_inspector.ImageFormatError as error:
        raise InvalidInput(f"its file cannot be inspected ({error}); it may be truncated") from error


def inspect_overlay(path: Path) -> None:
    """Look at the header of a qcow2 disk that may start from another file, and may reach beyond that nowhere.

    Raises InvalidInput.
    """
    with path.open("rb") as file:
        header = file.read(QCOW2_HEADER.size).ljust(QCOW2_HEADER.size, b"\0")
    magic, version, features = QCOW2_HEADER.unpack(header)
    if magic != QCOW2_MAGIC or version not in (2, 3):
        raise InvalidInput("the disk is not qcow2; look after it on its host")
    # Version 2 has no features: what is there is something else.
    if version == 3 and features & QCOW2_DATA_FILE:
        raise InvalidInput(f"the disk {UNSAFE['data_file']}")
    if version == 3 and features & ~QCOW2_KNOWN:
        raise InvalidInput(f"the disk {UNSAFE['unknown_features']}")


def verify(path: Path, inspected: Inspected) -> None:
    """Have qemu-img read all tables of a qcow2 file: there a truncated file or an oversized header shows.

    Only for a file that `inspect` found safe. Raises InvalidInput.
    """
    if inspected.disk_format != "qcow2":
        return
    command = ["qemu-img", "check", "-f", "qcow2", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_S, check=False)  # noqa: S603
    except FileNotFoundError as error:
        raise InvalidInput("the controller has no qemu-img; run the role stackwright.cloud.controller") from error
    except subprocess.TimeoutExpired as error:
        raise InvalidInput(
            f"its file was not checked within {CHECK_S} s; convert it with `qemu-img convert`"
        ) from error
    if done.returncode in DAMAGED:
        cause = (done.stderr.strip() or done.stdout.strip()).splitlines()[0].split("': ")[-1]
        raise InvalidInput(f"its file is damaged or truncated ({cause}); fetch or convert it again")


def checksum_of(path: Path) -> str:
    """The sha256 of a file's content, in hexadecimal. Raises InvalidInput when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInput(f"its file {path} cannot be read ({error.strerror}); mend src") from error


class ImageStore:
    """A folder of image files. Whoever declares images holds `use`, so that `clean` takes nothing from under them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, checksum: str) -> Path:
        """Where content is, or would be."""
        return self.path / checksum

    def has(self, checksum: str) -> bool:
        """Whether the content is here."""
        return self.file(checksum).is_file()

    @contextmanager
    def use(self) -> Iterator[None]:
        """Keep everything that is here."""
        with self._locked(fcntl.LOCK_SH):
            yield

    def filled(self, wishes: Iterable[Wish], check: bool = False) -> tuple[Wish, ...]:
        """The wishes, where those for images say what inspection found.

        An image's content is given as `src`, a file on this host that is taken into the store (with `check` it is
        only inspected), or as `checksum` of what is there already. Raises InvalidInput, or Exhausted without room.
        """
        return tuple(self._filled(wish, check) if wish.kind == "image" and wish.present else wish for wish in wishes)

    def _filled(self, wish: Wish, check: bool) -> Wish:
        spec = dict(wish.spec)
        src = spec.pop("src", "")
        try:
            _is_told_nothing(spec, bool(src))
            if not src and "checksum" not in spec:
                return wish
            checksum = _known_checksum(src, str(spec.get("checksum", "")))
            inspected = self._inspected(Path(src) if src else None, checksum, spec.get("disk_format", ""), check)
        except InvalidInput as error:
            raise InvalidInput(f"image {wish.key}: {error}") from error
        return dataclasses.replace(wish, spec={**spec, "checksum": checksum, **dataclasses.asdict(inspected)})

    def _inspected(self, src: Path | None, checksum: str, disk_format: str, check: bool) -> Inspected:
        """What the content is; with a source that is new here, it is taken in, or with `check` only looked at."""
        if CHECKSUM.fullmatch(checksum) and self.has(checksum):
            return inspect(self.file(checksum), disk_format)
        if src is None:
            raise InvalidInput(f"the image store has no content {checksum}; give src, the file that it is made of")
        if not check:
            return self.put(src, checksum, disk_format)
        inspected = inspect(src, disk_format)
        verify(src, inspected)
        return inspected

    def inspected(self, checksum: str) -> Inspected:
        """What content of the store is."""
        return inspect(self.file(checksum))

    def put(self, src: Path, checksum: str, disk_format: str = "") -> Inspected:
        """Take a file in. It appears under its name when it is complete, inspected and on the disk; or not at all."""
        with self.room() as copy:
            with copy.open("wb") as target:
                _copy(src, checksum, target)
            return self._keep(copy, checksum, disk_format)

    def take(self, made: Path) -> str:
        """Take in a qcow2 file that was made in a `room` of the store; its checksum."""
        with made.open("rb") as file:
            os.fsync(file.fileno())
        checksum = checksum_of(made)
        self._keep(made, checksum, "qcow2")
        return checksum

    @contextmanager
    def room(self) -> Iterator[Path]:
        """An empty file in the store to work in; it goes in the end. What fails with the disk becomes a sentence."""
        try:
            with tempfile.NamedTemporaryFile(dir=self.path, prefix=PREFIX, delete=False) as file:
                path = Path(file.name)
            try:
                yield path
            finally:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise self._translated(error) from error

    def _keep(self, copy: Path, checksum: str, disk_format: str) -> Inspected:
        inspected = inspect(copy, disk_format)
        verify(copy, inspected)
        copy.replace(self.file(checksum))
        with self._opened() as folder:
            os.fsync(folder)
        return inspected

    def clean(self, needed: Callable[[], Collection[str]]) -> list[str]:
        """Remove what no image refers to, and what killed runs left; while somebody is at work, nothing.

        needed: asked once nobody can declare an image any more. Returns the checksums of what went.
        """
        try:
            with self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB):
                keep = needed()
                gone = [file for file in self.path.iterdir() if _is_ours(file.name) and file.name not in keep]
                for file in gone:
                    file.unlink()
        except BlockingIOError:
            return []  # the next one who deletes an image cleans up
        return sorted(file.name for file in gone if not file.name.startswith(PREFIX))

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        with self._opened() as folder:
            fcntl.flock(folder, how)
            yield

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            folder = os.open(self.path, os.O_DIRECTORY)
        except OSError as error:
            raise self._translated(error) from error
        try:
            yield folder
        finally:
            os.close(folder)

    def _translated(self, error: OSError) -> StackwrightError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Exhausted(f"the disk of the image store {self.path} is full; free some space and run this again")
        if not self.path.is_dir():
            return InvalidInput(f"no image store is at {self.path}; run the role stackwright.cloud.controller")
        return InvalidInput(f"the image store {self.path} cannot be used ({error.strerror}); become root")


def _copy(src: Path, checksum: str, target: IO[bytes]) -> None:
    """Copy onto the disk. Raises Temporary when the content is not the one that was announced."""
    digest = hashlib.sha256()
    with src.open("rb") as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    target.flush()
    os.fsync(target.fileno())
    if digest.hexdigest() != checksum:
        raise Temporary(f"image file {src} changed while it was read; run this again when it is at rest")


def _known_checksum(src: str, announced: str) -> str:
    """The checksum of a source, which must be what was announced, if it was."""
    found = checksum_of(Path(src)) if src else announced
    if announced not in ("", found):
        raise InvalidInput(f"its file has the checksum {found} and not {announced}; run this again")
    return found


def _is_told_nothing(spec: Mapping[str, Any], has_src: bool) -> None:
    """Raises InvalidInput for what inspection has to say itself."""
    told = [name for name in INSPECTED if name in spec]
    if told:
        raise InvalidInput(f"{told[0]} is found out by inspection; leave it out")
    if "disk_format" in spec and not has_src and "checksum" not in spec:
        raise InvalidInput("disk_format says what src is; give both or neither")


def _is_ours(name: str) -> bool:
    return name.startswith(PREFIX) or bool(CHECKSUM.fullmatch(name))
