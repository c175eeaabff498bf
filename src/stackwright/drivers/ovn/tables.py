# SPDX-License-Identifier: Apache-2.0
"""Which tables and columns of OVN's databases are read, and where objects of each type are kept."""

from collections.abc import Callable
from typing import Any, NamedTuple

from stackwright.drivers.ovn import objects
from stackwright.drivers.ovn.objects import OvnObject

MARK = "stackwright-id"
TITLE = "stackwright-name"
GATEWAY = "stackwright-gateway"
GATEWAY_MARK = {True: "true", False: "false"}

NORTHBOUND = {
    "NB_Global": ["nb_cfg", "sb_cfg"],
    "Logical_Switch": ["name", "ports", "external_ids"],
    "Logical_Switch_Port": [
        "name", "type", "addresses", "port_security", "options", "tag", "dhcpv4_options", "enabled", "up",
        "external_ids",
    ],
    "DHCP_Options": ["cidr", "options", "external_ids"],
    "Port_Group": ["name", "ports", "acls", "external_ids"],
    "ACL": ["direction", "match", "priority", "action", "external_ids"],
    "Logical_Router": ["name", "ports", "static_routes", "nat", "external_ids"],
    "Logical_Router_Port": ["name", "mac", "networks", "gateway_chassis", "external_ids"],
    "Gateway_Chassis": ["name", "chassis_name", "priority", "external_ids"],
    "Logical_Router_Static_Route": ["ip_prefix", "nexthop", "output_port", "external_ids"],
    "NAT": ["type", "external_ip", "logical_ip", "external_ids"],
}  # fmt: skip

SOUTHBOUND = {
    "Chassis": ["name", "hostname", "external_ids", "other_config"],
    "Chassis_Private": ["name", "nb_cfg"],
    "Port_Binding": ["logical_port", "chassis"],
    "Port_Group": ["name", "ports"],
}

# Tables whose rows are many and held by rows of other tables. Of these only what is asked for is read. The
# others are small and read whole: changing a port needs its switch, its groups and its DHCP options.
HELD = ("Logical_Switch_Port", "ACL", "Logical_Router_Port", "Logical_Router_Static_Route", "NAT")

Row = Any
"""ovs.db.idl.Row: the library has no types."""


class Place(NamedTuple):
    """Where objects of one type are kept.

    parent, column: table and column of the row that holds it; '' where it stands alone.
    holder: type of the object that holds it.
    field: its field that names the holder.
    """

    table: str
    parent: str = ""
    column: str = ""
    holder: type[OvnObject] | None = None
    field: str = ""


# In the order of writing: who is referred to comes first.
PLACES: dict[type[OvnObject], Place] = {
    objects.Switch: Place("Logical_Switch"),
    objects.DhcpOptions: Place("DHCP_Options"),
    objects.PortGroup: Place("Port_Group"),
    objects.Router: Place("Logical_Router"),
    objects.RouterPort: Place("Logical_Router_Port", "Logical_Router", "ports", objects.Router, "router"),
    objects.SwitchPort: Place("Logical_Switch_Port", "Logical_Switch", "ports", objects.Switch, "switch"),
    objects.Acl: Place("ACL", "Port_Group", "acls", objects.PortGroup, "group"),
    objects.StaticRoute: Place(
        "Logical_Router_Static_Route", "Logical_Router", "static_routes", objects.Router, "router"
    ),
    objects.Nat: Place("NAT", "Logical_Router", "nat", objects.Router, "router"),
}


def value(row: Row, column: str) -> Any:
    """What the database holds in a column: a scalar, a list or a dict; references are UUIDs.

    The row's attribute would do, but it converts everything three times over, and leaves out references to
    rows that are not monitored.
    """
    return row._data[column].to_python(_as_it_is)


def _as_it_is(atom: Any, _base: Any) -> Any:
    return atom


def resource_of(row: Row) -> str:
    """Id of the resource that a row belongs to; '' for what is not ours."""
    mark: str = value(row, "external_ids").get(MARK, "")
    return mark


NAMES: dict[type[OvnObject], Callable[[Row, str], str]] = {
    objects.DhcpOptions: lambda row, _: resource_of(row),
    objects.Acl: lambda row, group: objects.acl_name(group, value(row, "direction"), value(row, "match")),
    objects.StaticRoute: lambda row, router: objects.route_name(router, value(row, "ip_prefix")),
    objects.Nat: lambda row, router: objects.nat_name(
        router, value(row, "type"), value(row, "external_ip"), value(row, "logical_ip")
    ),
}
"""How rows without a name of their own are named, from the row and its holder's name."""


class Rows:
    """An index over a replica of the northbound database, made once per observation or transaction."""

    def __init__(self, tables: Any) -> None:
        self.tables = tables
        self.holder: dict[Any, str] = {}
        """UUID of a held row -> name of the row that holds it."""
        self.groups: dict[Any, set[str]] = {}
        """UUID of a switch port -> names of the port groups that it is in."""
        self.found: dict[tuple[type[OvnObject], str], Row] = {}
        self._index_holders()
        self._index_groups()
        for of in PLACES:
            self._index_names(of)

    def _index_holders(self) -> None:
        for parent, column in {(place.parent, place.column) for place in PLACES.values() if place.parent}:
            for row in self.tables[parent].rows.values():
                self.holder.update(dict.fromkeys(value(row, column), value(row, "name")))

    def _index_groups(self) -> None:
        for row in self.tables["Port_Group"].rows.values():
            name = value(row, "name")
            for member in value(row, "ports"):
                self.groups.setdefault(member, set()).add(name)

    def _index_names(self, of: type[OvnObject]) -> None:
        for row in self.tables[PLACES[of].table].rows.values():
            key = (of, self.name(of, row))
            # Names of switches and routers are not unique: a stranger's row must not hide ours.
            if key not in self.found or resource_of(row):
                self.found[key] = row

    def name(self, of: type[OvnObject], row: Row) -> str:
        """The name of the object that a row holds."""
        if of not in NAMES:
            own: str = value(row, "name")
            return own
        return NAMES[of](row, self.holder.get(row.uuid, ""))

    def chassis(self, port: Row) -> dict[str, int]:
        """The chassis that may carry a router port, with their priorities."""
        if port._data is None:  # made in this very transaction
            return {}
        known = self.tables["Gateway_Chassis"].rows
        rows = [known[uuid] for uuid in value(port, "gateway_chassis")]
        return {value(row, "chassis_name"): value(row, "priority") for row in rows}
