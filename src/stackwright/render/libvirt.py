# SPDX-License-Identifier: Apache-2.0
"""What hypervisors have to hold for hosts, images and instances. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stackwright.drivers.libvirt.objects import (
    AdoptedDomain,
    ConfigDrive,
    Disk,
    Domain,
    Hypervisor,
    ImageCopy,
    Nic,
    Power,
    Volume,
    config_drive_name,
    image_copy_name,
    root_name,
)
from stackwright.engine.objects import Object
from stackwright.engine.resource import Resource, View
from stackwright.kinds.compute.host import HostSpec
from stackwright.kinds.compute.instance import GIB, InstanceSpec
from stackwright.render.configdrive import files

Card = Callable[[Mapping[str, Any], View, bool], Nic]
CONTAINER = "lxc"
SEED = "/var/lib/cloud/seed/config_drive"
"""Where cloud-init looks for the content of a config drive that is no disk."""


def host(resource: Resource, view: View) -> Iterator[Object]:
    """Nothing is made on it for its own sake; it is asked what it has."""
    yield Hypervisor(place=resource.name, name=resource.name, resource=resource.id, uri=resource.spec["uri"])


def image(resource: Resource, view: View) -> Iterator[Object]:
    """Copies are made where an instance needs one, and go with the image."""
    yield from ()


def card(nic: Mapping[str, Any], view: View, offload: bool) -> Nic:
    """A network card at Open vSwitch, which knows it by its port."""
    return Nic(port=nic["port"], mac=nic["mac_address"], mtu=nic["mtu"], offload=offload)


def instance(resource: Resource, view: View, card: Card = card) -> Iterator[Object]:
    """A domain, its disks, its config drive, and the image that its disk starts from.

    card: where a network card plugs in, which the networks' backend says.
    """
    spec = InstanceSpec.of(resource)
    if spec.adopted:
        yield _adopted(resource, spec)
    if spec.adopted or spec.offloaded:
        return
    source = view.get(spec.image)
    copy = _image_copy(resource, source)
    name = root_name(resource.id, spec.rebuilds)
    root = _volume(resource, "root", name, copy.name, source.spec["disk_format"])
    container = view.host(resource.host).attributes.get("domain_type") == CONTAINER
    if container:  # nothing but a file that holds all of it can be mounted
        root = dataclasses.replace(root, backing="", backing_format="", content=copy.name)
    if spec.shelved:
        yield dataclasses.replace(root, kept=True)
        return
    parts: list[Object] = [copy]
    for shelf in view.children(resource.id, "image"):
        parts.append(_image_copy(resource, shelf))
        root = dataclasses.replace(root, content=parts[-1].name)
    parts.append(root)
    disks = [Disk(target="/", volume=name) if container else _disk(resource, "vda", "root", name)]
    if resource.attributes["ephemeral_gib"]:
        name = f"{resource.id}_ephemeral"
        parts.append(_volume(resource, "ephemeral", name))
        disks.append(_disk(resource, "vdb", "ephemeral", name))
    if spec.config_drive:
        drive = _config_drive(resource, view, short=container)
        parts.append(drive)
        disks.append(Disk(target=SEED if container else "sda", volume=drive.name, cdrom=True))
    yield from parts
    # A container's card has no setting for checksums.
    offload = container or HostSpec.of(view.host(resource.host)).checksum_offload
    cards = tuple(card(nic, view, offload) for nic in resource.attributes["nics"])
    yield _domain(resource, spec, view, tuple(disks), cards)


def _adopted(resource: Resource, spec: InstanceSpec) -> AdoptedDomain:
    """A guest that others made: only its power is ours."""
    return AdoptedDomain(
        name=resource.id,
        called=spec.adopt or "",
        project=resource.project,
        power=spec.power or "as_is",
        reboots=spec.reboots,
        **_mark(resource),
    )


def _mark(resource: Resource) -> dict[str, Any]:
    return {"place": resource.host, "resource": resource.id}


def _image_copy(resource: Resource, source: Resource) -> ImageCopy:
    checksum = source.spec["checksum"]
    name = image_copy_name(source.id, checksum)
    return ImageCopy(place=resource.host, name=name, resource=source.id, source=checksum, title=source.name)


def _volume(resource: Resource, use: str, name: str, backing: str = "", backing_format: str = "") -> Volume:
    return Volume(
        name=name,
        capacity=resource.attributes[f"{use}_gib"] * GIB,
        backing=backing,
        backing_format=backing_format,
        **_mark(resource),
    )


def _disk(resource: Resource, target: str, use: str, name: str) -> Disk:
    """The serial is what the guest finds the disk by, whatever it calls it; 20 characters are all it sees."""
    return Disk(target=target, volume=name, serial=f"{resource.id[:8]}-{use}")


def _config_drive(resource: Resource, view: View, *, short: bool) -> ConfigDrive:
    content = files(resource, view)
    return ConfigDrive(name=config_drive_name(resource.id, content, short=short), files=content, **_mark(resource))


def _domain(
    resource: Resource, spec: InstanceSpec, view: View, disks: tuple[Disk, ...], nics: tuple[Nic, ...]
) -> Domain:
    has = resource.attributes
    return Domain(
        name=resource.id,
        title=resource.name,
        project=resource.project,
        flavor=view.get(spec.flavor).name,
        vcpus=has["vcpus"],
        memory=has["ram"],
        disks=disks,
        nics=nics,
        power=_power(resource, spec),
        reboots=spec.reboots,
        rebuilds=spec.rebuilds,
        **_mark(resource),
    )


def _power(resource: Resource, spec: InstanceSpec) -> Power:
    """It is started once, when it is created; from then on only what was asked for changes it."""
    if spec.power:
        return spec.power
    return "as_is" if resource.attributes.get("started") else "running"


RENDER = {"host": host, "image": image, "instance": instance}
