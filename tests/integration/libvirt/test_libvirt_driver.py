# SPDX-License-Identifier: Apache-2.0
"""What the driver promises of instances, on a real libvirtd with real guests."""

import os
import uuid
from typing import Any

import pytest
from hypervisor import MIB, PLACE, Cloud, changed, domain_of

from stackwright.drivers.libvirt import observe, power
from stackwright.drivers.libvirt.objects import ConfigDrive, Disk, Hypervisor, config_drive_name
from stackwright.engine.errors import Conflict
from stackwright.engine.objects import Action, Object


def running(cloud: Cloud, **fields: Any) -> tuple[list[Object], str]:
    """An instance that runs, and its id."""
    wanted = cloud.instance(cloud.image(), **fields)
    cloud.converge(wanted)
    return wanted, domain_of(wanted).name


def test_an_instance_is_made_and_a_second_look_finds_nothing_to_do(cloud: Cloud) -> None:
    wanted = cloud.instance(cloud.image())
    made = cloud.converge(wanted)
    assert {change.action for change in made} == {Action.CREATE}
    assert cloud.daemon.virsh("domstate", domain_of(wanted).name) == "running"
    assert cloud.differences(wanted) == []


def test_deleting_leaves_nothing(cloud: Cloud) -> None:
    wanted, uid = running(cloud)
    changes = cloud.converge([], frozenset(item.resource for item in wanted))
    assert {change.action for change in changes} == {Action.DELETE}
    assert cloud.daemon.volumes() == []
    assert cloud.daemon.consoles() == []
    assert uid not in cloud.daemon.virsh("list", "--all", "--uuid")
    assert cloud.differences([], frozenset(item.resource for item in wanted)) == []


@pytest.mark.parametrize("is_running", [True, False])
def test_a_disk_grows_whether_the_guest_runs_or_not(cloud: Cloud, is_running: bool) -> None:
    wanted, uid = running(cloud, power="running" if is_running else "stopped")
    larger = changed(wanted, capacity=96 * MIB)
    assert [change.action for change in cloud.converge(larger)] == [Action.UPDATE]
    assert cloud.differences(larger) == []
    volume = cloud.daemon.virsh("vol-dumpxml", "--pool", "stackwright", f"{uid}_root")
    assert f"<capacity unit='bytes'>{96 * MIB}</capacity>" in volume


def test_growing_a_disk_does_not_disturb_the_guest(cloud: Cloud) -> None:
    wanted, uid = running(cloud)
    before = cloud.daemon.virsh("domid", uid)
    cloud.converge(changed(wanted, capacity=96 * MIB))
    assert cloud.daemon.virsh("domid", uid) == before
    assert "100663296" in cloud.daemon.virsh("domblkinfo", uid, "vda")


def test_a_disk_that_shrinks_is_made_anew_and_says_so(cloud: Cloud) -> None:
    wanted, uid = running(cloud)
    smaller = changed(wanted, capacity=32 * MIB)
    [change] = cloud.differences(smaller)
    assert "content" in change.loses
    cloud.converge(smaller)
    assert cloud.differences(smaller) == []
    assert cloud.daemon.virsh("domstate", uid) == "running"


def test_a_guest_killed_behind_our_back_is_started_again(cloud: Cloud) -> None:
    wanted, uid = running(cloud)
    wanted = changed(wanted, power="as_is")
    cloud.daemon.virsh("destroy", uid)
    [change] = cloud.differences(wanted)
    assert (change.action, change.differences[0].before) == (Action.UPDATE, "lost")
    cloud.converge(wanted)
    assert cloud.daemon.virsh("domstate", uid) == "running"
    assert cloud.differences(wanted) == []


@pytest.mark.parametrize("still_running", [True, False])
def test_an_undefined_guest_is_defined_again(cloud: Cloud, still_running: bool) -> None:
    wanted, uid = running(cloud)
    wanted = changed(wanted, power="as_is")
    before = cloud.daemon.virsh("domid", uid)
    if not still_running:
        cloud.daemon.virsh("destroy", uid)
    cloud.daemon.virsh("undefine", uid)
    assert [change.action for change in cloud.converge(wanted)] == [Action.UPDATE if still_running else Action.CREATE]
    assert uid in cloud.daemon.virsh("list", "--persistent", "--uuid")
    assert (cloud.daemon.virsh("domid", uid) == before) is still_running
    assert cloud.differences(wanted) == []


def test_size_changes_wait_for_the_next_start(cloud: Cloud) -> None:
    wanted, uid = running(cloud)
    wanted = changed(wanted, vcpus=2, memory=96)
    cloud.converge(wanted)
    assert cloud.differences(wanted) == []
    assert "<memory unit='KiB'>65536" in cloud.daemon.virsh("dumpxml", uid)
    smaller = changed(wanted, vcpus=1, memory=80)
    cloud.converge(smaller)
    assert cloud.differences(smaller) == []


def test_stopping_waits_and_then_switches_off(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "SHUTDOWN_S", 0.5)
    wanted, uid = running(cloud)
    off = changed(wanted, power="stopped")
    cloud.converge(off)
    assert cloud.daemon.virsh("domstate", uid) == "shut off"
    assert cloud.differences(off) == []
    on = changed(wanted, power="running")
    cloud.converge(on)
    assert cloud.daemon.virsh("domstate", uid) == "running"


def test_an_instance_can_begin_switched_off(cloud: Cloud) -> None:
    wanted, uid = running(cloud, power="stopped")
    assert cloud.daemon.virsh("domstate", uid) == "shut off"
    assert cloud.differences(wanted) == []


