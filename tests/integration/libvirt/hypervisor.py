# SPDX-License-Identifier: Apache-2.0
"""One hypervisor as the tests see it: its libvirtd, and what they wish for on it."""

import dataclasses
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackwright.drivers.libvirt.driver import LibvirtDriver
from stackwright.drivers.libvirt.objects import (
    CONSOLE_POOL,
    POOL,
    ConfigDrive,
    Disk,
    Domain,
    ImageCopy,
    Nic,
    Volume,
    config_drive_name,
    image_copy_name,
)
from stackwright.engine.compare import compare
from stackwright.engine.objects import Change, Object
from stackwright.engine.order import order
from stackwright.engine.resource import Scope
from stackwright.images import checksum_of

MIB = 1024**2
PLACE = "compute1"
OTHER = "compute2"

# Boots and halts, to be woken only by interrupts: a guest that needs no operating system and hardly any CPU.
BOOT_SECTOR = b"\xfb\xf4\xeb\xfd".ljust(510, b"\0") + b"\x55\xaa"


@dataclass(frozen=True)
class Daemon:
    """A libvirtd of the tests' own."""

    folder: Path

    @property
    def uri(self) -> str:
        return f"qemu+unix:///system?socket={self.folder}/socket/libvirt-sock"

    def virsh(self, *command: str) -> str:
        line = ["virsh", "-q", "-c", self.uri, *command]
        return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()

    def disconnect_everybody(self) -> None:
        """As a network that breaks would. Who leaves by himself meanwhile is no failure."""
        admin = ["virt-admin", "-q", "-c", f"libvirtd:///system?socket={self.folder}/socket/libvirt-admin-sock"]

        def nobody_is_left() -> bool:
            listed = subprocess.run([*admin, "client-list", "libvirtd"], check=True, capture_output=True, text=True)
            clients = [line.split()[0] for line in listed.stdout.splitlines() if line.strip()]
            for client in clients:
                subprocess.run([*admin, "client-disconnect", "libvirtd", client], check=False, capture_output=True)
            return not clients

        eventually(nobody_is_left)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Something is being made in its pool of volumes all the while."""
        hold = self.folder / "hold"
        hold.touch()
        line = ["vol-create-as", POOL, "slow", "1M", "--format", "qcow2"]
        making = subprocess.Popen(["virsh", "-q", "-c", self.uri, *line])
        try:
            eventually(self._refuses_to_look)
            yield
        finally:
            hold.unlink()
            assert making.wait(300) == 0
            self.virsh("vol-delete", "slow", POOL)

    def _refuses_to_look(self) -> bool:
        try:
            self.virsh("pool-refresh", POOL)
        except subprocess.CalledProcessError:
            return True
        return False

    def volumes(self, pool: str = POOL) -> list[str]:
        self.virsh("pool-refresh", pool)
        return sorted(line.split()[0] for line in self.virsh("vol-list", pool).splitlines())

    def consoles(self) -> list[str]:
        return self.volumes(CONSOLE_POOL)


@dataclass
class Cloud:
    """One hypervisor as the engine sees it, or two: what is desired, what is found, and the steps between."""

    daemon: Daemon
    store: Path
    other: Daemon | None = None
    driver: LibvirtDriver = field(init=False)

    def __post_init__(self) -> None:
        self.driver = LibvirtDriver(Path("/nonexistent"), self.store)

    def observe(self, wanted: list[Object], also: frozenset[str] = frozenset()) -> list[Object]:
        resources = frozenset(item.resource for item in wanted) | also
        hosts = {PLACE: self.daemon.uri} | ({OTHER: self.other.uri} if self.other else {})
        found = self.driver.observe(Scope(resources, hosts))
        assert not found.unreachable
        return list(found.objects)

    def differences(self, wanted: list[Object], gone: frozenset[str] = frozenset()) -> list[Change]:
        observed = self.observe(wanted, gone)
        scope = {item.resource for item in wanted} | gone
        return compare(wanted, observed, scope, gone)

    def converge(self, wanted: list[Object], gone: frozenset[str] = frozenset()) -> list[Change]:
        """Apply every difference, in the engine's order; the changes that were made."""
        changes = self.differences(wanted, gone)
        for step in _in_turn(order(changes, self.observe(wanted, gone))):
            self.driver.apply(step.changes)
        return changes

    def foreign_guest(self, name: str, uid: str) -> None:
        """Somebody else's guest, with 2 virtual CPUs and 48 MiB."""
        xml = self.store / "foreign.xml"
        xml.write_text(
            f"<domain type='qemu'><name>{name}</name><uuid>{uid}</uuid><memory unit='MiB'>48</memory><vcpu>2</vcpu>"
            "<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"
        )
        self.daemon.virsh("define", str(xml))
        self.daemon.virsh("start", name)

    def image(self, content: bytes = BOOT_SECTOR, size: int = 4 * MIB, image_format: str = "raw") -> ImageCopy:
        """An image in the store, as long as `size`, and the wish for its copy on the host."""
        raw, made = self.store / "raw", self.store / "made"
        with raw.open("wb") as file:
            file.write(content)
            file.truncate(size)
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", image_format, str(raw), str(made)], check=True)
        return self.kept(made)

    def kept(self, made: Path) -> ImageCopy:
        """A file becomes one of the store's."""
        checksum = checksum_of(made)
        made.rename(self.store / checksum)
        return self.copy_of(checksum)

    def copy_of(self, checksum: str) -> ImageCopy:
        image_id = str(uuid.uuid4())
        name = image_copy_name(image_id, checksum)
        return ImageCopy(place=PLACE, name=name, resource=image_id, source=checksum)

    def instance(self, image: ImageCopy, image_format: str = "raw", **fields: Any) -> list[Object]:
        """The wish for an instance with a disk, a config drive and a network card."""
        uid = str(uuid.uuid4())
        files = (("openstack/latest/meta_data.json", f'{{"uuid": "{uid}"}}'),)
        root = Volume(
            place=PLACE,
            name=f"{uid}_root",
            resource=uid,
            capacity=64 * MIB,
            backing=image.name,
            backing_format=image_format,
        )
        drive = ConfigDrive(place=PLACE, name=config_drive_name(uid, files), resource=uid, files=files)
        disks = (Disk("vda", root.name, serial="disk-root"), Disk("sda", drive.name, cdrom=True))
        nics = (Nic(str(uuid.uuid4()), f"fa:16:3e:{uid[:2]}:{uid[2:4]}:{uid[4:6]}", 1400),)
        wish = {"title": "web", "vcpus": 1, "memory": 64, "disks": disks, "nics": nics, "power": "running"}
        domain = Domain(place=PLACE, name=uid, resource=uid, **{**wish, **fields})
        return [image, root, drive, domain]


def _in_turn(steps: list[Any]) -> Iterator[Any]:
    done: set[int] = set()
    while waiting := [step for step in steps if id(step) not in done]:
        step = next(step for step in waiting if all(id(item) in done for item in step.after))
        done.add(id(step))
        yield step


def changed(wanted: list[Object], **fields: Any) -> list[Object]:
    """The wish with other values in the objects that have such a field."""
    return [
        dataclasses.replace(item, **fields) if all(hasattr(item, name) for name in fields) else item for item in wanted
    ]


def domain_of(wanted: list[Object]) -> Domain:
    return next(item for item in wanted if isinstance(item, Domain))


def eventually(condition: Callable[[], bool], timeout: float = 300) -> None:
    patience = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < patience, "did not happen in time"
        time.sleep(0.1)
