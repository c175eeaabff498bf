# SPDX-License-Identifier: Apache-2.0
"""Connections and transactions: SQLite in WAL mode, or PostgreSQL.

Writers come one at a time on both: SQLite by BEGIN IMMEDIATE, PostgreSQL by an advisory lock taken first. A declare
takes milliseconds, so this costs little, and every read inside a writing transaction stays true until its commit.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from stackwright.engine.errors import Temporary
from stackwright.registry.transaction import Transaction
from stackwright.registry.vault import Vault

T = TypeVar("T")

WRITER_LOCK = 0x57AC
ATTEMPTS = 40
SQLITE_WAIT_S = 15.0
RETRIED_SQLSTATES = ("40001", "40P01")
MISSING_SQLSTATES = ("42P01", "42703")
SQLITE_BUSY = ("database is locked", "database table is locked")


class Registry:
    """Where everything that was declared is remembered. `url` is SQLAlchemy's.

    in_force: whether this is still the cloud's registry, which may be moved while somebody waits to write.
    vault: encrypts what is secret; without it everything is read and written as it is.
    """

    def __init__(self, url: str, in_force: Callable[[], bool] = lambda: True, vault: Vault | None = None) -> None:
        self.url = url
        self.engine = _engine(url)
        self.in_force = in_force
        self.vault = vault

    def __str__(self) -> str:
        return shown(self.url)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded default."""
        return self.engine.dialect.name == "sqlite"

    def write(self, work: Callable[[Transaction], T], commit: bool = True) -> T:
        """Run `work` in one writing transaction, again from its start after a lost race.

        With commit=False everything happens but stays: that is what check mode is made of.
        """
        return self._retry(lambda: self._once(work, commit))

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent state, without keeping writers out."""
        return self._retry(lambda: self._look(work))

    def _look(self, work: Callable[[Transaction], T]) -> T:
        with self.connection() as connection:
            if not self.is_sqlite:  # there, one state for all queries has to be asked for
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                self._stays()
                return work(Transaction(connection, self.vault))

    def _once(self, work: Callable[[Transaction], T], commit: bool) -> T:
        with self.connection() as connection:
            connection = connection.execution_options(stackwright_writes=True)
            with connection.begin() as begun:
                if not self.is_sqlite:
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
                self._stays()
                txn = Transaction(connection, self.vault)
                result = work(txn)
                txn.flush()
                if not commit:
                    begun.rollback()
                return result

    def _stays(self) -> None:
        """Called once nobody else can write. Raises Temporary."""
        if not self.in_force():
            raise Temporary("the registry was moved to another database meanwhile; run this again")

    def _retry(self, attempt: Callable[[], T]) -> T:
        for count in range(ATTEMPTS):
            try:
                return attempt()
            except DBAPIError as error:
                if not _lost_race(error):
                    raise
                time.sleep(random.uniform(0, min(0.5, 0.01 * 2**count)))  # noqa: S311 - spreads, hides nothing
        raise Temporary(f"the registry stayed busy over {ATTEMPTS} attempts; try again")

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """A connection. Raises Temporary where the database does not answer, or has no tables yet."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except (OperationalError, ProgrammingError) as error:
            if _lost_race(error) or (isinstance(error, ProgrammingError) and not _outdated(error)):
                raise
            raise _translated(error, self) from error

    def close(self) -> None:
        """Drop all connections."""
        self.engine.dispose()


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    # What is written may be secret, and errors are shown.
    engine = sa.create_engine(parsed, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # pysqlite must not begin transactions of its own
    connection.execute(f"PRAGMA busy_timeout = {int(SQLITE_WAIT_S * 1000)}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("stackwright_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _lost_race(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in RETRIED_SQLSTATES or str(error.orig) in SQLITE_BUSY


def _outdated(error: DBAPIError) -> bool:
    """Whether a table or a column is missing."""
    words = str(error.orig)
    return getattr(error.orig, "sqlstate", "") in MISSING_SQLSTATES or words.startswith(
        ("no such table", "no such col")
    )


def _translated(error: DBAPIError, registry: Registry) -> Temporary:
    cause = str(error.orig).strip().splitlines()[0]
    if "disk is full" in cause or "disk I/O" in cause:
        return Temporary(f"the registry's disk is full ({registry}): free some space and run this again")
    hint = "run `stackwright init`" if _outdated(error) else "see that it runs and can be reached"
    return Temporary(f"the registry {registry} does not answer ({cause}); {hint}")


def shown(url: str) -> str:
    """A URL for people, without what is secret in it."""
    return sa.make_url(url).set(query={}).render_as_string(hide_password=True)


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite registry; None for another database."""
    parsed = sa.make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def has_password(url: str) -> bool:
    """Whether there is a password in a URL, or in what cannot be read as one."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        return "@" in url
    return bool(parsed.password or "password" in parsed.query)
