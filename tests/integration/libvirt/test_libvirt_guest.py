# SPDX-License-Identifier: Apache-2.0
"""A guest with an operating system: it reads its config drive, lets go of devices and shuts down when asked to."""

import dataclasses
import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from hypervisor import MIB, PLACE, Cloud, changed, domain_of, eventually

from stackwright.drivers.libvirt.objects import ConfigDrive, Disk, Nic, config_drive_name
from stackwright.engine.objects import Object

IMAGE = Path("/var/cache/stackwright-lab/images/guest.qcow2")


@dataclasses.dataclass
class Guest:
    cloud: Cloud
    wanted: list[Object]

    @property
    def uid(self) -> str:
        return domain_of(self.wanted).name

    def console(self) -> str:
        return self.cloud.driver.console(PLACE, self.cloud.daemon.uri, self.uid, 1000)

    def power(self) -> str:
        return self.cloud.daemon.virsh("domstate", self.uid)

    def converge(self, **fields: Any) -> None:
        self.wanted = changed(self.wanted, **fields)
        self.cloud.converge(self.wanted)
        assert self.cloud.differences(self.wanted) == []


@pytest.fixture
def guest(cloud: Cloud) -> Guest:
    assert IMAGE.is_file(), f"{IMAGE} is missing: ./dev lab up builds it"
    with IMAGE.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    shutil.copy(IMAGE, cloud.store / checksum)
    wanted = cloud.instance(cloud.copy_of(checksum), image_format="qcow2", memory=192)
    uid = domain_of(wanted).name
    meta = json.dumps({"uuid": uid, "hostname": "reads-its-drive", "public_keys": {}})
    files = (("openstack/latest/meta_data.json", meta),)
    drive = ConfigDrive(place=PLACE, name=config_drive_name(uid, files), resource=uid, files=files)
    disks = (domain_of(wanted).disks[0], Disk("sda", drive.name, cdrom=True))
    wanted = [drive if isinstance(item, ConfigDrive) else item for item in changed(wanted, disks=disks)]
    guest = Guest(cloud, changed(wanted, capacity=256 * MIB))
    guest.converge()
    eventually(lambda: f"guest: reads-its-drive {uid}" in guest.console())
    return guest


def test_a_guest_follows(guest: Guest) -> None:
    """One guest for all of it, because booting takes the most time."""
    before = guest.cloud.daemon.virsh("domid", guest.uid)
    _a_detached_nic_is_plugged_in_again(guest)
    _a_second_nic_is_plugged_in_and_out(guest)
    _a_drive_is_emptied_by_hand(guest)
    assert guest.cloud.daemon.virsh("domid", guest.uid) == before
    _it_shuts_down_when_asked(guest)


def _a_detached_nic_is_plugged_in_again(guest: Guest) -> None:
    mac = domain_of(guest.wanted).nics[0].mac
    guest.cloud.daemon.virsh("detach-interface", guest.uid, "bridge", "--mac", mac, "--live")
    eventually(lambda: bool(guest.cloud.differences(guest.wanted)))
    [change] = guest.cloud.differences(guest.wanted)
    assert change.fields == {"nics"}
    guest.converge()


def _a_second_nic_is_plugged_in_and_out(guest: Guest) -> None:
    first = domain_of(guest.wanted).nics
    second = Nic("6f3c1c9e-3d8b-4d3e-9d2c-0b8f4c1d2e3f", "fa:16:3e:00:00:02", 1450)
    guest.converge(nics=(*first, second))
    guest.converge(nics=first)
    guest.converge(nics=(dataclasses.replace(first[0], mtu=1300),))


def _a_drive_is_emptied_by_hand(guest: Guest) -> None:
    guest.cloud.daemon.virsh("change-media", guest.uid, "sda", "--eject", "--live")
    [change] = guest.cloud.differences(guest.wanted)
    assert change.fields == {"disks"}
    guest.converge()


def _it_shuts_down_when_asked(guest: Guest) -> None:
    guest.cloud.daemon.virsh("shutdown", guest.uid)
    eventually(lambda: guest.power() == "shut off")
    as_is = changed(guest.wanted, power="as_is")
    assert guest.cloud.differences(as_is) == []
    guest.converge(power="running")
    eventually(lambda: guest.console().count("guest: reads-its-drive") == 2)
    began = time.monotonic()
    guest.converge(power="stopped")
    assert time.monotonic() - began < 25
