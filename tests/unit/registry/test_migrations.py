# SPDX-License-Identifier: Apache-2.0
"""From every revision to the newest, with data in every table: nothing is lost, and tables are as the code has them."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from stackwright.registry import migrate
from stackwright.registry.database import Registry

REVISIONS = [item.revision for item in ScriptDirectory.from_config(migrate._config()).walk_revisions()][::-1]
VALUES: dict[type, Any] = {object: {"a": ["ä", 1, None]}, int: 1, float: 1700000000.123456, bool: True}


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """Those that there are."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def _value(column: sa.Column[Any]) -> Any:
    if column.foreign_keys:
        return next(iter(column.foreign_keys)).column.table.name
    if column.type.python_type is not str:
        return VALUES[column.type.python_type]
    return column.table.name if column.primary_key else f"{column.name}'s ä"


def _fill(connection: sa.Connection) -> None:
    for table in _tables(connection):
        connection.execute(sa.insert(table), {column.name: _value(column) for column in table.columns})


def _content(connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    return {
        table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
        for table in _tables(connection)
    }


@pytest.mark.parametrize("revision", REVISIONS)
def test_nothing_is_lost_from_this_revision_on(registry_url: str, revision: str) -> None:
    registry = Registry(registry_url)
    with registry.engine.connect().execution_options(stackwright_writes=True) as connection, connection.begin():
        command.upgrade(migrate._config(connection), revision)
        _fill(connection)
        before = _content(connection)
    assert all(before.values())
    assert migrate.migrate(registry) is (revision != migrate.newest())
    with registry.engine.connect() as connection:
        after = _content(connection)
    kept = {
        name: [{column: row.get(column) for column in rows[0]} for row in after.get(name, [])]
        for name, rows in before.items()
    }
    assert kept == before
    assert migrate.differences(registry) == []
    registry.close()
