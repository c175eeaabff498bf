# SPDX-License-Identifier: Apache-2.0
"""What a hypervisor holds, as plain values: desired and observed are these same types. Knows no libvirt."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from stackwright.engine.objects import Identity, Object, rule

POOL = "stackwright"
CONSOLE_POOL = "stackwright-console"

Files = tuple[tuple[str, str], ...]
"""(path, text) of every file, in the order in which they are written."""

Power = Literal["running", "stopped", "as_is", "paused", "lost"]
"""Desired: running, stopped, as_is. Observed: running, paused, stopped, lost (it went down without being asked to)."""

Arriving = Literal["", "partly", "wholly"]

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAMES = {
    "Volume": re.compile(rf"({_ID})_(?:root(?:-[1-9][0-9]{{0,8}})?|ephemeral)"),
    "ConfigDrive": re.compile(rf"({_ID})_(?:config-)?[0-9a-f]{{12}}\.iso"),
    "ImageCopy": re.compile(rf"({_ID})_[0-9a-f]{{12}}"),
}


def owner_of(volume: str) -> tuple[str, str] | None:
    """(object type, resource id) of a volume in our pool, by its name; None if it is not ours."""
    found = ((of_type, pattern.fullmatch(volume)) for of_type, pattern in _NAMES.items())
    return next(((of_type, match[1]) for of_type, match in found if match), None)


@dataclass(frozen=True, kw_only=True)
class Hypervisor(Object):
    """A host and what it has; it is only learned from, never made and never deleted.

    ram, foreign_ram in MiB, disk (of the storage pool) in GiB. foreign_*: given to guests that are not ours.
    """

    driver = "libvirt"

    uri: str = rule(default="", ignore=True)
    vcpus: int = rule(default=0, ignore=True)
    ram: int = rule(default=0, ignore=True)
    disk: int = rule(default=0, ignore=True)
    domain_type: str = rule(default="", ignore=True)
    arch: str = rule(default="", ignore=True)
    libvirt_version: str = rule(default="", ignore=True)
    foreign_vcpus: int = rule(default=0, ignore=True)
    foreign_ram: int = rule(default=0, ignore=True)

    def facts(self) -> dict[str, Any]:
        """What is worth remembering of it; nothing while it has not been seen."""
        learned = ("vcpus", "ram", "disk", "domain_type", "arch", "libvirt_version", "foreign_vcpus", "foreign_ram")
        return {name: getattr(self, name) for name in learned} if self.vcpus else {}


@dataclass(frozen=True, kw_only=True)
class ImageCopy(Object):
    """An image's content on a host, the backing file of its instances' disks.

    source: name of the file in the controller's image store: the sha256 of its content. title: the image's name.
    complete: False after an upload that broke off.
    """

    driver = "libvirt"
    shared: ClassVar[bool] = True

    source: str = rule(default="", ignore=True)
    title: str = rule(default="", ignore=True)
    complete: bool = True


def image_copy_name(image_id: str, checksum: str) -> str:
    """Name of the volume that holds this content."""
    return f"{image_id}_{checksum[:12]}"


@dataclass(frozen=True, kw_only=True)
class ConfigDrive(Object):
    """An ISO 9660 volume with an instance's metadata; other content is another volume."""

    driver = "libvirt"

    files: Files = rule(default=(), ignore=True, secret=True)
    complete: bool = True


def config_drive_name(instance_id: str, files: Files, *, short: bool = False) -> str:
    """Name of the volume that holds these files. short: for a container, whose host mounts paths of 63 bytes."""
    digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    return f"{instance_id}_{'' if short else 'config-'}{digest[:12]}.iso"


def root_name(instance_id: str, rebuilds: int) -> str:
    """Name of the volume that an instance starts from; the disk of another rebuild is another one."""
    return f"{instance_id}_root" + (f"-{rebuilds}" if rebuilds else "")


def _lost_by_shrinking(observed: int, desired: int) -> str:
    return f"its disk's content (from {_gib(observed)} to {_gib(desired)} GiB)" if desired < observed else ""


def _lost_by_rebuilding(observed: str, desired: str) -> str:
    return "its disk's content (it would start from another image)"


def _same_start(desired: str, observed: str) -> bool:
    """A disk that needs nothing beneath it any more holds all of its content itself."""
    return observed in ("", desired)


def _gib(size: int) -> str:
    return f"{size / 1024**3:g}"


