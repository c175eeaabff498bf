# SPDX-License-Identifier: Apache-2.0
"""The OVN driver: one connection to each database, opened when it is first needed and kept for the run.

OVSDB's libraries are imported at that moment, so that a run without networks does not pay for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackwright.drivers.ovn.dropping import SHARED
from stackwright.drivers.ovn.objects import OvnObject, RouterPort, SwitchPort
from stackwright.drivers.ovn.observe import Reader
from stackwright.drivers.ovn.tables import (
    GATEWAY,
    GATEWAY_MARK,
    HELD,
    MARK,
    NORTHBOUND,
    SOUTHBOUND,
    Rows,
    value,
)
from stackwright.engine.errors import Unreachable
from stackwright.engine.objects import Change, Object
from stackwright.engine.resource import Observation, Scope

if TYPE_CHECKING:
    from stackwright.drivers.ovn.database import Database

NARROW = 200
"""Up to so many resources, only their rows are read; the server compares each row with each of them."""

Watched = frozenset[str] | None
"""Ids of the resources whose rows are in the replica; None for all rows."""


class OvnDriver:
    """northbound, southbound: ssl:HOST:PORT, tcp:HOST:PORT or unix:PATH, several separated by commas.

    pki: folder with ca.pem, cert.pem and key.pem; needed for ssl.
    """

    name = "ovn"
    parallel = 1

    def __init__(self, northbound: str, southbound: str, pki: Path | None = None) -> None:
        self._northbound = northbound
        self._southbound = southbound
        self._pki = pki
        self._north: Database | None = None
        self._south: Database | None = None
        self._watched: Watched = None
        self._nb_cfg = 0
        self._idle: set[str] = set()
        self._used: set[str] = set()

    def observe(self, scope: Scope) -> Observation:
        """Read the rows of the scope. Databases that do not answer are reported under ''."""
        try:
            north = self._fresh(scope.resources)
            gateways = self._gateways() if self._holds_gateway(north) else frozenset()
        except Unreachable as error:
            self.close()  # the next observation finds out afresh
            return Observation((), {"": str(error)})
        with north.lock:
            found = tuple(Reader(Rows(north.idl.tables), gateways).objects(scope.covers))
        return Observation(found)

    def apply(self, changes: Iterable[Change]) -> None:
        """All changes as one transaction."""
        from stackwright.drivers.ovn.apply import ApplyChanges

        changes = list(changes)
        north = self._watch_also(frozenset(change.object.resource for change in changes))
        outside = any(isinstance(change.object, RouterPort) and change.object.gateway for change in changes)
        command = ApplyChanges(north, changes, self._gateways() if outside else frozenset())
        north.transact(command)
        self._nb_cfg = command.nb_cfg or self._nb_cfg
        ports = {item.object.name for item in changes if isinstance(item.object, SwitchPort)}
        self._idle |= command.idle - self._used  # between two hosts, it is not used for a moment
        self._used |= ports - command.idle

    def settle(self, objects: Iterable[Object], timeout: float) -> list[str]:
        """Wait for ports that are about to be plugged in, and for the hosts that hold what was touched."""
        from stackwright.drivers.ovn.settle import Settling

        touched = [item for item in objects if isinstance(item, OvnObject)]
        # A port that was changed while nobody used it may stay that way: its guest is off.
        ports = [
            port for port in touched if isinstance(port, SwitchPort) and port.expects_up and port.name not in self._idle
        ]
        try:
            north = self._watch_also(frozenset(item.resource for item in touched))
            return Settling(north, self._southern(), self._nb_cfg, timeout).run(touched, ports)
        except Unreachable as error:
            return [str(error)]

    def close(self) -> None:
        """Drop the connections."""
        for database in (self._north, self._south):
            if database:
                database.close()
        self._north = self._south = None

    def _fresh(self, resources: Watched) -> Database:
        """The northbound database with these resources, as it is at this moment."""
        if self._north is None:
            return self._watch(resources)
        self._north.refresh("NB_Global", "nb_cfg")
        if self._south:
            self._south.refresh("Chassis", "name")
        return self._watch(resources)

    def _watch(self, resources: Watched) -> Database:
        """The northbound database, with the rows of these resources in the replica."""
        watched = resources if resources is not None and len(resources) <= NARROW else None
        if self._north is None:
            self._north = self._open("OVN_Northbound", self._northbound, NORTHBOUND, _conditions(watched))
        elif watched != self._watched:
            self._north.watch(_conditions(watched))
        self._watched = watched
        return self._north

    def _watch_also(self, resources: frozenset[str]) -> Database:
        if self._north is None:
            return self._watch(resources)
        if self._watched is None or resources <= self._watched:
            return self._north
        return self._watch(self._watched | resources)

    def _southern(self) -> Database:
        if self._south is None:
            unasked: dict[str, list[Any]] = {"Port_Binding": [], "Port_Group": []}
            self._south = self._open("OVN_Southbound", self._southbound, SOUTHBOUND, unasked)
        return self._south

    def _open(
        self, schema: str, remotes: str, tables: dict[str, list[str]], conditions: dict[str, list[Any]]
    ) -> Database:
        from stackwright.drivers.ovn.database import Database

        return Database(schema, remotes, self._pki, tables, conditions)

    def _holds_gateway(self, north: Database) -> bool:
        with north.lock:
            rows = north.idl.tables["Logical_Router_Port"].rows.values()
            return any(value(row, "external_ids").get(GATEWAY) == GATEWAY_MARK[True] for row in rows)

    def _gateways(self) -> frozenset[str]:
        """Names of the chassis with `enable-chassis-as-gw` among their ovn-cms-options."""
        south = self._southern()
        with south.lock:
            rows = south.idl.tables["Chassis"].rows.values()
            return frozenset(value(row, "name") for row in rows if "enable-chassis-as-gw" in _cms_options(row))


def _cms_options(row: Any) -> list[str]:
    settings = {**value(row, "external_ids"), **value(row, "other_config")}
    return [option.strip() for option in settings.get("ovn-cms-options", "").split(",")]


def _conditions(watched: Watched) -> dict[str, list[Any]]:
    if watched is None:
        return {table: [True] for table in HELD}
    clauses = [["external_ids", "includes", ["map", [[MARK, resource]]]] for resource in sorted(watched | {SHARED})]
    return dict.fromkeys(HELD, clauses)
