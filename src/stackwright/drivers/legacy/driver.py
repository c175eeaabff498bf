# SPDX-License-Identifier: Apache-2.0
"""The driver of networks without OVN: libvirt's own networks over libvirt's protocol, nftables over SSH."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackwright.drivers.hosts import ask, observation
from stackwright.drivers.legacy.firewall import commands, objects, parse
from stackwright.drivers.legacy.objects import Bridge, Firewall, LegacyObject, Reservation
from stackwright.drivers.legacy.shell import Shell
from stackwright.engine.errors import Refused, StackwrightError
from stackwright.engine.objects import Action, Change, Object
from stackwright.engine.resource import Observation, Scope

if TYPE_CHECKING:
    from stackwright.drivers.libvirt.connections import Connection, Connections

ATTEMPTS = 3


class LegacyDriver:
    """libvirt_pki: folder of the client certificate, in libvirt's names. ssh: folder of id_ed25519 and known_hosts."""

    name = "legacy"
    parallel = 4

    def __init__(self, libvirt_pki: Path, ssh: Path) -> None:
        self._pki = libvirt_pki
        self._ssh = ssh
        self._kept: Connections | None = None
        self._shells: dict[str, Shell] = {}
        self._uris: dict[str, str] = {}
        self._lock = threading.Lock()

    def observe(self, scope: Scope) -> Observation:
        """Ask every host of the scope, all at once."""
        self._uris.update(scope.hosts)
        return observation(ask(scope.hosts, lambda place: self._observe(place, scope), self.name))

    def _observe(self, place: str, scope: Scope) -> tuple[list[Object], str]:
        """What is shared is always told, since it is nobody's alone."""
        from stackwright.drivers.legacy.networks import observe_networks
        from stackwright.drivers.libvirt.errors import translated

        try:
            with translated(place, "looking"):
                found: list[LegacyObject] = [*observe_networks(self._connection(place)), *self._filter(place)]
        except StackwrightError as error:
            self._hang_up(place)
            return [], str(error)
        return [item for item in found if item.shared or not item.resource or scope.covers(item.resource)], ""

    def _filter(self, place: str) -> list[LegacyObject]:
        answer = self._asked(place, {})
        frame = Firewall(place=place, name=place, resource="", intact=answer["intact"])
        return [frame, *objects(place, parse(answer["table"]), frozenset(answer["answering"]))]

    def apply(self, changes: Iterable[Change]) -> None:
        """Carry out one change of a libvirt network, or all of a step in the packet filter in one transaction."""
        from stackwright.drivers.libvirt.errors import translated

        todo = list(changes)
        item = todo[0].object
        if item.batch:
            self._write(item.place, todo)
            return
        with translated(item.place, f"{type(item).__name__} {item.name}"):
            _apply_network(self._connection(item.place), todo[0])

    def _write(self, place: str, changes: list[Change]) -> None:
        """Another run may write at the same time: what it changed is read again. Raises Refused."""
        for attempt in range(1, ATTEMPTS + 1):
            table = parse(self._asked(place, {})["table"])
            try:
                self._asked(place, {"write": commands(changes, table)})
            except Refused:
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def _asked(self, place: str, request: dict[str, str]) -> dict[str, Any]:
        answer = self._shell(place).ask(request)
        if "error" in answer:
            raise Refused(f"the packet filter of host {place} refused it: {answer['error']}")
        return answer

    def settle(self, objects: Iterable[Object], timeout: float) -> list[str]:
        """Hosts answer when they are done: there is nothing to wait for."""
        return []

    def close(self) -> None:
        """Drop the connections."""
        for place in list(self._shells):
            self._hang_up(place)
        if self._kept:
            self._kept.close()
            self._kept = None

    def _hang_up(self, place: str) -> None:
        with self._lock:
            shell = self._shells.pop(place, None)
        if shell:
            shell.close()

    def _shell(self, place: str) -> Shell:
        with self._lock:
            if place not in self._shells:
                self._shells[place] = Shell(place, self._uris[place], self._ssh)
            return self._shells[place]

    def _connection(self, place: str) -> Connection:
        with self._lock:
            if self._kept is None:
                from stackwright.drivers.libvirt.connections import Connections

                self._kept = Connections(self._pki, lambda line: None)
        self._kept.know(self._uris)
        return self._kept.get(place)


def _apply_network(connection: Connection, change: Change) -> None:
    from stackwright.drivers.legacy.networks import drop_bridge, drop_reservation, make_bridge, put_reservation

    match change.object, change.action:
        case Bridge() as bridge, Action.DELETE:
            drop_bridge(connection, bridge.name)
        case Bridge() as bridge, _:
            make_bridge(connection, bridge)
        case Reservation() as reservation, Action.DELETE:
            drop_reservation(connection, reservation)
        case Reservation() as reservation, _:
            put_reservation(connection, reservation)
