# SPDX-License-Identifier: Apache-2.0
"""Guests that are off, and their disks, on their way between two real libvirtds."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest
from hypervisor import OTHER, PLACE, Cloud, Daemon, changed, domain_of

from stackwright.drivers.libvirt import volumes
from stackwright.drivers.libvirt.objects import CONSOLE_POOL, POOL
from stackwright.engine.errors import Temporary
from stackwright.engine.objects import Action, Object
from stackwright.engine.order import order

MARK = 0x5A


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volumes, "RECOGNISE_S", 0.5)


def guest_that_wrote(cloud: Cloud) -> list[Object]:
    """A guest that is off, and what it wrote is on a disk with nothing beneath it."""
    wanted = changed(cloud.instance(cloud.image(), power="stopped"), backing="")
    cloud.converge(wanted)
    qemu_io(root(cloud.daemon, wanted), f"write -P {MARK:#x} 2M 4k")
    return wanted


def root(daemon: Daemon, wanted: list[Object]) -> Path:
    return daemon.folder / POOL / f"{domain_of(wanted).name}_root"


def qemu_io(disk: Path, command: str) -> None:
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, disk], check=True, capture_output=True)


def there(wanted: list[Object]) -> list[Object]:
    return [dataclasses.replace(item, place=OTHER) for item in wanted]


def has_the_mark(disk: Path) -> bool:
    command = ["qemu-io", "-f", "qcow2", "-c", f"read -P {MARK:#x} 2M 4k", disk]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_a_disk_that_arrives_in_a_busy_pool_is_not_taken_for_a_broken_one(two_hosts: Cloud) -> None:
    here, other = two_hosts.daemon, two_hosts.other
    assert other
    wanted = guest_that_wrote(two_hosts)
    with other.at_work(), pytest.raises(Temporary, match=f"{OTHER} does not take .*_root for a qcow2 file yet"):
        two_hosts.converge(there(wanted))
    assert has_the_mark(root(here, wanted))
    for _look in range(2):
        two_hosts.converge(there(wanted))
    assert two_hosts.differences(there(wanted)) == []
    assert has_the_mark(root(other, wanted))
    assert not root(here, wanted).exists()


def test_a_disk_is_left_where_it_was_while_the_guest_has_none_that_is_whole(two_hosts: Cloud) -> None:
    here, other = two_hosts.daemon, two_hosts.other
    assert other
    wanted = guest_that_wrote(two_hosts)
    definition = two_hosts.store / "guest.xml"
    definition.write_text(here.virsh("dumpxml", domain_of(wanted).name))
    other.virsh("define", str(definition))
    other.virsh("vol-create-as", POOL, root(other, wanted).name, "1M", "--format", "raw")
    with pytest.raises(Temporary, match=f"{OTHER} does not take .*_root for a qcow2 file yet"):
        two_hosts.converge(there(wanted))
    assert has_the_mark(root(here, wanted))


def test_a_disk_that_libvirt_has_not_looked_at_is_not_made_anew(cloud: Cloud) -> None:
    wanted = guest_that_wrote(cloud)
    disk = root(cloud.daemon, wanted)
    content = disk.read_bytes()
    with cloud.daemon.at_work():
        cloud.daemon.virsh("vol-delete", disk.name, POOL)
        cloud.daemon.virsh("vol-create-as", POOL, disk.name, "1M", "--format", "raw")
        disk.write_bytes(content)
        [change] = cloud.differences(wanted)
        assert (change.loses, change.before and change.before.whole()) == ("", False)
        with pytest.raises(Temporary, match=f"{PLACE} does not look at its storage pool"):
            cloud.converge(wanted)
    with pytest.raises(Temporary, match="_root for unfinished, and it is whole; run this again"):
        cloud.converge(wanted)
    assert cloud.differences(wanted) == []
    assert has_the_mark(disk)


def test_the_console_log_does_not_stay_behind(two_hosts: Cloud) -> None:
    wanted = guest_that_wrote(two_hosts)
    log = log_of(two_hosts.daemon, wanted)
    log.touch()
    two_hosts.converge(there(wanted))
    assert not log.exists()


def test_a_log_that_a_killed_move_left_goes_with_the_disk_that_it_left(two_hosts: Cloud) -> None:
    wanted = guest_that_wrote(two_hosts)
    move_and_die(two_hosts, there(wanted))
    log = log_of(two_hosts.daemon, wanted)
    log.touch()
    two_hosts.converge(there(wanted))
    assert two_hosts.differences(there(wanted)) == []
    assert not log.exists()


def test_a_log_stays_when_only_a_disk_of_the_guest_goes(cloud: Cloud) -> None:
    wanted = guest_that_wrote(cloud)
    log = log_of(cloud.daemon, wanted)
    log.touch()
    older = root(cloud.daemon, wanted).name + "-1"
    cloud.daemon.virsh("vol-create-as", POOL, older, "1M", "--format", "qcow2")
    cloud.converge(wanted)
    assert older not in cloud.daemon.volumes()
    assert log.exists()


def log_of(daemon: Daemon, wanted: list[Object]) -> Path:
    return daemon.folder / CONSOLE_POOL / f"{domain_of(wanted).name}.log"


def move_and_die(cloud: Cloud, wanted: list[Object]) -> None:
    """As a run that is killed before it has removed what is left behind."""
    for step in order(cloud.differences(wanted), cloud.observe(wanted)):
        cloud.driver.apply([change for change in step.changes if change.action is not Action.DELETE])
