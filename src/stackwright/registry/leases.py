# SPDX-License-Identifier: Apache-2.0
"""Who is at work on what. A run holds leases on resources; a dead or silent run loses them all at once.

A lease names machine, boot, pid and process start. On the same machine a dead owner is seen at once; from elsewhere
it is dead when the database's clock has passed its expiry, which it renews at a third of the time.
"""

from __future__ import annotations

import math
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from stackwright.engine.errors import LeaseLost, StackwrightError, Stopped, Temporary
from stackwright.registry import schema
from stackwright.registry.database import Registry
from stackwright.registry.holdings import chunked
from stackwright.registry.transaction import Transaction

Found = TypeVar("Found")
LEASE_S = 30.0
SHARED_WAIT_S = 1800.0
PAUSE_S = 0.2
EVERYTHING = "*"
"""The lease of whoever wants nobody else at work. It keeps those out that have not begun; the others go on."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, so precisely that a later one with its pid is not taken for it."""

    machine: str
    boot: str
    pid: int
    started: str

    @classmethod
    def of_process(cls, pid: int) -> Owner:
        """The process with this pid on this machine. Raises FileNotFoundError when there is none."""
        stat = Path(f"/proc/{pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        state, started = fields[0], fields[19]
        if state in "ZX":
            raise FileNotFoundError(pid)
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return cls(_machine(), boot, pid, started)

    def alive(self) -> bool | None:
        """Whether it still runs; None when that cannot be seen from this machine."""
        if self.machine != _machine():
            return None
        try:
            return Owner.of_process(self.pid) == self
        except FileNotFoundError:
            return False


def _machine() -> str:
    identity = Path("/etc/machine-id")
    return identity.read_text().strip() if identity.exists() else "unknown"


class Busy(StackwrightError):
    """Somebody else holds a lease on part of this. Carries words for whoever waits."""


@dataclass
class Run:
    """One converge at work; `keep` renews its leases in the background.

    limit: seconds from `keep` on after which nothing more may be begun; 0 for no end.
    """

    registry: Registry
    purpose: str
    seconds: float = LEASE_S
    limit: float = 0.0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _held: bool = False
    _ends: float = math.inf
    _cancelled_by: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def acquire(self, txn: Transaction, names: Iterable[str]) -> None:
        """Take leases, inside the caller's transaction. Raises Busy when a living run holds one of them.

        The time that they are held begins here, however long the transaction has taken by now. Others, who may have
        had to wait for it before they could renew theirs, are judged by when it began.
        """
        wanted = sorted(set(names))
        _sweep(txn, txn.now())
        mine = _held(txn, self.id)
        holders = _holders(txn, wanted if mine else [EVERYTHING, *wanted], self.id)
        if holders:
            raise Busy(f"{_who(holders[0])}, which is at work on the same resources")
        self._register(txn, Owner.of_process(os.getpid()), txn.clock())
        self._held = True
        rows = [{"name": name, "run": self.id} for name in wanted if name not in mine]
        if rows:
            txn.connection.execute(sa.insert(schema.lease), rows)

    def _register(self, txn: Transaction, owner: Owner, now: float) -> None:
        expires = now + self.seconds
        known = sa.update(schema.run).where(schema.run.c.id == self.id).values(expires_at=expires)
        if txn.connection.execute(known).rowcount:
            return
        row = {"id": self.id, "purpose": self.purpose[:255], "expires_at": expires, "cancelled_by": ""}
        row |= {"machine": owner.machine, "boot": owner.boot, "pid": owner.pid, "started": owner.started}
        txn.connection.execute(sa.insert(schema.run).values(row))

    @contextmanager
    def guard(self, shared: Iterable[str]) -> Iterator[None]:
        """Around one action: the lease is still held, and nobody else makes the same shared things meanwhile.

        Raises LeaseLost, Stopped, or Temporary when another run keeps a shared thing for too long.
        """
        self.check()
        self._go_on()
        names = sorted(shared)
        if not names:
            yield
            return
        self._wait_for(names)
        try:
            yield
        finally:
            self.registry.write(lambda txn: self._let_go(txn, names))

    def _wait_for(self, names: list[str]) -> None:
        patiently(
            lambda: self.registry.write(lambda txn: self._acquire_more(txn, names)), SHARED_WAIT_S, look=self._go_on
        )

    def stopped(self) -> str:
        """Why nothing more may be begun, as a sentence; '' to go on. Asks nobody: the lease's renewal and check do."""
        why = ""
        if self._cancelled_by:
            why = f"{self._cancelled_by} cancelled this run"
        elif time.monotonic() > self._ends:
            why = f"the {self.limit:g} s that this run was given were over"
        return f"not tried: {why}; run it again to go on" if why else ""

    def _go_on(self) -> None:
        words = self.stopped()
        if words:
            raise Stopped(words)

    def _acquire_more(self, txn: Transaction, names: list[str]) -> None:
        self.confirm(txn)
        self.acquire(txn, names)

    def _let_go(self, txn: Transaction, names: list[str]) -> None:
        mine = (schema.lease.c.run == self.id, schema.lease.c.name.in_(names))
        txn.connection.execute(sa.delete(schema.lease).where(*mine))

    def check(self) -> None:
        """Called before every action. Raises LeaseLost when another run has taken over."""
        self.registry.read(self.confirm)

    def confirm(self, txn: Transaction) -> None:
        """As `check`, in the caller's transaction, so that what it writes is written under the lease or not at all."""
        self._cancelled_by, expires = self._recorded(txn)
        if expires <= txn.now():
            raise LeaseLost(
                f"another run took over from {self.purpose} while this one was paused; run it again to see the state"
            )

    def _recorded(self, txn: Transaction) -> tuple[str, float]:
        """Who cancelled it, and until when it holds its leases: 0 when they are lost."""
        query = sa.select(schema.run.c.cancelled_by, schema.run.c.expires_at).where(schema.run.c.id == self.id)
        found = txn.connection.execute(query).one_or_none()
        return (found.cancelled_by, found.expires_at) if found else (self._cancelled_by, 0.0)

    def keep(self) -> None:
        """Renew at a third of the time until `release`; the time that it was given begins."""
        if self.limit:
            self._ends = time.monotonic() + self.limit
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    def _renew(self) -> None:
        while not self._stop.wait(self.seconds / 3):
            try:
                self.registry.write(self._extend)
            except StackwrightError:
                continue  # `check` decides whether the lease is lost; a busy registry alone is no reason

    def _extend(self, txn: Transaction) -> None:
        now = txn.now()
        mine = (schema.run.c.id == self.id, schema.run.c.expires_at > now)
        txn.connection.execute(sa.update(schema.run).where(*mine).values(expires_at=now + self.seconds))
        self._cancelled_by, _ = self._recorded(txn)

    def release(self) -> None:
        """Give everything back; harmless when nothing was taken."""
        self._stop.set()
        if self._thread:
            self._thread.join()
        if self._held:
            self.registry.write(self.drop)

    def drop(self, txn: Transaction) -> None:
        """Forget this run, in the caller's transaction."""
        _drop(txn, self.id)


@contextmanager
def alone(registry: Registry, purpose: str, patience: float, say: Callable[[str], None]) -> Iterator[Run]:
    """Nobody else is at work meanwhile: who is, is waited for, and who would begin waits.

    patience: seconds. Raises Temporary when they are over, and LeaseLost in the end when somebody began all the same.
    """
    run = Run(registry, purpose)
    ends = time.monotonic() + patience
    try:
        patiently(lambda: registry.write(lambda txn: run.acquire(txn, [EVERYTHING])), patience, say)
        run.keep()
        patiently(lambda: registry.write(lambda txn: _nobody_else(txn, run.id)), ends - time.monotonic(), say)
        yield run
        run.check()
    finally:
        run.release()


def patiently(
    attempt: Callable[[], Found],
    seconds: float,
    say: Callable[[str], None] = lambda line: None,
    look: Callable[[], None] = lambda: None,
) -> Found:
    """Try again while another run is at work on the same. Raises Temporary when that takes too long.

    say: gets a line for people about each that is waited for. look: may raise to wait no longer.
    """
    ends = time.monotonic() + seconds
    told = ""
    while True:
        try:
            return attempt()
        except Busy as error:
            if time.monotonic() > ends:
                raise Temporary(f"gave up waiting for {error}; run this again later") from error
            if str(error) != told:
                told = str(error)
                say(f"waiting for {told}")
            look()
            time.sleep(PAUSE_S)


def _nobody_else(txn: Transaction, run: str) -> None:
    """Raises Busy while another run holds anything."""
    _sweep(txn, txn.now())
    query = sa.select(schema.run).join(schema.lease).where(schema.run.c.id != run)
    others = txn.connection.execute(query).mappings().first()
    if others:
        raise Busy(f"{_who(dict(others))}, which is at work")


def at_work(txn: Transaction) -> list[str]:
    """The living runs, as messages name them. In a writing transaction none can begin until its end."""
    _sweep(txn, txn.now())
    return [_who(row) for row in txn.connection.execute(sa.select(schema.run)).mappings()]


def _who(row: Mapping[Any, Any]) -> str:
    return f"{row['purpose']} (pid {row['pid']}, run {row['id']})"


def cancel(txn: Transaction, name: str, by: str) -> str:
    """Ask the living run that has this id, or holds the lease of this name, to begin nothing more.

    The run's purpose; '' where there is none. Whoever asked first is remembered.
    """
    _sweep(txn, txn.now())
    known = sa.select(schema.run).where(schema.run.c.id == name)
    found = [*txn.connection.execute(known).mappings(), *_holders(txn, [name], but="")]
    if not found:
        return ""
    this = (schema.run.c.id == found[0]["id"], schema.run.c.cancelled_by == "")
    txn.connection.execute(sa.update(schema.run).where(*this).values(cancelled_by=by[:255]))
    return str(found[0]["purpose"])


def _drop(txn: Transaction, run: str) -> None:
    txn.connection.execute(sa.delete(schema.lease).where(schema.lease.c.run == run))
    txn.connection.execute(sa.delete(schema.run).where(schema.run.c.id == run))


def _sweep(txn: Transaction, now: float) -> None:
    """Forget every run that is dead or silent, with its leases."""
    for row in txn.connection.execute(sa.select(schema.run)).mappings().all():
        if not _alive(dict(row), now):
            _drop(txn, row["id"])


def _holders(txn: Transaction, names: list[str], but: str) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for part in chunked(names):
        query = sa.select(schema.run).join(schema.lease).where(schema.lease.c.name.in_(part), schema.run.c.id != but)
        found |= {row["id"]: dict(row) for row in txn.connection.execute(query).mappings()}
    return list(found.values())


def _held(txn: Transaction, run: str) -> set[str]:
    return set(txn.connection.execute(sa.select(schema.lease.c.name).where(schema.lease.c.run == run)).scalars())


def _alive(row: dict[str, Any], now: float) -> bool:
    seen = Owner(row["machine"], row["boot"], row["pid"], row["started"]).alive()
    return seen is not False and bool(row["expires_at"] > now)
