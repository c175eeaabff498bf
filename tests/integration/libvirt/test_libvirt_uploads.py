# SPDX-License-Identifier: Apache-2.0
"""Images and config drives on their way to a host: cut off, without room, removed by hand."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypervisor import MIB, PLACE, Cloud, domain_of, eventually

from stackwright.drivers.libvirt import transfers, volumes
from stackwright.drivers.libvirt.driver import LibvirtDriver
from stackwright.drivers.libvirt.objects import POOL, ConfigDrive, ImageCopy
from stackwright.drivers.libvirt.observe import COMPLETE
from stackwright.engine.apply import apply
from stackwright.engine.compare import compare
from stackwright.engine.errors import Conflict, NotFound, Refused, Temporary
from stackwright.engine.objects import Action, Change, Object
from stackwright.engine.order import order
from stackwright.engine.resource import Scope
from stackwright.registry.database import Registry
from stackwright.registry.leases import Run
from stackwright.registry.migrate import migrate

SLOW_UPLOAD = """
import sys, time
from pathlib import Path
from stackwright.drivers.libvirt import transfers
from stackwright.drivers.libvirt.driver import LibvirtDriver
from stackwright.drivers.libvirt.objects import ImageCopy
from stackwright.engine.objects import Action, Change
from stackwright.engine.order import order
from stackwright.engine.resource import Scope
from stackwright.registry.database import Registry
from stackwright.registry.leases import Run
from stackwright.registry.migrate import migrate

uri, store, place, name, source = sys.argv[1:]
read = transfers._read
transfers._read = lambda *given: (time.sleep(0.5), read(*given))[1]
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
    made = cloud.store / "made"
    with made.open("wb") as file:
        file.seek(256 * MIB)
        file.write(b"in the middle")
        file.truncate(512 * MIB)
    image = cloud.kept(made)
    cloud.converge([image])
    copy = path_of(cloud, image.name)
    assert copy.stat().st_size == 512 * MIB
    assert copy.stat().st_blocks * 512 < 8 * MIB
    assert subprocess.run(["cmp", copy, cloud.store / image.source], check=False).returncode == 0


def test_a_copy_that_is_there_is_not_brought_again(cloud: Cloud) -> None:
    image = cloud.image()
    cloud.converge([image])
    copy = path_of(cloud, image.name)
    before = copy.stat().st_ino
    cloud.driver.apply([Change(Action.CREATE, image)])
    assert copy.stat().st_ino == before


def test_two_runs_at_once_bring_an_image_once(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = cloud.image(os.urandom(8 * MIB))
    registry = Registry(f"sqlite:///{tmp_path}/registry.sqlite")
    migrate(registry)
    both = threading.Barrier(2)
    sent: list[object] = []
    send = volumes.send
    monkeypatch.setattr(volumes, "send", lambda *given: (sent.append(given), time.sleep(1), send(*given)))

    def bring(number: int) -> list[str]:
        driver, run = LibvirtDriver(Path("/nonexistent"), cloud.store), Run(registry, f"run {number}")
        found = driver.observe(Scope(frozenset(), {PLACE: cloud.daemon.uri})).objects
        steps = order(compare([image], found, {image.resource}), found)
        registry.write(lambda txn: run.acquire(txn, {f"instance {number}"}))
        both.wait()
        done = apply(steps, {"libvirt": driver}, lambda step: run.guard(step.shared()), lambda done: None)
        run.release()
        driver.close()
        return [item.error for item in done]

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(bring, range(2))) == [[""], [""]]
    assert len(sent) == 1
    registry.close()


def used_before(cloud: Cloud, image: ImageCopy, days: float) -> Path:
    """Make a copy look as if it had been in use so many days ago."""
    mark = path_of(cloud, image.name + COMPLETE)
    os.utime(mark, (time.time() - days * 86400,) * 2)
    return mark


def test_copies_that_nothing_uses_are_idle_after_a_while(cloud: Cloud) -> None:
    images = [cloud.image(), cloud.image(), cloud.image()]
    wanted = cloud.instance(images[0], power="stopped")
    cloud.converge([*wanted, *images[1:]])
    marks = [used_before(cloud, image, days) for image, days in zip(images, (40, 40, 20), strict=True)]
    hosts, month = {PLACE: cloud.daemon.uri}, 30 * 86400.0
    assert [item.name for item in cloud.driver.idle(hosts, {images[0].identity}, month)] == [images[1].name]
    assert time.time() - marks[0].stat().st_mtime < 3600, "what is in use is in use now"

    used_before(cloud, images[0], 40)
    idle = cloud.driver.idle(hosts, (), month)
    assert [item.name for item in idle] == [images[1].name], "a disk starts from the first"
    cloud.driver.apply([Change(Action.DELETE, item, before=item) for item in idle])
    assert cloud.differences([*wanted, images[2]]) == []
    assert cloud.driver.idle({"gone": "qemu+unix:///system?socket=/nonexistent"}, (), month) == []


def test_a_disk_whose_image_went_says_so(cloud: Cloud) -> None:
    wanted = cloud.instance(cloud.image())
    cloud.observe(wanted)
    with pytest.raises(Temporary, match=f"{wanted[0].name}, which it starts from, went from host {PLACE}"):
        cloud.driver.apply([Change(Action.CREATE, wanted[1])])


def test_an_image_that_is_damaged_in_the_store_is_refused(cloud: Cloud) -> None:
    image = cloud.image()
    with (cloud.store / image.source).open("r+b") as file:
        file.write(b"x")
    with pytest.raises(Refused, match=f"damaged in the image store; remove {cloud.store}/{image.source}"):
        cloud.converge([image])
    [change] = cloud.differences([image])
    assert change.action is Action.CREATE


def test_an_image_that_arrives_damaged_is_not_used(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    image = cloud.image()
    read = transfers._read
    with monkeypatch.context() as patch:
        patch.setattr(transfers, "_read", lambda *given: bytes(len(read(*given))))
        with pytest.raises(Temporary, match="arrived on host compute1 damaged"):
            cloud.converge([image])
    cloud.converge([image])
    assert path_of(cloud, image.name).read_bytes() == (cloud.store / image.source).read_bytes()
    assert cloud.differences([image]) == []


def test_a_slow_transfer_tells_how_far_it_is(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "SILENT_S", 0.0)
    monkeypatch.setattr(transfers, "EVERY_S", 0.0)
    lines: list[str] = []
    driver = LibvirtDriver(Path("/nonexistent"), cloud.store, lines.append)
    driver.observe(Scope(frozenset(), {PLACE: cloud.daemon.uri}))
    image = dataclasses.replace(cloud.image(os.urandom(4 * MIB)), title="debian")
    driver.apply([Change(Action.CREATE, image)])
    driver.close()
    assert lines[0] == "image debian to host compute1: 0 of 4 MiB (0 %)"
    assert "image debian to host compute1: 4 of 4 MiB (100 %)" in lines
    assert lines[-1] == "image debian on host compute1, checksum: 4 of 4 MiB (100 %)"


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
