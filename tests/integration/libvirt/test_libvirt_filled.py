# SPDX-License-Identifier: Apache-2.0
"""Disks that begin with the content of an image all by themselves, on a real libvirtd."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypervisor import MIB, Cloud, domain_of

from stackwright.drivers.libvirt.objects import POOL, ImageCopy, Volume
from stackwright.engine.objects import Action, Object

CONTENT = b"what a guest wrote".ljust(4096, b".")


def filled(cloud: Cloud) -> list[Object]:
    """The wish for a guest that is off, on a disk made of an image of what another wrote."""
    image = cloud.image(CONTENT, image_format="qcow2")
    return [
        dataclasses.replace(item, content=image.name) if isinstance(item, Volume) else item
        for item in cloud.instance(cloud.image(), power="stopped")
    ] + [image]


def disk_of(cloud: Cloud, wanted: list[Object]) -> Path:
    return cloud.daemon.folder / POOL / f"{domain_of(wanted).name}_root"


def info(disk: Path) -> dict[str, Any]:
    done = subprocess.run(["qemu-img", "info", "--output", "json", disk], check=True, capture_output=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def content(disk: Path) -> bytes:
    raw = disk.with_suffix(".raw")
    subprocess.run(["qemu-img", "convert", "-O", "raw", disk, raw], check=True)
    found = raw.read_bytes()
    raw.unlink()
    return found


def test_it_has_the_content_and_the_size_and_nothing_beneath(cloud: Cloud) -> None:
    wanted = filled(cloud)
    cloud.converge(wanted)
    disk = disk_of(cloud, wanted)
    assert content(disk).startswith(CONTENT)
    assert (info(disk)["virtual-size"], "backing-filename" in info(disk)) == (64 * MIB, False)
    assert cloud.differences(wanted) == []
    assert not disk.with_name(f"{disk.name}.partial").exists()


def test_it_stays_when_its_image_goes(cloud: Cloud) -> None:
    wanted = filled(cloud)
    cloud.converge(wanted)
    *rest, image = wanted
    cloud.converge(rest, frozenset({image.resource}))
    assert content(disk_of(cloud, wanted)).startswith(CONTENT)
    left = [dataclasses.replace(item, content="") if isinstance(item, Volume) else item for item in rest]
    assert cloud.differences(left) == []


@pytest.mark.parametrize("begun", [True, False])
def test_one_that_was_not_filled_to_the_end_is_filled_again(cloud: Cloud, begun: bool) -> None:
    wanted = filled(cloud)
    cloud.converge(wanted)
    disk = disk_of(cloud, wanted)
    disk.unlink()
    cloud.daemon.virsh("pool-refresh", POOL)
    cloud.daemon.virsh("vol-create-as", POOL, f"{disk.name}.partial", "0", "--format", "raw")
    if begun:  # a disk by its header, without all of its content
        cloud.daemon.virsh("vol-create-as", POOL, disk.name, str(4 * MIB), "--format", "qcow2")
    [change] = [change for change in cloud.differences(wanted) if isinstance(change.object, Volume)]
    assert (change.action, change.loses) == (Action.UPDATE, "")
    cloud.converge(wanted)
    assert content(disk).startswith(CONTENT)
    assert cloud.differences(wanted) == []
    assert not disk.with_name(f"{disk.name}.partial").exists()


def test_what_was_begun_goes_with_its_instance(cloud: Cloud) -> None:
    wanted = filled(cloud)
    name = f"{domain_of(wanted).name}_root.partial"
    cloud.converge([item for item in wanted if isinstance(item, ImageCopy)])
    cloud.daemon.virsh("vol-create-as", POOL, name, "0", "--format", "raw")
    cloud.converge([], frozenset(item.resource for item in wanted))
    assert cloud.daemon.volumes() == []
