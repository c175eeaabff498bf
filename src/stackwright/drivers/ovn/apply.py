# SPDX-License-Identifier: Apache-2.0
"""Write changes as one transaction. It holds no state, so the library may run it again after a conflict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, cast

from ovsdbapp.backend.ovs_idl.command import BaseCommand

from stackwright.drivers.ovn.dropping import DROP_GROUP
from stackwright.drivers.ovn.objects import (
    Acl,
    DhcpOptions,
    Nat,
    OvnObject,
    PortGroup,
    RouterPort,
    StaticRoute,
    SwitchPort,
    group_name,
)
from stackwright.drivers.ovn.observe import Reader, gateway_priorities, well_scheduled
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
from stackwright.engine.errors import Conflict, Refused
from stackwright.engine.objects import Action, Change

_ORDER = list(PLACES)


class ApplyChanges(BaseCommand):  # type: ignore[misc]  # the library has no types
    """gateways: names of the chassis that are enabled as gateways.

    nb_cfg: after the commit, the number with which hosts report that they got so far; 0 if nothing changed.
    idle: names of the switch ports that were changed while nothing was plugged in.
    """

    def __init__(self, database: Any, changes: Sequence[Change], gateways: Collection[str]) -> None:
        super().__init__(database)
        self._changes = changes
        self._gateways = gateways
        self.nb_cfg = 0
        self.idle: set[str] = set()

    def run_idl(self, txn: Any) -> None:
        """Called by the library, with the replica locked."""
        rows = Rows(self.api.idl.tables)
        self.idle = {change.object.name for change in self._changes if _is_idle(rows, change)}
        _Writer(txn, rows, self._gateways).write(self._changes)
        for row in self.api.idl.tables["NB_Global"].rows.values():
            row.increment("nb_cfg")

    def post_commit(self, txn: Any) -> None:
        """Called by the library after success."""
        if self.api.idl.tables["NB_Global"].rows:
            self.nb_cfg = txn.get_increment_new_value()


def _is_idle(rows: Rows, change: Change) -> bool:
    row = rows.found.get((SwitchPort, change.object.name))
    return change.action is Action.UPDATE and row is not None and value(row, "up") != [True]


class _Writer:
    def __init__(self, txn: Any, rows: Rows, gateways: Collection[str]) -> None:
        self._txn = txn
        self._rows = rows
        self._gateways = gateways
        self._deleted: set[Any] = set()

    def write(self, changes: Iterable[Change]) -> None:
        """Deletions from the leaves up, then the rest from the roots down."""
        old = [change.before for change in changes if change.action in (Action.DELETE, Action.REPLACE)]
        new = [change.object for change in changes if change.action is not Action.DELETE]
        if any(isinstance(item, SwitchPort) and item.filtered for item in new):
            new += [change.object for change in Reader(self._rows, ()).drop_changes()]
        for item in sorted(cast(list[OvnObject], old), key=_rank, reverse=True):
            self._remove(item)
        for item in sorted(cast(list[OvnObject], new), key=_rank):
            self._put(item)

    def _remove(self, item: OvnObject) -> None:
        row = self._rows.found.get((type(item), item.name))
        if row is None or not resource_of(row):
            return
        self._must_be_empty(item, row)
        place = PLACES[type(item)]
        if place.holder:
            holder = self._rows.found[place.holder, self._rows.holder[row.uuid]]
            if holder.uuid not in self._deleted:
                holder.delvalue(place.column, row)
        row.delete()
        self._deleted.add(row.uuid)
        del self._rows.found[type(item), item.name]

    def _must_be_empty(self, item: OvnObject, row: Row) -> None:
        """What a deleted row holds vanishes with it, and that might not be ours."""
        for column in [place.column for place in PLACES.values() if place.holder is type(item)]:
            row.verify(column)
            left = [uuid for uuid in value(row, column) if uuid not in self._deleted]
            if left:
                raise Conflict(
                    f"{item.identity} ({item.title}) cannot be deleted: {len(left)} of its {column} are not "
                    f"ours or still wanted (one is {left[0]} in the northbound database); remove them first"
                )

    def _put(self, item: OvnObject) -> None:
        row = self._rows.found.get((type(item), item.name))
        if row is None:
            row = self._insert(item)
            marks = {}
        else:
            _must_be_ours(row, item)
            marks = value(row, "external_ids")
        row.external_ids = {**marks, **_marks(item)}
        for column, wanted in _COLUMNS[type(item)](self, item).items() if type(item) in _COLUMNS else ():
            setattr(row, column, wanted)
        if type(item) not in (DhcpOptions, Acl, StaticRoute, Nat):
            row.name = item.name
        if isinstance(item, SwitchPort):
            self._join(item, row)
        if isinstance(item, RouterPort):
            self._schedule(item, row)

    def _insert(self, item: OvnObject) -> Row:
        place = PLACES[type(item)]
        row = self._txn.insert(self._rows.tables[place.table])
        if place.holder:
            self._holder(item, place.holder, getattr(item, place.field)).addvalue(place.column, row)
        self._rows.found[type(item), item.name] = row
        return row

    def _holder(self, item: OvnObject, of: type[OvnObject], name: str) -> Row:
        row = self._rows.found.get((of, name))
        if row is None:
            raise Refused(
                f"{item.identity} ({item.title}) needs {of.__name__} {name}, which OVN has lost; declare that again"
            )
        _must_be_ours(row, item)
        return row

    def _join(self, port: SwitchPort, row: Row) -> None:
        """Change membership by mutation, so that a group's other members are neither read nor written."""
        wanted = {group_name(group) for group in port.groups} | ({DROP_GROUP} if port.filtered else set())
        present = self._rows.groups.get(row.uuid, set())
        for name in sorted(wanted - present):
            self._holder(port, PortGroup, name).addvalue("ports", row)
        for name in sorted(present - wanted):
            group = self._rows.found.get((PortGroup, name))
            if group is not None and resource_of(group):
                group.delvalue("ports", row)

    def _schedule(self, port: RouterPort, row: Row) -> None:
        """Name the chassis that may carry a gateway, in order of preference."""
        present = self._rows.chassis(row)
        if well_scheduled(port.name, port.gateway, present, self._gateways):
            return
        wanted = gateway_priorities(port.name, self._gateways) if port.gateway else {}
        if port.gateway and not wanted:
            raise Refused(
                f"router {port.title} leads outside and no chassis is enabled as a gateway; "
                "run the role network on a host"
            )
        row.gateway_chassis = [self._gateway(port, chassis, priority) for chassis, priority in wanted.items()]

    def _gateway(self, port: RouterPort, chassis: str, priority: int) -> Row:
        row = self._txn.insert(self._rows.tables["Gateway_Chassis"])
        row.name = f"{port.name}_{chassis}"
        row.chassis_name = chassis
        row.priority = priority
        row.external_ids = {MARK: port.resource, TITLE: port.title}
        return row

    def switch_port(self, port: SwitchPort) -> dict[str, Any]:
        """Columns of a port."""
        return {
            "type": port.type,
            "addresses": list(port.addresses),
            "port_security": list(port.port_security),
            "options": dict(port.options),
            "tag": [] if port.tag is None else [port.tag],
            "enabled": port.enabled,
            "dhcpv4_options": [self._holder(port, DhcpOptions, port.dhcp)] if port.dhcp else [],
        }

    def router_port(self, port: RouterPort) -> dict[str, Any]:
        """Columns of a leg."""
        return {"mac": port.mac, "networks": list(port.networks)}

    def acl(self, rule: Acl) -> dict[str, Any]:
        """Columns of a rule."""
        return {
            "direction": rule.direction,
            "match": rule.match,
            "priority": rule.priority,
            "action": rule.action,
        }

    def static_route(self, route: StaticRoute) -> dict[str, Any]:
        """Columns of a route."""
        output = [route.output_port] if route.output_port else []
        return {"ip_prefix": route.prefix, "nexthop": route.nexthop, "output_port": output}

    def nat(self, nat: Nat) -> dict[str, Any]:
        """Columns of a translation."""
        return {"type": nat.type, "external_ip": nat.external_ip, "logical_ip": nat.logical_ip}

    def dhcp_options(self, options: DhcpOptions) -> dict[str, Any]:
        """Columns of what DHCP answers."""
        return {"cidr": options.cidr, "options": dict(options.options)}


def _must_be_ours(row: Row, item: OvnObject) -> None:
    made_now = row._data is None
    if not made_now and not resource_of(row):
        raise Conflict(
            f"{item.identity} ({item.title}): row {row.uuid} of table {row._table.name} has that name, not "
            "our mark; rename or remove that row"
        )


def _rank(item: OvnObject) -> int:
    return _ORDER.index(type(item))


def _marks(item: OvnObject) -> dict[str, str]:
    marks = {MARK: item.resource, TITLE: item.title}
    if isinstance(item, RouterPort):
        marks[GATEWAY] = GATEWAY_MARK[item.gateway]
    return marks


_COLUMNS: dict[type[OvnObject], Callable[[_Writer, Any], dict[str, Any]]] = {
    SwitchPort: _Writer.switch_port,
    DhcpOptions: _Writer.dhcp_options,
    Acl: _Writer.acl,
    RouterPort: _Writer.router_port,
    StaticRoute: _Writer.static_route,
    Nat: _Writer.nat,
}
