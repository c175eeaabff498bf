# SPDX-License-Identifier: Apache-2.0
"""Bring a registry to the newest schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from stackwright.registry.database import Registry, sqlite_path
from stackwright.registry.schema import metadata


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate(registry: Registry) -> bool:
    """Run the revisions that are missing; True when there were any. The file is for its owner alone."""
    if path := sqlite_path(registry.url):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    if current(registry) == newest():
        return False
    with (
        registry.engine.connect().execution_options(stackwright_writes=True) as connection,
        _without_cascades(connection),
        connection.begin(),
    ):
        command.upgrade(_config(connection), "head")
    return True


@contextmanager
def _without_cascades(connection: sa.Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew: dropping the old one would take along every row that refers to it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")  # which has no effect inside a transaction
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def current(registry: Registry) -> str | None:
    """The revision that the registry is at; None before the first."""
    with registry.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision that this library needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def knows(revision: str) -> bool:
    """Whether this library can bring a registry of that revision to its own."""
    return any(item.revision == revision for item in ScriptDirectory.from_config(_config()).walk_revisions())


def differences(registry: Registry) -> list[object]:
    """What the migrated schema lacks of the tables as the code has them; empty when they agree."""
    with registry.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))
