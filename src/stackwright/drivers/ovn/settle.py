# SPDX-License-Identifier: Apache-2.0
"""Wait until hosts have carried out what the northbound database accepted.

Each transaction raises `nb_cfg`; northd passes it on, and every chassis reports the number it has reached.
Only chassis that hold something that was touched are waited for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from stackwright.drivers.ovn.database import Database
from stackwright.drivers.ovn.objects import (
    Acl,
    Nat,
    OvnObject,
    PortGroup,
    RouterPort,
    StaticRoute,
    SwitchPort,
    gateway_port,
)
from stackwright.drivers.ovn.tables import value


class Settling:
    """One bounded wait. nb_cfg: what must be reached; 0 when nothing was written.."""

    def __init__(self, north: Database, south: Database, nb_cfg: int, timeout: float) -> None:
        self._north = north
        self._south = south
        self._nb_cfg = nb_cfg
        self._deadline = time.monotonic() + timeout

    def run(self, touched: Sequence[OvnObject], ports: Iterable[SwitchPort]) -> list[str]:
        """Sentences about what is missing at the end."""
        if not self._wait(self._north, self._northd_reached):
            return ["ovn-northd has not taken over the changes; look at ovn-central on the controller"]
        missing = self._ports(list(ports))
        return missing + (self._chassis(touched) if self._nb_cfg else [])

    def _wait(self, database: Database, done: Any) -> bool:
        return database.wait(done, max(0.0, self._deadline - time.monotonic()))

    def _northd_reached(self) -> bool:
        return all(value(row, "sb_cfg") >= self._nb_cfg for row in self._north.idl.tables["NB_Global"].rows.values())

    def _ports(self, ports: list[SwitchPort]) -> list[str]:
        names = {port.name for port in ports}
        self._wait(self._north, lambda: names <= self._up())
        with self._north.lock:
            up = self._up()
        return [
            f"port {port.title} ({port.name}) is not up; look at ovn-controller on the host of its instance"
            for port in ports
            if port.name not in up
        ]

    def _up(self) -> set[str]:
        rows = self._north.idl.tables["Logical_Switch_Port"].rows.values()
        return {value(row, "name") for row in rows if value(row, "up") == [True]}

    def _chassis(self, touched: Sequence[OvnObject]) -> list[str]:
        bindings = _bindings(touched) | self._members({item for item in map(_group, touched) if item})
        if not bindings:
            return []
        self._south.watch({"Port_Binding": [["logical_port", "==", name] for name in sorted(bindings)]})
        self._wait(self._south, lambda: not self._behind())
        with self._south.lock:
            behind = self._behind()
        return [f"chassis {name} has not carried out the changes yet; look at ovn-controller there" for name in behind]

    def _members(self, groups: set[str]) -> set[str]:
        """Ports of port groups. The southbound database keeps a group per switch, as <number>_<name>."""
        if not groups:
            return set()
        self._south.watch({"Port_Group": [True]})
        with self._south.lock:
            rows = self._south.idl.tables["Port_Group"].rows.values()
            members = [value(row, "ports") for row in rows if value(row, "name").partition("_")[2] in groups]
        return {name for names in members for name in names}

    def _behind(self) -> list[str]:
        """Names of the chassis that hold what is watched, and lag."""
        bindings = self._south.idl.tables["Port_Binding"].rows.values()
        holders = {uuid for row in bindings for uuid in value(row, "chassis")}
        chassis = self._south.idl.tables["Chassis"].rows
        names = {value(chassis[uuid], "name"): value(chassis[uuid], "hostname") for uuid in holders if uuid in chassis}
        reached = self._south.idl.tables["Chassis_Private"].rows.values()
        return sorted(names[name] for row in reached if (name := value(row, "name")) in names and self._lags(row))

    def _lags(self, row: Any) -> bool:
        behind: bool = value(row, "nb_cfg") < self._nb_cfg
        return behind


def _bindings(touched: Iterable[OvnObject]) -> set[str]:
    """Logical ports whose hosts have to act: guests' own, and for a router the one that leads outside."""
    guests = {item.name for item in touched if isinstance(item, SwitchPort) and item.type == ""}
    routers = {item.router for item in touched if isinstance(item, RouterPort | Nat | StaticRoute)}
    return guests | {f"cr-{gateway_port(router)}" for router in routers}


def _group(item: OvnObject) -> str:
    if isinstance(item, PortGroup):
        return item.name
    return item.group if isinstance(item, Acl) else ""
