# SPDX-License-Identifier: Apache-2.0
"""Moves what a registry holds to another database.

All the while nobody can write to the old one, which stays in force until the new one is whole and was compared with it
row by row: `switch` decides, and is one step. What is left of a move that did not get that far is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from stackwright.engine.errors import Conflict, InvalidInput, Temporary
from stackwright.registry import migrate, schema
from stackwright.registry.address import checked
from stackwright.registry.copies import TABLES, read
from stackwright.registry.database import Registry, sqlite_path
from stackwright.registry.leases import at_work
from stackwright.registry.transaction import Transaction

UNFINISHED = "unfinished_copy"
"""The setting that tells a copy from a registry."""

Rows = Sequence[sa.RowMapping]


def open_target(url: str) -> Registry:
    """The database that a registry is to be moved to. Raises InvalidInput, without showing the URL."""
    return Registry(checked(url))


def move(
    source: Registry, target: Registry, switch: Callable[[], None], say: Callable[[str], None], check: bool = False
) -> int:
    """Copy, compare and switch; with `check`, see whether that can be. How many rows there are.

    Raises Conflict where the target is in use, and Temporary while a run is at work or a database does not answer.
    """
    if migrate.current(source) != migrate.newest():
        raise Conflict(f"the registry {source} is not of this library's version; run `stackwright init` first")

    def work(txn: Transaction) -> int:
        runs = at_work(txn)
        if runs:
            raise Temporary(f"{runs[0]} is at work; run this again once that has ended")
        _is_free(target)
        rows = sum(_count(txn.connection, table) for table in TABLES)
        if not check:
            _let_be(txn)
            migrate.migrate(target)
            target.write(lambda other: _copy(txn.connection, other, lambda done: say(f"copied {done} of {rows} rows")))
            target.read(lambda other: _compare(txn.connection, other, say))
            switch()
        return rows

    return source.write(work, commit=not check)


def finish(source: Registry, target: Registry) -> str:
    """After the switch: the copy is a registry. Where the old one is kept."""
    target.write(_let_be)
    path = sqlite_path(source.url)
    if path is None:
        return f"{source}, unchanged; drop that database when you do not need it any more"
    connection = source.engine.raw_connection()
    connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that one file is the whole of it
    connection.close()
    source.close()
    kept = path.with_name(f"{path.name}.moved-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    path.rename(kept)
    return str(kept)


def _let_be(txn: Transaction) -> None:
    """This is no copy that could be thrown away, also if it is the target of another move one day."""
    txn.connection.execute(sa.delete(schema.setting).where(schema.setting.c.key == UNFINISHED))


def _is_free(target: Registry) -> None:
    """Raises Conflict for a database that holds more than an unfinished copy."""
    path = sqlite_path(target.url)
    if path and not path.exists():
        return
    with target.connection() as connection:
        names = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
        foreign = names - schema.metadata.tables.keys()
        if foreign:
            raise Conflict(f"{target} has a table {min(foreign)}, which is not ours; name a database for this alone")
        if names and not _is_copy(connection) and any(_count(connection, schema.metadata.tables[it]) for it in names):
            raise Conflict(f"{target} holds a registry already; name an empty database")


def _is_copy(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(schema.setting).where(schema.setting.c.key == UNFINISHED)).first() is not None


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _copy(source: sa.Connection, target: Transaction, tell: Callable[[int], None]) -> None:
    for table in reversed(TABLES):
        target.connection.execute(sa.delete(table))
    target.set_setting(UNFINISHED, "yes")
    done = 0
    for table in TABLES:
        for rows in read(source, table):
            _insert(target.connection, table, rows)
            done += len(rows)
            tell(done)
        _go_on_counting(target.connection, table)


def _insert(target: sa.Connection, table: sa.Table, rows: Rows) -> None:
    try:
        target.execute(sa.insert(table), [dict(row) for row in rows])
    except sa.exc.DataError as error:
        cause = str(error.orig).strip().splitlines()[0]
        raise InvalidInput(
            f"table {table.name} does not fit into the new database ({cause}); mend what it holds"
        ) from error


def _go_on_counting(target: sa.Connection, table: sa.Table) -> None:
    """New rows get numbers after those that were copied; SQLite sees to that itself."""
    column = table.autoincrement_column
    if column is not None and target.dialect.name == "postgresql":
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        following = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
        target.execute(sa.select(sa.func.setval(sequence, following, False)))


def _compare(source: sa.Connection, target: Transaction, say: Callable[[str], None]) -> None:
    """Raises Conflict for the first row that is not the same."""
    for table in TABLES:
        say(f"comparing table {table.name}")
        extra = 1 if table is schema.setting else 0  # the mark of the copy
        if _count(target.connection, table) != _count(source, table) + extra:
            raise Conflict(f"table {table.name} has another number of rows in the new database; the old one stays")
        for rows in read(source, table):
            _compare_rows(target.connection, table, rows)


def _compare_rows(target: sa.Connection, table: sa.Table, rows: Rows) -> None:
    columns = list(table.primary_key)
    wanted = {tuple(row[column.name] for column in columns): dict(row) for row in rows}
    query = sa.select(table).where(sa.tuple_(*columns).in_(list(wanted)))
    found = {tuple(row[column.name] for column in columns): dict(row) for row in target.execute(query).mappings()}
    wrong = next((key for key in wanted if found.get(key) != wanted[key]), None)
    if wrong is not None:
        name = " ".join(map(str, wrong))
        raise Conflict(f"row {name} of table {table.name} is another in the new database; the old one stays")
