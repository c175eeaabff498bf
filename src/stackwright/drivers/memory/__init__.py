# SPDX-License-Identifier: Apache-2.0
"""A backend that exists only in a file: for crash and race properties, and to measure the engine alone."""

from __future__ import annotations

import pickle
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from stackwright.engine.errors import Unreachable
from stackwright.engine.objects import Action, Change, Object
from stackwright.engine.resource import Observation, Scope

# SQLite has those who wait for each other sleep, which is not what is measured here.
_ONE_AT_A_TIME = threading.Lock()


class MemoryDriver:
    """Keeps the objects of one driver in an SQLite file, so that they outlive a killed process.

    latency: seconds that every action takes. before: called with every change before it happens.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        parallel: int = 10,
        latency: float = 0.0,
        before: Callable[[Change], None] = lambda change: None,
    ) -> None:
        self.name = name
        self.path = path
        self.parallel = parallel
        self.latency = latency
        self.before = before
        self.unreachable: dict[str, str] = {}
        with self._open() as world:
            world.execute(
                "CREATE TABLE IF NOT EXISTS object (driver, identity, content, PRIMARY KEY (driver, identity))"
            )

    def _open(self) -> sqlite3.Connection:
        world = sqlite3.connect(self.path, timeout=30)
        world.execute("PRAGMA synchronous = OFF")  # processes are killed here, machines are not
        return world

    def observe(self, scope: Scope) -> Observation:
        """Everything of the scope that its places hold, and what is shared: others may need that."""
        everywhere = [item for item in self.objects() if item.place in ("", *scope.hosts)]
        found = [item for item in everywhere if item.shared or scope.covers(item.resource)]
        answering = tuple(item for item in found if item.place not in self.unreachable)
        away = {place: words for place, words in self.unreachable.items() if place in ("", *scope.hosts)}
        return Observation(answering if "" not in away else (), away)

    def objects(self) -> list[Object]:
        """All that this backend holds."""
        with self._open() as world:
            rows = world.execute("SELECT content FROM object WHERE driver = ?", (self.name,)).fetchall()
        return [pickle.loads(content) for (content,) in rows]  # noqa: S301 - our own file

    def apply(self, changes: Iterable[Change]) -> None:
        """All of the changes, or none."""
        todo = list(changes)
        for change in todo:
            self.before(change)
        time.sleep(self.latency)
        with _ONE_AT_A_TIME, self._open() as world:
            for change in todo:
                self._one(world, change)

    def _one(self, world: sqlite3.Connection, change: Change) -> None:
        key = (self.name, str(change.object.identity))
        if change.action is Action.DELETE:
            world.execute("DELETE FROM object WHERE driver = ? AND identity = ?", key)
        else:
            world.execute("INSERT OR REPLACE INTO object VALUES (?, ?, ?)", (*key, pickle.dumps(change.object)))

    def settle(self, objects: Iterable[Object], timeout: float) -> list[str]:
        """Nothing ever lags behind here."""
        return []

    def disk(self, host: str, uri: str, instance_id: str, volume: str, target: BinaryIO) -> str:
        """A small qcow2 disk that holds the instance's id and starts from nothing. Raises Unreachable."""
        if host in self.unreachable:
            raise Unreachable(self.unreachable[host])
        with tempfile.TemporaryDirectory() as folder:
            raw, qcow2 = Path(folder, "raw"), Path(folder, "qcow2")
            raw.write_bytes(instance_id.encode().ljust(1024**2, b"\0"))
            subprocess.run(["qemu-img", "convert", "-O", "qcow2", "-f", "raw", raw, qcow2], check=True)  # noqa: S603, S607
            target.write(qcow2.read_bytes())
        return ""

    def close(self) -> None:
        """There is no connection to drop."""
