# SPDX-License-Identifier: Apache-2.0
"""Registries to test on: SQLite files, and a PostgreSQL server of one's own; and clouds on memory drivers."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from sandbox import BASE, Place, Sandbox, copy, request
from stackwright.registry.database import Registry

# The same examples every time, however slow, so that a run says something about the change and not about luck;
# --hypothesis-profile=default looks for others.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

POSTGRES = Path("/usr/lib/postgresql/15/bin")
_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL server without the name of a database; it listens on a socket in a temporary folder."""
    assert POSTGRES.is_dir(), "PostgreSQL is missing: apt-get install postgresql-15"
    folder = Path(tempfile.mkdtemp(prefix="stackwright-postgres-", dir="/tmp"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    data = folder / "data"
    initdb = [*as_user, POSTGRES / "initdb", "--auth=trust", "--no-sync", "--username=stackwright", data]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder)
    # Durability is PostgreSQL's own business: its processes are not killed here, those of the engine are.
    settings = ["-F", "-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "max_connections=200"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*as_user, POSTGRES / "postgres", "-D", data, *settings], stderr=log, cwd=folder)
    url = f"postgresql+psycopg://stackwright@/%s?host={folder}"
    ready = [POSTGRES / "pg_isready", "-q", "-h", folder, "-t", "5"]
    while subprocess.run(ready, check=False).returncode:
        assert server.poll() is None, f"PostgreSQL ended at once: {(folder / 'log').read_text()}"
    yield url
    subprocess.run(
        [*as_user, POSTGRES / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
        check=True,
        cwd=folder,
        capture_output=True,
    )
    server.wait()
    shutil.rmtree(folder)


def _create_database(server: str, template: str = "template0") -> str:
    name = f"registry{next(_numbers)}"
    engine = sa.create_engine(server % "postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return server % name


@pytest.fixture(params=["sqlite", "postgresql"])
def registry_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/registry.sqlite"
    return _create_database(request.getfixturevalue("postgres"))


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """URL of an empty PostgreSQL database."""
    return _create_database(postgres)


def _furnish(place: Place) -> Place:
    """A new cloud with two hosts, a key, an image, and a network that a router leads outside."""
    with Sandbox(place) as cloud:
        cloud.initialise()
        cloud.add_host("host1")
        cloud.add_host("host2")
        assert not cloud.ensure(request(*BASE)).errors
    return place


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A furnished cloud on SQLite, to copy."""
    folder = tmp_path_factory.mktemp("furnished")
    place = _furnish(Place(f"sqlite:///{folder}/registry.sqlite", folder / "world.sqlite"))
    with Registry(place.url).engine.connect() as connection:  # so that one file is the whole database
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return place


@pytest.fixture(scope="session")
def furnished_postgres(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The same on PostgreSQL."""
    return _furnish(Place(_create_database(postgres), tmp_path_factory.mktemp("furnished") / "world.sqlite"))


@pytest.fixture
def place(furnished: Place, tmp_path: Path) -> Place:
    """A furnished cloud of one's own, on SQLite."""
    return copy(furnished, tmp_path)


@pytest.fixture
def cloud(place: Place) -> Iterator[Sandbox]:
    """An open furnished cloud, on SQLite."""
    with Sandbox(place) as opened:
        yield opened


def _another(source: Place, folder: Path, request: pytest.FixtureRequest) -> Place:
    """The same cloud a second time."""
    if source.url.startswith("sqlite"):
        return copy(source, folder)
    folder.mkdir()
    shutil.copy(source.world, folder / "world.sqlite")
    shutil.copy(source.key, folder / "registry.key")
    server: str = request.getfixturevalue("postgres")
    return Place(_create_database(server, sa.make_url(source.url).database or ""), folder / "world.sqlite")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Place]:
    """Makes furnished clouds, one after the other, on each database."""

    name = "furnished" if request.param == "sqlite" else "furnished_postgres"
    return lambda: _another(request.getfixturevalue(name), tmp_path / str(next(_numbers)), request)


@pytest.fixture(params=["to postgresql", "to sqlite"])
def direction(request: pytest.FixtureRequest) -> str:
    """Which way a registry moves."""
    return str(request.param)


@pytest.fixture
def moving_place(direction: str, request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A furnished cloud whose registry is to move."""
    name = "furnished" if direction == "to postgresql" else "furnished_postgres"
    return _another(request.getfixturevalue(name), tmp_path / "moving", request)


@pytest.fixture
def empty_url(direction: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where it moves to."""
    if direction == "to postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/fresh.sqlite"