@dataclass(frozen=True, kw_only=True)
class Volume(Object):
    """A disk in the host's storage pool: qcow2, or raw for a container. capacity in bytes; it grows in place.

    backing: name and format of the volume that it starts from; '' for an empty disk.
    content: name of the volume whose content it has from the beginning, all by itself; '' for none.
    kept: desired, it is to go: what it holds is in an image.
    complete: False for a file that is no disk, since making it broke off.
    arriving: 'partly' while it is moved here from another host, 'wholly' when only the note of that is left.
    """

    driver = "libvirt"
    moves: ClassVar[bool] = True

    capacity: int = rule(loses=_lost_by_shrinking)
    backing: str = rule(default="", replace=True, loses=_lost_by_rebuilding, same=_same_start)
    backing_format: str = rule(default="", ignore=True)
    content: str = rule(default="", ignore=True)
    kept: bool = rule(default=False, ignore=True)
    complete: bool = True
    arriving: Arriving = ""

    def whole(self) -> bool:
        """While it is moved, the guest's disk is the one that it comes from."""
        return self.complete and self.arriving != "partly"

    def kept_elsewhere(self) -> bool:
        """Whether an image has what it holds."""
        return self.kept

    def holds(self) -> str:
        """What the guest wrote to it."""
        return f"a disk's content ({_gib(self.capacity)} GiB)" if self.whole() else ""

    def needs(self) -> Iterable[Identity]:
        """What it starts from."""
        source = self.content or self.backing
        return [Identity("ImageCopy", self.place, source)] if source else []


@dataclass(frozen=True, slots=True, order=True)
class Disk:
    """A disk of a domain. volume: name in our pool, or the path of what is elsewhere. target: what a container has it
    mounted on, a directory; for any other guest the disk's name.

    held: '' in the running guest and in its definition; otherwise which of the two alone has it.
    """

    target: str
    volume: str
    serial: str = ""
    cdrom: bool = False
    held: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Nic:
    """A network card. port: id of the port that it is plugged into ('' for none of ours). mtu in bytes.

    offload: the guest may leave checksums to the host. held: as for a disk.
    network: the libvirt network that it is in; '' for Open vSwitch's integration bridge.
    addresses: those that it may speak from, where libvirt sees to that; none for any.
    """

    port: str
    mac: str
    mtu: int
    held: str = ""
    offload: bool = True
    network: str = ""
    addresses: tuple[str, ...] = ()


def _any_order(desired: Iterable[Any], observed: Iterable[Any]) -> bool:
    return sorted(desired) == sorted(observed)


def _same_power(desired: Power, observed: Power) -> bool:
    if desired == "as_is":
        return observed != "lost"
    return observed in ("stopped", "lost") if desired == "stopped" else observed == desired


def _left_alone(desired: Power, observed: Power) -> bool:
    """A guest that others made is not started because it went down: they may have meant that."""
    return desired == "as_is" or _same_power(desired, observed)


def _as_often(desired: int, observed: int) -> bool:
    return observed >= desired


@dataclass(frozen=True, kw_only=True)
class Domain(Object):
    """A guest. Its name is the instance's id, and so is its UUID.

    vcpus, memory (MiB): of its definition; a running guest gets them at its next start.
    reboots, rebuilds: how often it was rebooted, or given a fresh root disk, on demand.
    defined: False for a guest that runs without a definition.
    """

    driver = "libvirt"
    moves: ClassVar[bool] = True

    title: str
    project: str = ""
    flavor: str = ""
    vcpus: int
    memory: int
    disks: tuple[Disk, ...] = rule(default=(), same=_any_order)
    nics: tuple[Nic, ...] = rule(default=(), same=_any_order)
    power: Power = rule(default="as_is", same=_same_power)
    reboots: int = rule(default=0, same=_as_often)
    rebuilds: int = rule(default=0, replace=True, same=_as_often)
    defined: bool = True

    def needs(self) -> Iterable[Identity]:
        """Its volumes and its ports."""
        for disk in self.disks:
            if found := owner_of(disk.volume):
                yield Identity(found[0], self.place, disk.volume)
        for nic in self.nics:
            if nic.network:
                yield Identity("Bridge", self.place, nic.network)
                yield Identity("Reservation", self.place, nic.mac)
                yield Identity("Guard", self.place, nic.port)
            elif nic.port:
                yield Identity("SwitchPort", "", nic.port)


@dataclass(frozen=True, kw_only=True)
class AdoptedDomain(Object):
    """A guest that others made, and that bears our mark since it was adopted. Its name is its UUID, the instance's id.

    called: its name in libvirt. What else it has is left as it is, so it is not looked at.
    """

    driver = "libvirt"

    called: str = rule(default="", ignore=True)
    project: str = ""
    power: Power = rule(default="as_is", same=_left_alone)
    reboots: int = rule(default=0, same=_as_often)
