# SPDX-License-Identifier: Apache-2.0
"""Disks on their way back to the controller: whole, with what the guest wrote, and the guest goes on."""

import io
import os
import subprocess
from pathlib import Path

import pytest
from hypervisor import BOOT_SECTOR, MIB, PLACE, Cloud, domain_of

from stackwright import snapshots
from stackwright.drivers.libvirt.objects import POOL, ImageCopy
from stackwright.engine.errors import Temporary, Unreachable
from stackwright.engine.objects import Object
from stackwright.images import inspect_overlay


def download(cloud: Cloud, uid: str, target: Path) -> str:
    with target.open("w+b") as file:
        return cloud.driver.disk(PLACE, cloud.daemon.uri, uid, f"{uid}_root", file)


def guest_with_a_mark(cloud: Cloud, image_format: str) -> tuple[list[Object], bytes]:
    """A running guest whose disk differs from its image: as if it had written there."""
    wanted = cloud.instance(cloud.image(image_format=image_format), image_format=image_format, power="stopped")
    cloud.converge(wanted)
    mark = os.urandom(16)
    root = cloud.daemon.folder / POOL / f"{domain_of(wanted).name}_root"
    for offset in (2 * MIB, 63 * MIB):  # within what the image has, and beyond it
        command = f"write -s {_file(cloud, mark)} {offset} 512"
        subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, root], check=True, capture_output=True)
    cloud.daemon.virsh("start", domain_of(wanted).name)
    return wanted, mark


def source_of(cloud: Cloud, image: Object) -> Path:
    assert isinstance(image, ImageCopy)
    return cloud.store / image.source


def _file(cloud: Cloud, content: bytes) -> Path:
    path = cloud.store / "pattern"
    path.write_bytes(content.ljust(512, b"\0"))
    return path


@pytest.mark.parametrize("image_format", ["raw", "qcow2"])
def test_a_disk_over_its_image_is_what_the_guest_sees(cloud: Cloud, tmp_path: Path, image_format: str) -> None:
    wanted, mark = guest_with_a_mark(cloud, image_format)
    image, uid = wanted[0], domain_of(wanted).name
    before = cloud.daemon.virsh("domid", uid)
    assert download(cloud, uid, tmp_path / "disk") == image.name
    assert (cloud.daemon.virsh("domid", uid), cloud.daemon.virsh("domstate", uid)) == (before, "running")
    assert (tmp_path / "disk").stat().st_blocks * 512 < 4 * MIB

    inspect_overlay(tmp_path / "disk")
    snapshots._flatten(tmp_path / "disk", tmp_path / "flat", source_of(cloud, image), image_format)
    subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", tmp_path / "flat", tmp_path / "raw"], check=True)
    content = (tmp_path / "raw").read_bytes()
    assert len(content) == 64 * MIB
    assert content.startswith(BOOT_SECTOR)
    assert [content[at : at + 16] for at in (2 * MIB, 63 * MIB)] == [mark, mark]


def test_what_was_made_of_a_disk_boots(cloud: Cloud, tmp_path: Path) -> None:
    wanted, _ = guest_with_a_mark(cloud, "raw")
    download(cloud, domain_of(wanted).name, tmp_path / "disk")
    made = cloud.store / "flattened"
    snapshots._flatten(tmp_path / "disk", made, source_of(cloud, wanted[0]), "raw")
    second = cloud.instance(cloud.kept(made), image_format="qcow2")
    cloud.converge(second)
    assert cloud.daemon.virsh("domstate", domain_of(second).name) == "running"
    assert cloud.differences(second) == []


def test_a_guest_that_is_off_or_paused_stays_so(cloud: Cloud, tmp_path: Path) -> None:
    wanted = cloud.instance(cloud.image())
    cloud.converge(wanted)
    uid = domain_of(wanted).name
    cloud.daemon.virsh("suspend", uid)
    download(cloud, uid, tmp_path / "disk")
    assert cloud.daemon.virsh("domstate", uid) == "paused"
    cloud.daemon.virsh("destroy", uid)
    download(cloud, uid, tmp_path / "disk")
    assert cloud.daemon.virsh("domstate", uid) == "shut off"


def test_a_full_controller_lets_the_guest_go_on(cloud: Cloud) -> None:
    wanted = cloud.instance(cloud.image())
    cloud.converge(wanted)
    uid = domain_of(wanted).name
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError, match="No space left"):
        cloud.driver.disk(PLACE, cloud.daemon.uri, uid, f"{uid}_root", full)  # type: ignore[arg-type]
    assert cloud.daemon.virsh("domstate", uid) == "running"
    assert cloud.differences(wanted) == []


def test_a_lost_connection_lets_the_guest_go_on(cloud: Cloud) -> None:
    wanted = cloud.instance(cloud.image())
    cloud.converge(wanted)
    uid = domain_of(wanted).name

    class Cutting(io.BytesIO):
        def write(self, content: object) -> int:
            cloud.daemon.disconnect_everybody()
            return super().write(content)  # type: ignore[arg-type]

    with pytest.raises(Unreachable, match=f"disk of instance {uid}: host {PLACE} stopped answering"):
        cloud.driver.disk(PLACE, cloud.daemon.uri, uid, f"{uid}_root", Cutting())
    assert cloud.daemon.virsh("domstate", uid) == "running"


def test_a_disk_that_is_not_there_is_said(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="vanished"):
        download(cloud, "0" * 8 + "-1111-4111-8111-" + "1" * 12, tmp_path / "disk")


def test_half_a_disk_is_not_taken(cloud: Cloud, tmp_path: Path) -> None:
    """What moves here is without a definition until it is whole; of what is made anew, the companion says it."""
    wanted = cloud.instance(cloud.image(), power="stopped")
    cloud.converge(wanted)
    uid = domain_of(wanted).name
    companion = cloud.daemon.folder / POOL / f"{uid}_root.arriving"
    companion.touch()
    download(cloud, uid, tmp_path / "disk")  # it came wholly, and only the note of that is left
    cloud.daemon.virsh("undefine", uid, "--nvram")
    with pytest.raises(Temporary, match=f"{uid}_root is not whole on host {PLACE}"):
        download(cloud, uid, tmp_path / "disk")
    companion.rename(companion.with_suffix(".partial"))
    with pytest.raises(Temporary, match=f"{uid}_root is not whole on host {PLACE}"):
        download(cloud, uid, tmp_path / "disk")
