# SPDX-License-Identifier: Apache-2.0
"""All that a controller knows, in one archive: made while nobody is at work, and checked before anything is restored.

An archive is a tar with the manifest first, which has the checksum of every file that follows.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import json
import os
import shutil
import socket
import stat
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from stackwright.config import Config
from stackwright.engine.errors import Exhausted, InvalidInput, NotFound
from stackwright.images import ImageStore, checksum_of
from stackwright.registry.copies import copy_to_file
from stackwright.registry.database import Registry
from stackwright.registry.leases import alone
from stackwright.registry.migrate import knows

FORMAT = 1
MANIFEST = "manifest.json"
REGISTRY = "registry.sqlite"
ROOM = ".stackwright-backup-"
SETTINGS = ("ca/ca.csr", "ca/ca.pem", "ca/key.pem", "registry.key", "stackwright.yaml")
"""Files beside the configuration that a controller cannot do without, as far as they are there."""
LARGEST_MANIFEST = 64 * 1024 * 1024
CHUNK = 1024 * 1024


def back_up(settings: Path, target: Path, images: bool, patience: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Copy registry, authority, key, OVN's databases and images into a new archive; its manifest.

    settings: the controller's, with the keys beside them. images: also the files of images, not only which there are.
    patience: seconds to wait for those at work. Raises InvalidInput, Temporary when somebody stays at work, Exhausted.
    """
    config = Config.load(settings)
    if target.exists() or not target.parent.is_dir():
        raise InvalidInput(f"{target} exists, or is in no folder; name a new file in a folder that is there")
    with _disk(target), ImageStore(config.image_store).use(), _room(target.parent) as folder:
        with closing(Registry(config.registry_url)) as registry, alone(registry, "a backup", patience, say):
            manifest = _copied(settings.parent, config, registry, folder)
        files = {str(file.relative_to(folder)): file for file in sorted(folder.rglob("*")) if file.is_file()}
        manifest["files"] = {name: _described(file) for name, file in files.items()}
        if images:
            _add_images(manifest, files, config.image_store)
        _pack(manifest, files, folder / "archive", say)
        _name(folder / "archive", target)
    return manifest


def _name(archive: Path, target: Path) -> None:
    """Not by a link, which a disk that was formatted for other systems lacks."""
    try:
        target.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise InvalidInput(f"{target} exists by now, and is left as it is; name a new file") from error
    archive.rename(target)


@contextmanager
def _room(parent: Path) -> Iterator[Path]:
    """A new folder for its owner alone, which goes in the end; what killed runs left there goes, too."""
    with ExitStack() as kept:
        with _locked(parent, fcntl.LOCK_EX):  # what is not locked yet would look to others as if it were left
            _sweep(parent)
            room = kept.enter_context(tempfile.TemporaryDirectory(dir=parent, prefix=ROOM))
            kept.enter_context(_locked(Path(room)))
        yield Path(room)


def _sweep(parent: Path) -> None:
    for left in parent.glob(f"{ROOM}*"):
        with suppress(BlockingIOError, FileNotFoundError):  # in use, or just going by itself
            if _is_ours(left):
                with _locked(left):
                    shutil.rmtree(left)


def _is_ours(left: Path) -> bool:
    """Whether it is a folder that this user made."""
    found = left.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


@contextmanager
def _locked(folder: Path, how: int = fcntl.LOCK_EX | fcntl.LOCK_NB) -> Iterator[None]:
    opened = os.open(folder, os.O_DIRECTORY)
    try:
        fcntl.flock(opened, how)
        yield
    finally:
        os.close(opened)


