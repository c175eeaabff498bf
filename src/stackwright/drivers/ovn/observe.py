# SPDX-License-Identifier: Apache-2.0
"""Turn rows of the northbound database into objects. Reads only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from stackwright.drivers.ovn.dropping import DROP_GROUP, DROP_OBJECTS, SHARED
from stackwright.drivers.ovn.objects import (
    Acl,
    DhcpOptions,
    Nat,
    OvnObject,
    RouterPort,
    StaticRoute,
    SwitchPort,
)
from stackwright.drivers.ovn.tables import (
    GATEWAY,
    GATEWAY_MARK,
    MARK,
    PLACES,
    TITLE,
    Row,
    Rows,
    resource_of,
    value,
)
from stackwright.engine.compare import compare
from stackwright.engine.objects import Change


def gateway_priorities(port: str, chassis: Collection[str]) -> dict[str, int]:
    """Chassis -> priority for one router port: stable, and another first choice for each port."""
    order = sorted(chassis, key=lambda name: hashlib.sha256(f"{port} {name}".encode()).digest())
    return {name: index + 1 for index, name in enumerate(order)}


def well_scheduled(port: str, gateway: bool, present: Mapping[str, int], enabled: Collection[str]) -> bool:
    """Whether a router port is on the chassis that it should be on. While none is there to move to, it stays."""
    if not gateway:
        return not present
    return bool(present) and (not enabled or present == gateway_priorities(port, enabled))


class Reader:
    """Reads objects from an index over the database.

    gateways: names of the chassis that are enabled as gateways.
    """

    def __init__(self, rows: Rows, gateways: Collection[str]) -> None:
        self._rows = rows
        self._gateways = gateways
        security_groups = rows.tables["Port_Group"].rows.values()
        self._security_groups = {
            value(row, "name"): value(row, "external_ids").get(MARK, "") for row in security_groups
        }
        self._dropping = not self.drop_changes()

    def objects(self, covers: Callable[[str], bool]) -> Iterator[OvnObject]:
        """What belongs to covered resources."""
        for of, place in PLACES.items():
            for row in self._rows.tables[place.table].rows.values():
                resource = resource_of(row)
                if resource and resource != SHARED and covers(resource):
                    yield self._object(of, row)

    def drop_changes(self) -> list[Change]:
        """What is wrong with the group that drops what nobody allows."""
        rows = ((type(item), self._rows.found.get((type(item), item.name))) for item in DROP_OBJECTS)
        found = [self._object(of, row) for of, row in rows if row is not None and resource_of(row) == SHARED]
        return compare(DROP_OBJECTS, found, ())

    def _object(self, of: type[OvnObject], row: Row) -> OvnObject:
        marks = value(row, "external_ids")
        return of(
            name=self._rows.name(of, row),
            resource=marks[MARK],
            title=marks.get(TITLE, ""),
            **_FIELDS[of](self, row) if of in _FIELDS else {},
        )

    def switch_port(self, row: Row) -> dict[str, Any]:
        """Fields of a port; its groups are looked up from the groups' side."""
        groups = self._rows.groups.get(row.uuid, set())
        return {
            "switch": self._rows.holder.get(row.uuid, ""),
            "type": value(row, "type"),
            "addresses": _sorted(row, "addresses"),
            "port_security": _sorted(row, "port_security"),
            "options": value(row, "options"),
            "tag": _optional(row, "tag"),
            "dhcp": self._dhcp(row),
            "groups": tuple(sorted(owner for name in groups if (owner := self._owner(name)))),
            "filtered": self._dropping and DROP_GROUP in groups,
            "enabled": _optional(row, "enabled") is not False,
        }

    def router_port(self, row: Row) -> dict[str, Any]:
        """Fields of a leg. With a wrong choice of chassis, it is not what it is marked to be."""
        marked = value(row, "external_ids").get(GATEWAY) == GATEWAY_MARK[True]
        right = well_scheduled(value(row, "name"), marked, self._rows.chassis(row), self._gateways)
        return {
            "router": self._rows.holder.get(row.uuid, ""),
            "mac": value(row, "mac"),
            "networks": _sorted(row, "networks"),
            "gateway": marked if right else not marked,
        }

    def acl(self, row: Row) -> dict[str, Any]:
        """Fields of a rule."""
        fields = {column: value(row, column) for column in ("direction", "match", "priority", "action")}
        return {"group": self._rows.holder.get(row.uuid, ""), **fields}

    def static_route(self, row: Row) -> dict[str, Any]:
        """Fields of a route."""
        return {
            "router": self._rows.holder.get(row.uuid, ""),
            "prefix": value(row, "ip_prefix"),
            "nexthop": value(row, "nexthop"),
            "output_port": _optional(row, "output_port") or "",
        }

    def nat(self, row: Row) -> dict[str, Any]:
        """Fields of a translation."""
        fields = {column: value(row, column) for column in ("type", "external_ip", "logical_ip")}
        return {"router": self._rows.holder.get(row.uuid, ""), **fields}

    def dhcp_options(self, row: Row) -> dict[str, Any]:
        """Fields of what DHCP answers."""
        return {"cidr": value(row, "cidr"), "options": value(row, "options")}

    def _owner(self, group: str) -> str:
        owner: str = self._security_groups[group]
        return "" if owner == SHARED else owner

    def _dhcp(self, row: Row) -> str:
        options = self._rows.tables["DHCP_Options"].rows.get(_optional(row, "dhcpv4_options"))
        # A stranger's options are no subnet of ours, and not nothing either.
        return "" if options is None else value(options, "external_ids").get(MARK, str(options.uuid))


def _sorted(row: Row, column: str) -> tuple[str, ...]:
    return tuple(sorted(value(row, column)))


def _optional(row: Row, column: str) -> Any:
    return next(iter(value(row, column)), None)


_FIELDS: dict[type[OvnObject], Callable[[Reader, Row], dict[str, Any]]] = {
    SwitchPort: Reader.switch_port,
    DhcpOptions: Reader.dhcp_options,
    Acl: Reader.acl,
    RouterPort: Reader.router_port,
    StaticRoute: Reader.static_route,
    Nat: Reader.nat,
}
