# SPDX-License-Identifier: Apache-2.0
"""What OVN's northbound database holds of ours, as plain values. No OVSDB library is imported here.

None of them states `needs`: all that a step changes in OVN is one transaction, which the driver orders.
Lists are sorted tuples, so that an order without meaning is never a difference.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from stackwright.engine.objects import Object, rule

FROM_PORT = "from-lport"
TO_PORT = "to-lport"


@dataclass(frozen=True, kw_only=True)
class OvnObject(Object):
    """A row that is marked as ours. title: the name that its user gave, for people who look there."""

    driver: ClassVar[str] = "ovn"
    batch: ClassVar[bool] = True

    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Switch(OvnObject):
    """A network. Its name is the network's id."""


@dataclass(frozen=True, kw_only=True)
class SwitchPort(OvnObject):
    """A port of a switch. A guest's is named by the port's id, which is the `interfaceid` on the host.

    type: '' for a guest, `router` or `localnet`.
    dhcp: name of the `DhcpOptions` that answer it, '' for none.
    groups: ids of its security groups.
    filtered: whether everything is dropped that no security group allows.
    expects_up: somebody is about to plug it in, so `settle` waits for that.
    """

    switch: str = rule(replace=True)
    type: str = ""
    addresses: tuple[str, ...] = ()
    port_security: tuple[str, ...] = ()
    options: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    tag: int | None = None
    dhcp: str = ""
    groups: tuple[str, ...] = ()
    filtered: bool = False
    enabled: bool = True
    expects_up: bool = rule(default=False, ignore=True)


@dataclass(frozen=True, kw_only=True)
class DhcpOptions(OvnObject):
    """What OVN's own DHCP answers in a subnet. Its name is the subnet's id."""

    cidr: str
    options: Mapping[str, str] = dataclasses.field(hash=False)


@dataclass(frozen=True, kw_only=True)
class PortGroup(OvnObject):
    """A security group. Its members are stated by the ports, so that one port's change is not everybody's."""


@dataclass(frozen=True, kw_only=True)
class Acl(OvnObject):
    """A rule of a port group. It is named by its content, so that adding a rule adds one row."""

    group: str
    direction: str
    match: str
    priority: int
    action: str


@dataclass(frozen=True, kw_only=True)
class Router(OvnObject):
    """A router. Its name is the router's id."""


@dataclass(frozen=True, kw_only=True)
class RouterPort(OvnObject):
    """A leg of a router. gateway: it is scheduled on exactly the chassis that are enabled as gateways."""

    router: str = rule(replace=True)
    mac: str
    networks: tuple[str, ...]
    gateway: bool = False


@dataclass(frozen=True, kw_only=True)
class StaticRoute(OvnObject):
    """A route of a router."""

    router: str
    prefix: str
    nexthop: str
    output_port: str = ""


@dataclass(frozen=True, kw_only=True)
class Nat(OvnObject):
    """An address translation of a router. type: `snat` or `dnat_and_snat`."""

    router: str
    type: str
    external_ip: str
    logical_ip: str


def group_name(security_group: str) -> str:
    """The port group of a security group. Its address sets are this with `_ip4` and `_ip6`."""
    return "pg_" + security_group.replace("-", "_")


def acl_name(group: str, direction: str, match: str) -> str:
    """What makes a rule the same one."""
    return f"{group} {direction} {match}"


def route_name(router: str, prefix: str) -> str:
    """A router has one route to a prefix."""
    return f"{router} {prefix}"


def nat_name(router: str, kind: str, external_ip: str, logical_ip: str) -> str:
    """A floating address leads to one place; a subnet hides behind one address."""
    return f"{router} {kind} {logical_ip if kind == 'snat' else external_ip}"


def gateway_port(router: str) -> str:
    """The leg of a router that leads outside."""
    return f"lrp-{router}-gateway"


def acl(group: str, direction: str, match: str, *, priority: int, action: str, resource: str, title: str) -> Acl:
    """A rule with the name that its content gives it."""
    return Acl(
        name=acl_name(group, direction, match),
        group=group,
        direction=direction,
        match=match,
        priority=priority,
        action=action,
        resource=resource,
        title=title,
    )
