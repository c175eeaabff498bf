# SPDX-License-Identifier: Apache-2.0
"""What hosts hold for networks without OVN, as plain values. Knows neither libvirt nor nftables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from stackwright.engine.objects import Identity, Object, rule


@dataclass(frozen=True, kw_only=True)
class LegacyObject(Object):
    """Something on one host."""

    driver: ClassVar[str] = "legacy"


@dataclass(frozen=True, kw_only=True)
class Bridge(LegacyObject):
    """A network on a host that has a guest on it: a libvirt network. Its name is the network's id.

    segment: its number, the same on all hosts. gateway, prefix, mac: the host's own address on it.
    options: what DHCP hands out, as dnsmasq writes it. active: False for one that is defined and not there.
    """

    shared: ClassVar[bool] = True

    title: str = rule(default="", ignore=True)
    segment: int
    gateway: str
    prefix: int
    mac: str
    mtu: int
    options: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Reservation(LegacyObject):
    """The address that DHCP gives to a guest. Its name is the network card's MAC, its resource the instance."""

    network: str = rule(replace=True)
    address: str

    def needs(self) -> Iterable[Identity]:
        """The network that it is a part of."""
        return [Identity("Bridge", self.place, self.network)]


@dataclass(frozen=True, kw_only=True)
class Firewall(LegacyObject):
    """The frame of a host's packet filter, which the role writes; only learned from, or written again."""

    batch: ClassVar[bool] = True

    intact: bool = True


@dataclass(frozen=True, kw_only=True)
class Group(LegacyObject):
    """A security group, on every host. ingress, egress: what it allows, as nft prints it."""

    batch: ClassVar[bool] = True
    shared: ClassVar[bool] = True

    ingress: tuple[str, ...] = ()
    egress: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Member(LegacyObject):
    """An address that belongs to a security group, on every host: rules of groups name groups."""

    batch: ClassVar[bool] = True
    spread: ClassVar[bool] = True

    group: str
    address: str


def member_name(group: str, address: str) -> str:
    """A group has an address once."""
    return f"{group} {address}"


@dataclass(frozen=True, kw_only=True)
class Guard(LegacyObject):
    """What stands before a guest's network card: only what its groups allow passes. Its name is the port's id.

    open: nothing does. Such a guest is known here all the same, for its floating IP.
    """

    batch: ClassVar[bool] = True

    address: str
    groups: tuple[str, ...] = ()
    open: bool = False

    def needs(self) -> Iterable[Identity]:
        """The groups."""
        return [Identity("Group", self.place, group) for group in self.groups]


@dataclass(frozen=True, kw_only=True)
class SourceNat(LegacyObject):
    """A range of addresses that is hidden behind its host's own, on every host. Its name is the range."""

    batch: ClassVar[bool] = True
    spread: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Floating(LegacyObject):
    """An outside address that leads to a guest, on every host. Its name is that address.

    answered: the host that has the guest answers for it, and no other one does; each host sees to that by itself.
    """

    batch: ClassVar[bool] = True
    spread: ClassVar[bool] = True

    address: str
    answered: bool = True
