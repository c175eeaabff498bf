# SPDX-License-Identifier: Apache-2.0
"""Runs of the engine in processes of their own, which can be killed or stopped at any step that they take."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sandbox import RENDERERS, Place, Sandbox
from stackwright.drivers.memory import MemoryDriver
from stackwright.engine.errors import StackwrightError
from stackwright.engine.objects import Change
from stackwright.engine.request import Request
from stackwright.registry.database import Registry
from stackwright.registry.leases import Run
from stackwright.registry.transaction import Transaction
from stackwright.registry.vault import Vault

T = TypeVar("T")
PATIENCE_S = 300.0

# A fork of a clean process: quick to start, and without the threads and connections of the test.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["stackwright.cloud", "stackwright.render.libvirt", "stackwright.render.ovn"])


@dataclass
class Fuse:
    """Sends this process a signal at the n-th step that it takes, counted from 0."""

    at: int
    signal: int = signal.SIGKILL
    steps: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self) -> None:
        """One more."""
        with self._lock:
            self.steps += 1
            if self.steps > self.at >= 0:
                self.at = -1
                # To this very thread: any other might take it up later, when this one has gone on.
                signal.pthread_kill(threading.get_ident(), self.signal)

    def fatal_step(self) -> None:
        """One more, where a process can be killed but not be stopped.

        Stopped between the check of its lease and the action, it acts when it wakes; and a writing transaction that
        is kept open keeps everybody out.
        """
        if self.signal == signal.SIGKILL:
            self.step()


class FusedRegistry(Registry):
    """Steps before every transaction, and before and after the commit of one that writes."""

    def __init__(self, url: str, fuse: Fuse, vault: Vault | None = None) -> None:
        super().__init__(url, vault=vault)
        self.fuse = fuse

    def write(self, work: Callable[[Transaction], T], commit: bool = True) -> T:
        def stepping(txn: Transaction) -> T:
            result = work(txn)
            self.fuse.fatal_step()
            return result

        self.fuse.step()
        result = super().write(stepping, commit)
        self.fuse.fatal_step()
        return result

    def read(self, work: Callable[[Transaction], T]) -> T:
        self.fuse.step()
        return super().read(work)


class FusedDriver(MemoryDriver):
    """Steps before and after everything that it is given to do."""

    fuse: Fuse

    def apply(self, changes: Iterable[Change]) -> None:
        self.fuse.fatal_step()
        super().apply(changes)
        self.fuse.fatal_step()


class Fused(Sandbox):
    """A sandbox whose every step lights the fuse, and which does one thing at a time."""

    def __init__(
        self, place: Place, fuse: Fuse, before: Callable[[Change], None] = lambda _: None, **options: Any
    ) -> None:
        drivers = {name: FusedDriver(name, place.world, before=before) for name in RENDERERS}
        for driver in drivers.values():
            driver.fuse = fuse
        super().__init__(place, drivers=drivers, **options)
        self.registry = FusedRegistry(place.url, fuse, place.vault())
        self._one = threading.Lock()

    @contextmanager
    def run(self, request: Request) -> Iterator[Run]:
        """As always, but nothing is under way when another action is about to begin, and perhaps to be stopped."""
        with super().run(request) as run:
            guard = run.guard

            @contextmanager
            def alone(shared: Iterable[str]) -> Iterator[None]:
                with self._one, guard(shared):
                    yield

            run.guard = alone  # type: ignore[method-assign]
            yield run


@dataclass(frozen=True)
class Ended:
    """How a run ended. signal: 0 when it came to its end by itself."""

    signal: int
    changed: bool = False
    errors: tuple[str, ...] = ()
    refused: str = ""


class Running:
    """A run of the engine in another process."""

    def __init__(self, place: Place, request: Request, at: int = -1, by: int = signal.SIGKILL, **options: Any) -> None:
        self._answers, answers = _context.Pipe(duplex=False)
        self.process = _context.Process(target=_run, args=(place, request, at, by, options, answers))
        self.process.start()
        answers.close()

    def end(self) -> Ended:
        """Wait for its end."""
        self.process.join(PATIENCE_S)
        assert self.process.exitcode is not None, "the run does not end"
        if self.process.exitcode < 0:
            return Ended(-self.process.exitcode)
        assert self.process.exitcode == 0, "the run broke: see its traceback"
        ended: Ended = self._answers.recv()
        return ended

    def stops(self) -> bool:
        """Wait until its SIGSTOP has arrived; False when it came to its end without."""
        deadline = time.monotonic() + PATIENCE_S
        while (state := _state(self.process.pid)) not in "TZ":
            assert time.monotonic() < deadline, "the run neither stops nor ends"
            time.sleep(0.005)
        return state == "T"

    def wake(self) -> None:
        """Let it go on."""
        os.kill(self.process.pid or 0, signal.SIGCONT)


def _run(place: Place, request: Request, at: int, by: int, options: dict[str, Any], answers: Any) -> None:
    with Fused(place, Fuse(at, by), **options) as cloud:
        try:
            result = cloud.ensure(request)
            answers.send(Ended(0, result.changed, tuple(result.errors)))
        except StackwrightError as error:
            answers.send(Ended(0, refused=f"{type(error).__name__}: {error}"))


def _state(pid: int | None) -> str:
    """As in /proc; Z for one that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"
