# SPDX-License-Identifier: Apache-2.0
"""Copies of a whole registry, row by row, whatever database it is in; who is at work is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from stackwright.engine.errors import InvalidInput
from stackwright.registry import schema
from stackwright.registry.database import Registry
from stackwright.registry.migrate import current, migrate, newest

ROWS = 1000
TABLES = [table for table in schema.metadata.sorted_tables if table not in (schema.run, schema.lease)]


def copy_to_file(registry: Registry, target: Path) -> str:
    """Copy one consistent state into a new SQLite file, for its owner alone; the revision that it is at.

    Raises InvalidInput for a registry of another version.
    """
    revision = current(registry)
    if revision is None or revision != newest():
        raise InvalidInput("the registry is of another version than this library; run `stackwright init` first")
    copy = Registry(f"sqlite:///{target}")
    try:
        migrate(copy)
        with _one_state(registry) as source, copy.engine.begin() as into:
            for table in TABLES:
                for rows in read(source, table):
                    into.execute(sa.insert(table), [dict(row) for row in rows])
    finally:
        copy.close()  # the last connection writes everything into the one file
    return revision


@contextmanager
def _one_state(registry: Registry) -> Iterator[sa.Connection]:
    with registry.engine.connect() as connection:
        if not registry.is_sqlite:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def read(connection: sa.Connection, table: sa.Table) -> Iterator[Sequence[sa.RowMapping]]:
    """A table, some rows at a time, so that memory is enough for any."""
    with connection.execute(sa.select(table).execution_options(yield_per=ROWS)) as found:
        yield from found.mappings().partitions()
