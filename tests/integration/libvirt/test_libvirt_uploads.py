# SPDX-License-Identifier: Apache-2.0
"""Images and config drives on their way to a host: cut off, without room, removed by hand."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypervisor import BOOT_SECTOR, MIB, PLACE, Cloud, domain_of, eventually

from stackwright.drivers.libvirt.objects import POOL, ConfigDrive
from stackwright.engine.errors import Conflict, NotFound, Refused
from stackwright.engine.objects import Action, Change, Object

SLOW_UPLOAD = """
import sys, time
from pathlib import Path
from stackwright.drivers.libvirt import volumes
from stackwright.drivers.libvirt.driver import LibvirtDriver
from stackwright.drivers.libvirt.objects import ImageCopy
from stackwright.engine.objects import Action, Change
from stackwright.engine.resource import Scope

uri, store, place, name, source = sys.argv[1:]
read = volumes._read
volumes._read = lambda *given: (time.sleep(0.2), read(*given))[1]
driver = LibvirtDriver(Path("/nonexistent"), Path(store))
driver.observe(Scope(frozenset(), {place: uri}))
image = ImageCopy(place=place, name=name, resource=name[:36], source=source)
driver.apply([Change(Action.CREATE, image)])
"""


def path_of(cloud: Cloud, volume: str) -> Path:
    return cloud.daemon.folder / POOL / volume


def test_an_upload_that_was_killed_is_found_and_done_again(cloud: Cloud) -> None:
    content = os.urandom(8 * MIB)
    image = cloud.image(content, size=len(content))
    arguments = [cloud.daemon.uri, str(cloud.store), PLACE, image.name, image.source]
    process = subprocess.Popen([sys.executable, "-c", SLOW_UPLOAD, *arguments])
    half = path_of(cloud, image.name)
    eventually(lambda: half.exists() and half.stat().st_size > MIB)
    process.send_signal(signal.SIGKILL)
    process.wait()

    [change] = cloud.differences([image])
    assert (change.action, change.fields) == (Action.UPDATE, {"complete"})
    cloud.converge([image])
    assert half.read_bytes() == content
    assert cloud.differences([image]) == []


def test_a_cut_off_upload_that_nobody_wants_any_more_goes(cloud: Cloud) -> None:
    image = cloud.image()
    cloud.daemon.virsh("vol-create-as", POOL, image.name, "1M")
    cloud.converge([], frozenset({image.resource}))
    assert cloud.daemon.volumes() == []


def test_holes_stay_holes(cloud: Cloud) -> None:
    image = cloud.image(BOOT_SECTOR, size=512 * MIB)
    with (cloud.store / image.source).open("r+b") as file:
        file.seek(256 * MIB)
        file.write(b"in the middle")
    cloud.converge([image])
    copy = path_of(cloud, image.name)
    assert copy.stat().st_size == 512 * MIB
    assert copy.stat().st_blocks * 512 < 8 * MIB
    assert subprocess.run(["cmp", copy, cloud.store / image.source], check=False).returncode == 0


def test_a_qcow2_image_is_a_backing_file_as_it_is(cloud: Cloud) -> None:
    wanted = cloud.instance(cloud.image(image_format="qcow2"), image_format="qcow2")
    cloud.converge(wanted)
    assert cloud.differences(wanted) == []
    assert cloud.daemon.virsh("domstate", domain_of(wanted).name) == "running"


def test_an_image_in_use_is_not_deleted(cloud: Cloud) -> None:
    image = cloud.image()
    cloud.converge(cloud.instance(image))
    with pytest.raises(Conflict, match="starts from"):
        cloud.driver.apply([Change(Action.DELETE, image, before=image)])
    assert image.name in cloud.daemon.volumes()


def test_a_missing_image_is_named(cloud: Cloud) -> None:
    image = cloud.copy_of("a" * 64)
    with pytest.raises(NotFound, match="missing in the image store"):
        cloud.converge([image])
    assert cloud.daemon.volumes() == []


@pytest.mark.parametrize("use", ["root", "config"])
def test_a_file_that_was_removed_by_hand_is_made_again(cloud: Cloud, use: str) -> None:
    wanted = cloud.instance(cloud.image(), power="stopped")
    cloud.converge(wanted)
    victim = next(name for name in cloud.daemon.volumes() if use in name)
    path_of(cloud, victim).unlink()
    if use == "config":  # libvirt lists it until it looks again
        cloud.daemon.virsh("pool-refresh", POOL)
    assert [change.object.name for change in cloud.converge(wanted)] == [victim]
    assert path_of(cloud, victim).exists()
    assert cloud.differences(wanted) == []


def test_half_a_disk_is_made_anew_without_asking(cloud: Cloud) -> None:
    wanted = cloud.instance(cloud.image(), power="stopped")
    cloud.converge(wanted[:1])
    cloud.daemon.virsh("vol-create-as", POOL, f"{domain_of(wanted).name}_root", "0", "--format", "raw")
    root = next(change for change in cloud.differences(wanted) if change.object is wanted[1])
    assert (root.action, root.loses) == (Action.UPDATE, "")
    cloud.converge(wanted)
    assert cloud.differences(wanted) == []


@pytest.fixture
def small_pool(cloud: Cloud) -> Iterator[None]:
    """The host's pool on a file system with 16 MiB."""
    _move_pool(cloud, "small")
    yield
    cloud.daemon.virsh("pool-refresh", POOL)
    left = cloud.daemon.volumes()
    _move_pool(cloud, POOL)
    assert left == []


def _move_pool(cloud: Cloud, folder: str) -> None:
    cloud.daemon.virsh("pool-destroy", POOL)
    cloud.daemon.virsh("pool-create-as", POOL, "dir", "--target", str(cloud.daemon.folder / folder))


@pytest.mark.usefixtures("small_pool")
def test_a_full_disk_is_told_and_nothing_half_stays(cloud: Cloud) -> None:
    image = cloud.image(os.urandom(24 * MIB), size=24 * MIB)
    with pytest.raises(Refused, match=rf"host {PLACE}: its storage pool {POOL} is full: .* needs 24 MiB and 1\d MiB"):
        cloud.converge([image])


@pytest.mark.usefixtures("small_pool")
def test_a_disk_full_of_config_drives_is_told(cloud: Cloud) -> None:
    wanted = cloud.instance(cloud.image())
    files = (("openstack/latest/user_data", "x" * 20 * MIB),)
    drive = next(item for item in wanted if isinstance(item, ConfigDrive))
    large: Object = ConfigDrive(place=PLACE, name=drive.name, resource=drive.resource, files=files)
    with pytest.raises(Refused, match="is full"):
        cloud.converge([large])
