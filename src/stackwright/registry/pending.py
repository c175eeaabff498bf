# SPDX-License-Identifier: Apache-2.0
"""Writes that wait until something is read, so that each table is written to once and not for every resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from stackwright.registry import schema

UPDATE_ROW = sa.update(schema.resource).where(schema.resource.c.id == sa.bindparam("row"))
ADD = {table.name: sa.insert(table) for table in schema.metadata.tables.values()}
DROP = {
    table.name: sa.delete(table).where(*(column == sa.bindparam(f"the_{column.name}") for column in table.primary_key))
    for table in schema.metadata.tables.values()
}
Key = tuple[str, ...]


class Pending:
    """Columns of resources that change, and rows of the other tables that come and go, by their primary keys."""

    def __init__(self) -> None:
        self._columns: dict[str, dict[str, Any]] = {}
        self._gone: dict[str, set[Key]] = {}
        self._added: dict[str, dict[Key, Mapping[str, Any]]] = {}

    def update(self, resource_id: str, columns: Mapping[str, Any]) -> None:
        """Give columns of one resource other values."""
        self._columns.setdefault(resource_id, {}).update(columns)

    def add(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """Add a row, in place of the one with its key that was dropped, if any was."""
        key = tuple(row[column.name] for column in table.primary_key)
        self._added.setdefault(table.name, {})[key] = row

    def drop(self, table: sa.Table, *key: str) -> None:
        """Remove a row; `key` has the values of its primary key in the table's order."""
        if self._added.get(table.name, {}).pop(key, None) is None:
            self._gone.setdefault(table.name, set()).add(key)

    def flush(self, connection: sa.Connection) -> None:
        """Write all of it."""
        columns, gone, added = self._columns, self._gone, self._added
        self._columns, self._gone, self._added = {}, {}, {}
        for rows in _alike(columns):
            connection.execute(UPDATE_ROW, rows)
        for name, keys in gone.items():
            connection.execute(DROP[name], [_named(name, key) for key in sorted(keys)])
        for name, found in added.items():
            if found:
                connection.execute(ADD[name], list(found.values()))


def _alike(columns: Mapping[str, Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """Rows with the same columns together, which one statement can write."""
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for item, values in columns.items():
        found.setdefault(tuple(sorted(values)), []).append({"row": item, **values})
    return list(found.values())


def _named(table: str, key: Key) -> dict[str, str]:
    names = [f"the_{column.name}" for column in schema.metadata.tables[table].primary_key]
    return dict(zip(names, key, strict=True))
