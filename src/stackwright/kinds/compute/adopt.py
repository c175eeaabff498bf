# SPDX-License-Identifier: Apache-2.0
"""Adopted instances: guests that others made, which are ours to switch on and off, and else stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.engine.errors import Conflict, InvalidInput, Temporary
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Spec

MADE = ("image", "flavor", "networks", "keypair", "security_groups", "user_data", "metadata", "floating_ip")
PLACED = ("availability_zone", "server_group", "hostname", "personality", "resize", "shelved", "rebuilds")


class AdoptedDisk(Spec):
    """A disk where it was found. source: a path, or what else says where it is."""

    target: str
    source: str


class AdoptedNic(Spec):
    """A network card as it was found. source: the bridge or network that it is on."""

    mac_address: str
    source: str


class Adopted(Spec):
    """What was found of a guest when it was adopted. ram in MiB. id: its UUID in libvirt, and so the instance's id."""

    id: str
    vcpus: int
    ram: int
    disks: list[AdoptedDisk] = []
    nics: list[AdoptedNic] = []


def decided(wish: Resource, allocator: Allocator) -> dict[str, Any]:
    """The spec as it is recorded. Raises InvalidInput for what would change more than power or words about it."""
    row = allocator.get(wish.id)
    before: Mapping[str, Any] = row.spec if row.wanted else {}
    if before and not before.get("adopted"):
        raise Conflict(f"instance {wish.name} is there and was made here; choose another name for {wish.spec['adopt']}")
    for name in ("adopt", "host"):
        if before and wish.spec[name] != before.get(name):
            raise InvalidInput(
                f"instance {wish.name} is adopted, and its {name} stays; to adopt it anew, delete it first"
            )
    given = next((name for name in (*MADE, *PLACED) if wish.spec[name]), "")
    if given:
        raise InvalidInput(f"instance {wish.name} is adopted and stays as it was made; leave {given} out")
    adopted = before.get("adopted") or wish.spec["adopted"]
    if not adopted or adopted["id"] != wish.id:
        raise Temporary(f"instance {wish.name}: another of that name is not gone yet; run this again when it is")
    reboots = max(wish.spec["reboots"], before.get("reboots", 0))
    return {**wish.spec, "adopted": adopted, "networks": [], "config_drive": False, "reboots": reboots}


def attributes(adopted: Adopted) -> dict[str, Any]:
    """What is told of it and counts for its project; its disks are nobody's business here."""
    size = {"vcpus": adopted.vcpus, "ram": adopted.ram, "root_gib": 0, "ephemeral_gib": 0}
    return {"nics": [], **size, "started": True}