@contextmanager
def _disk(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Exhausted(f"the disk of {target.parent} is full; free some space or name another folder") from error


def _copied(home: Path, config: Config, registry: Registry, folder: Path) -> dict[str, Any]:
    """The files that have to agree with each other; what is to be known about them."""
    from stackwright.drivers.ovn.dump import dump  # needs Open vSwitch's library

    revision = copy_to_file(registry, folder / REGISTRY)
    (folder / "ovn").mkdir()
    for name, remotes in (("Northbound", config.ovn_northbound), ("Southbound", config.ovn_southbound)):
        if remotes and config.network_backend == "ovn":
            dump(f"OVN_{name}", remotes, config.pki, folder / "ovn" / f"{name.lower()}.db")
    for name in SETTINGS:
        if (home / name).exists():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(home / name, folder / name)
    rows = registry.read(lambda txn: (txn.setting("cloud"), txn.select(kind="image")))
    return {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "controller": socket.gethostname(),
        "cloud": rows[0],
        "stackwright": version("stackwright"),
        "registry_revision": revision,
        "images": {row.id: {"name": row.name, "checksum": row.spec["checksum"]} for row in rows[1]},
    }


def _described(file: Path) -> dict[str, Any]:
    return {"sha256": checksum_of(file), "size": file.stat().st_size}


def _add_images(manifest: dict[str, Any], files: dict[str, Path], store: Path) -> None:
    for checksum in sorted({image["checksum"] for image in manifest["images"].values()}):
        if (store / checksum).is_file():
            files[f"images/{checksum}"] = store / checksum
            manifest["files"][f"images/{checksum}"] = {"sha256": checksum, "size": (store / checksum).stat().st_size}


def _pack(manifest: Mapping[str, Any], files: Mapping[str, Path], target: Path, say: Callable[[str], None]) -> None:
    written = json.dumps(manifest, indent=2).encode()
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            archive.addfile(_member(MANIFEST, len(written)), io.BytesIO(written))
            for name, source in files.items():
                expected = manifest["files"][name]
                if name.startswith("images/"):
                    say(f"copying {name} ({expected['size'] >> 20} MiB)")
                with source.open("rb") as content:
                    reader = _Reader(content)
                    archive.addfile(_member(name, expected["size"]), reader)  # type: ignore[arg-type]
                if reader.digest.hexdigest() != expected["sha256"]:
                    raise InvalidInput(f"{source} is damaged; declare the images with that checksum again, with src")
        file.flush()
        os.fsync(file.fileno())


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


class _Reader:
    """Reads a file, and knows the checksum of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """As a file's."""
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


def unpack(path: Path, folder: Path | None) -> dict[str, Any]:
    """Check a whole archive, and lay its files out in a new folder, for its owner alone; its manifest.

    folder: None only checks. Raises NotFound, InvalidInput for what is damaged, foreign or too new, or Exhausted.
    """
    if folder and folder.exists():
        raise InvalidInput(f"{folder} exists; name a folder that does not")
    try:
        with _disk(folder or path), path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            manifest = _manifest(path, archive)
            with tempfile.TemporaryDirectory(dir=folder.parent if folder else None, prefix=".unpacked-") as room:
                if folder:
                    (Path(room) / "files").mkdir(mode=0o700)
                _lay_out(path, archive, manifest, Path(room) / "files" if folder else None)
                if folder:
                    (Path(room) / "files").rename(folder)
    except FileNotFoundError as error:
        raise NotFound(f"{error.filename} does not exist; mend the name") from error
    except tarfile.TarError as error:
        raise _damaged(path, f"it cannot be read: {error}") from error
    return manifest


def _damaged(path: Path, why: str) -> InvalidInput:
    return InvalidInput(f"{path} is no backup of a controller, or is damaged ({why}); take another one")


def _manifest(path: Path, archive: tarfile.TarFile) -> dict[str, Any]:
    first = archive.next()
    if first is None or first.name != MANIFEST or not first.isfile() or first.size > LARGEST_MANIFEST:
        raise _damaged(path, f"it does not begin with {MANIFEST}")
    try:
        manifest: dict[str, Any] = json.loads(_content(archive, first).read())
        made_by, revision = manifest["stackwright"], manifest["registry_revision"]
        _ = [(item["sha256"], item["size"]) for item in manifest["files"].values()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, f"its {MANIFEST} cannot be understood") from error
    if manifest.get("format") != FORMAT or not knows(revision):
        raise InvalidInput(f"{path} was made by Stackwright {made_by}, which is newer than this; install that version")
    return manifest


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    if content is None:
        raise tarfile.ReadError(f"{member.name} has no content")
    return content


def _lay_out(path: Path, archive: tarfile.TarFile, manifest: Mapping[str, Any], folder: Path | None) -> None:
    missing = dict(manifest["files"])
    while member := archive.next():
        expected = missing.pop(member.name, None)
        if expected is None or not member.isfile():
            raise _damaged(path, f"{member.name} is not in its {MANIFEST}")
        target = folder / member.name if folder else Path(os.devnull)
        if folder:
            if not target.resolve().is_relative_to(folder.resolve()):
                raise _damaged(path, f"{member.name} leads out of it")
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _copy(_content(archive, member), target) != expected["sha256"]:
            raise _damaged(path, f"{member.name} is not what was put in")
    if missing:
        raise _damaged(path, f"{', '.join(sorted(missing))} is missing")


def _copy(content: IO[bytes], target: Path) -> str:
    digest = hashlib.sha256()
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()
