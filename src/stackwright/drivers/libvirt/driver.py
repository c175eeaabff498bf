# SPDX-License-Identifier: Apache-2.0
"""The libvirt driver: hosts are asked and changed over libvirt's own protocol.

libvirt is imported when a host is first spoken to, so that a run without instances does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from stackwright.drivers.hosts import ask, observation
from stackwright.engine.errors import StackwrightError, Temporary
from stackwright.engine.objects import Change, Identity, Object
from stackwright.engine.resource import Observation, Scope

if TYPE_CHECKING:
    from stackwright.drivers.libvirt.connections import Connections


class LibvirtDriver:
    """pki: folder of the client certificate, in libvirt's names. image_store: where the controller keeps images.

    tell: gets a line for people now and then while a transfer takes long.
    """

    name = "libvirt"
    parallel = 10

    def __init__(self, pki: Path, image_store: Path, tell: Callable[[str], None] = lambda line: None) -> None:
        self._pki = pki
        self._image_store = image_store
        self._tell = tell
        self._kept: Connections | None = None

    def observe(self, scope: Scope) -> Observation:
        """Ask every host of the scope, all at once."""
        if not scope.hosts:
            return Observation(())
        self._connections().know(scope.hosts)
        return observation(ask(scope.hosts, lambda place: self._observe(place, scope), self.name))

    def _observe(self, place: str, scope: Scope) -> tuple[list[Object], str]:
        from stackwright.drivers.libvirt.errors import translated
        from stackwright.drivers.libvirt.observe import observe_host

        try:
            with translated(place, "looking"):
                return observe_host(self._connections().get(place), scope), ""
        except StackwrightError as error:
            return [], str(error)

    def apply(self, changes: Iterable[Change]) -> None:
        """Carry the changes out, one after the other."""
        from stackwright.drivers.libvirt.apply import apply_change, apply_move
        from stackwright.drivers.libvirt.errors import translated

        for change in changes:
            item = change.object
            with translated(item.place, f"{type(item).__name__} {item.name}"):
                target = self._connections().get(item.place)
                if change.moves and change.before:
                    apply_move(self._connections().get(change.before.place), target, change)
                else:
                    apply_change(target, change, self._image_store)

    def settle(self, objects: Iterable[Object], timeout: float) -> list[str]:
        """libvirt answers when it is done: there is nothing to wait for."""
        return []

    def console(self, host: str, uri: str, instance_id: str, lines: int) -> str:
        """The last lines that an instance wrote to its serial console. Raises Unreachable or Refused."""
        from stackwright.drivers.libvirt.console import read_log
        from stackwright.drivers.libvirt.errors import translated

        self._connections().know({host: uri})
        with translated(host, f"console of instance {instance_id}"):
            return read_log(self._connections().get(host), instance_id, lines)

    def foreign(self, host: str, uri: str, name: str) -> dict[str, Any]:
        """What a guest has that others made, by its name or UUID. Raises NotFound, Conflict or Unreachable."""
        from stackwright.drivers.libvirt.adoption import look_at_foreign
        from stackwright.drivers.libvirt.errors import translated

        self._connections().know({host: uri})
        with translated(host, f"guest {name}"):
            return look_at_foreign(self._connections().get(host), name)

    def disk(self, host: str, uri: str, instance_id: str, volume: str, target: BinaryIO) -> str:
        """Copy an instance's disk into a file; a guest that runs is paused meanwhile.

        Returns the name of the volume that the disk starts from, '' for none. Raises Unreachable, Refused or Temporary.
        """
        from stackwright.drivers.libvirt.disks import download_disk, pause
        from stackwright.drivers.libvirt.errors import translated

        self._connections().know({host: uri})
        with translated(host, f"disk of instance {instance_id}"):
            paused = pause(self._connections().get(host), instance_id)
            try:
                return download_disk(self._connections().get(host), instance_id, volume, target)
            finally:
                if paused:
                    self._resume(host, instance_id)

    def idle(self, hosts: Mapping[str, str], used: Collection[Identity], seconds: float) -> list[Object]:
        """What several may share and none has used for so long. Hosts that do not answer are left out.

        hosts: name -> URI. used: what is wanted.
        """
        self._connections().know(hosts)
        answers = ask(hosts, lambda place: self._idle(place, used, seconds), self.name)
        return [item for found in answers.values() for item in found]

    def _idle(self, place: str, used: Collection[Identity], seconds: float) -> list[Object]:
        from stackwright.drivers.libvirt.copies import idle_copies
        from stackwright.drivers.libvirt.errors import translated

        names = {identity.name for identity in used if identity.place == place}
        try:
            with translated(place, "looking"):
                return list(idle_copies(self._connections().get(place), names, seconds))
        except StackwrightError:
            return []

    def _resume(self, host: str, instance_id: str) -> None:
        """Over a new connection if the one before is lost."""
        from stackwright.drivers.libvirt.disks import resume
        from stackwright.drivers.libvirt.errors import translated

        try:
            with translated(host, f"instance {instance_id}"):
                resume(self._connections().get(host), instance_id)
        except StackwrightError as error:
            raise Temporary(f"instance {instance_id} stays paused until it is declared started, as {error}") from error

    def close(self) -> None:
        """Drop the connections."""
        if self._kept:
            self._kept.close()
            self._kept = None

    def _connections(self) -> Connections:
        if self._kept is None:
            from stackwright.drivers.libvirt.connections import Connections

            self._kept = Connections(self._pki, self._tell)
        return self._kept