def test_one_more_reboot_is_one_reboot(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "SHUTDOWN_S", 0.5)
    wanted, uid = running(cloud, reboots=3)
    before = cloud.daemon.virsh("domid", uid)
    again = changed(wanted, reboots=4, title="renamed")
    cloud.converge(again)
    assert cloud.daemon.virsh("domid", uid) != before
    assert cloud.differences(again) == []
    assert cloud.daemon.virsh("desc", "--title", uid) == "renamed"


def test_renaming_does_not_reboot(cloud: Cloud) -> None:
    wanted, uid = running(cloud, reboots=3)
    before = cloud.daemon.virsh("domid", uid)
    renamed = changed(wanted, title="a <b> & \"c\" 'd'", flavor='m1."small"')
    cloud.converge(renamed)
    assert cloud.daemon.virsh("domid", uid) == before
    assert cloud.differences(renamed) == []


def test_a_paused_guest_is_left_alone_until_it_is_to_run(cloud: Cloud) -> None:
    wanted, uid = running(cloud)
    cloud.daemon.virsh("suspend", uid)
    assert cloud.differences(changed(wanted, power="as_is")) == []
    cloud.converge(wanted)
    assert cloud.daemon.virsh("domstate", uid) == "running"


def with_drive(wanted: list[Object], text: str = "") -> list[Object]:
    """The same with this metadata on the config drive, or without one."""
    uid, root = domain_of(wanted).name, domain_of(wanted).disks[0]
    rest = [item for item in wanted if not isinstance(item, ConfigDrive)]
    if not text:
        return changed(rest, disks=(root,))
    files = (("openstack/latest/meta_data.json", text),)
    drive = ConfigDrive(place=PLACE, name=config_drive_name(uid, files), resource=uid, files=files)
    return [drive, *changed(rest, disks=(root, Disk("sda", drive.name, cdrom=True)))]


def test_a_config_drive_is_changed_removed_and_added_while_the_guest_runs(cloud: Cloud) -> None:
    wanted, uid = running(cloud)
    before = cloud.daemon.virsh("domid", uid)
    for text in ("one", "two", "", "one", "two"):
        wanted = with_drive(wanted, text)
        cloud.converge(wanted)
        assert cloud.differences(wanted) == []
        drives = [item.name for item in wanted if isinstance(item, ConfigDrive)]
        assert [name for name in cloud.daemon.volumes() if name.endswith(".iso")] == drives
        for side in ((), ("--inactive",)):
            assert cloud.daemon.virsh("domblklist", uid, *side).count("config") == len(drives)
    assert cloud.daemon.virsh("domid", uid) == before


def test_a_guest_that_is_not_ours_is_refused_and_survives(cloud: Cloud) -> None:
    wanted = cloud.instance(cloud.image())
    uid = domain_of(wanted).name
    cloud.foreign_guest("theirs", uid)
    with pytest.raises(Conflict, match="not ours"):
        cloud.converge(wanted)
    cloud.converge([], frozenset(item.resource for item in wanted))
    assert cloud.daemon.virsh("domstate", "theirs") == "running"


def test_a_guest_of_others_that_ends_meanwhile_does_not_hide_the_host(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.foreign_guest("brief", str(uuid.uuid4()))
    look = observe._hypervisor

    def ended_meanwhile(*arguments: Any) -> Hypervisor:
        cloud.daemon.virsh("undefine", "brief")
        cloud.daemon.virsh("destroy", "brief")
        return look(*arguments)

    monkeypatch.setattr(observe, "_hypervisor", ended_meanwhile)
    [host] = [item for item in cloud.observe([]) if isinstance(item, Hypervisor)]
    assert (host.foreign_vcpus, host.foreign_ram) == (0, 0)


def test_what_is_not_ours_survives_and_counts_against_the_capacity(cloud: Cloud) -> None:
    cloud.foreign_guest("theirs", str(uuid.uuid4()))
    others = (".stackwright-host", "theirs.qcow2", f"{uuid.uuid4()}_backup")
    for name in others:
        cloud.daemon.virsh("vol-create-as", "stackwright", name, "1M")
    wanted, _ = running(cloud)
    cloud.converge([], frozenset(item.resource for item in wanted))
    assert cloud.daemon.volumes() == sorted(others)
    assert cloud.daemon.virsh("domstate", "theirs") == "running"
    [host] = [item for item in cloud.observe([]) if isinstance(item, Hypervisor)]
    assert (host.foreign_vcpus, host.foreign_ram) == (2, 48)
    assert (host.vcpus, host.ram) == (os.cpu_count(), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB)
    assert host.disk > 0
    assert (host.domain_type, host.arch) == ("qemu", "x86_64")


def test_only_the_scope_is_looked_at(cloud: Cloud) -> None:
    mine, _ = running(cloud)
    other, _ = running(cloud)
    assert {item.resource for item in cloud.observe(mine)} & {domain_of(other).resource} == set()
    assert cloud.converge([], frozenset({domain_of(mine).resource}))
    assert cloud.differences(other) == []


def test_the_console_is_kept(cloud: Cloud) -> None:
    _, uid = running(cloud)
    log = cloud.daemon.folder / "stackwright-console" / f"{uid}.log"
    log.write_text("one\ntwo\nthree\n")
    assert cloud.driver.console(PLACE, cloud.daemon.uri, uid, 2) == "two\nthree"
    assert cloud.driver.console(PLACE, cloud.daemon.uri, str(uuid.uuid4()), 2) == ""


def test_a_lost_definition_of_a_nic_is_found_and_mended(cloud: Cloud) -> None:
    wanted, uid = running(cloud)
    mac = domain_of(wanted).nics[0].mac
    cloud.daemon.virsh("detach-interface", uid, "bridge", "--mac", mac, "--config")
    [change] = cloud.differences(wanted)
    assert change.differences[0].before[0].held == "running guest only"
    cloud.converge(wanted)
    assert cloud.differences(wanted) == []
