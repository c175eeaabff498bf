# SPDX-License-Identifier: Apache-2.0
"""The registry on both databases: migrations, constraints, retries, consistent reads, usage."""

from __future__ import annotations

import stat
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from sandbox import Place, Sandbox, flaws, request, server
from stackwright.engine.errors import Exhausted, Temporary
from stackwright.engine.resource import Resource
from stackwright.registry import database, migrate, schema
from stackwright.registry.database import Registry
from stackwright.registry.transaction import Transaction


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    opened = Registry(registry_url)
    migrate.migrate(opened)
    yield opened
    opened.close()


def _resource(name: str = "a", **more: Any) -> Resource:
    return Resource(
        **{
            "id": str(uuid.uuid4()),
            "kind": "k",
            "project": "",
            "owner": "",
            "key": name,
            "name": name,
            "spec": {},
            **more,
        }
    )


# Migrations


def test_migrations_build_what_the_code_expects(registry_url: str) -> None:
    registry = Registry(registry_url)
    assert migrate.current(registry) is None
    assert migrate.migrate(registry) is True
    assert migrate.migrate(registry) is False
    assert migrate.current(registry) == migrate.newest()
    assert migrate.differences(registry) == []
    registry.close()


def test_events_of_before_belong_to_nobody(registry_url: str) -> None:
    registry = Registry(registry_url)
    with registry.engine.connect().execution_options(stackwright_writes=True) as connection, connection.begin():
        command.upgrade(migrate._config(connection), "0001")
        connection.execute(
            sa.text(
                "INSERT INTO event (at, actor, project, resource, kind, name, action, message)"
                " VALUES (1, 'me', '', 'r', 'k', 'n', 'created', '')"
            )
        )
    assert migrate.migrate(registry) is True
    assert migrate.differences(registry) == []
    (event,) = registry.read(lambda txn: txn.events(10))
    assert (event["name"], event["owner"], event["path"]) == ("n", "", "")
    registry.close()


def test_events_of_an_owner_are_its_own_and_those_of_what_it_owns(registry: Registry) -> None:
    about = dict.fromkeys(("actor", "project", "kind", "action", "message"), "")
    rows = [("s", "", "stack"), ("a", "s", "web"), ("b", "s", "web/nic-0"), ("c", "", "other")]
    events = [{**about, "resource": item, "owner": owner, "name": path, "path": path} for item, owner, path in rows]
    registry.write(lambda txn: txn.record_events(events))
    assert [event["name"] for event in registry.read(lambda txn: txn.events(10, owner="s"))] == [
        "stack",
        "web",
        "web/nic-0",
    ]


def test_differences_are_found(registry: Registry) -> None:
    with registry.engine.begin() as connection:
        connection.execute(sa.text("DROP INDEX ix_resource_owner"))
    assert len(migrate.differences(registry)) == 1


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    registry = Registry(f"sqlite:///{tmp_path}/deep/registry.sqlite")
    migrate.migrate(registry)
    assert stat.S_IMODE((tmp_path / "deep/registry.sqlite").stat().st_mode) == 0o600
    registry.close()


def test_a_registry_that_was_never_made_says_how_to_make_it(registry_url: str) -> None:
    registry = Registry(registry_url)
    with pytest.raises(Temporary, match="run `stackwright init`"):
        registry.read(lambda txn: txn.select())
    registry.close()


# Constraints


def _insert(table: sa.Table, **row: Any) -> Callable[[Transaction], None]:
    def work(txn: Transaction) -> None:
        txn.connection.execute(sa.insert(table).values(**row))

    return work


def test_no_value_is_given_out_twice_no_key_is_there_twice_no_counter_passes_its_limit(registry: Registry) -> None:
    first, second = _resource("a"), _resource("b")
    registry.write(lambda txn: txn.insert([first, second]))
    registry.write(lambda txn: txn.allocate("mac", "fa:16:3e:00:00:01", first.id))
    registry.write(_insert(schema.usage, owner="o", used=5, limit=10, **{"class": "ram"}))
    twin = {**vars_of(first), "id": str(uuid.uuid4())}
    forbidden = [
        lambda txn: txn.allocate("mac", "fa:16:3e:00:00:01", second.id),
        _insert(schema.resource, **twin, charges={}, created_at=0, updated_at=0),
        _insert(schema.usage, owner="p", used=11, limit=10, **{"class": "ram"}),
        _insert(schema.usage, owner="p", used=-1, limit=None, **{"class": "ram"}),
        _insert(schema.allocation, pool="mac", key="fa:16:3e:00:00:02", resource="nobody", slot=""),
        _insert(schema.claim, resource=first.id, host="nobody", vcpus=1, ram=1, disk=1),
        lambda txn: txn.connection.execute(sa.update(schema.usage).values(used=11)),
    ]
    for work in forbidden:
        with pytest.raises(sa.exc.IntegrityError):
            registry.write(work)
    with pytest.raises(Exhausted, match="the last GiB is used up"):
        registry.write(lambda txn: txn.use("o", "ram", 6, "the last GiB"))


def vars_of(resource: Resource) -> dict[str, Any]:
    """A resource as a row."""
    return {name: getattr(resource, name) for name in Resource.__slots__}


def test_what_is_removed_gives_everything_back(registry: Registry) -> None:
    host, guest = _resource("host"), _resource("guest", project="p")

    def fill(txn: Transaction) -> None:
        txn.insert([host, guest])
        txn.refer(guest.id, [host.id])
        txn.allocate("mac", "m", guest.id)
        txn.set_limit(host.id, "ram", 1024)
        txn.claim(guest, host, {"vcpus": 1, "ram": 1024, "disk": 1})
        txn.charge(guest, {"instances": 1})

    registry.write(fill)
    assert registry.read(lambda txn: txn.counters([host.id]))[host.id, "ram"] == 1024
    registry.write(lambda txn: txn.remove([guest.id]))
    assert registry.read(lambda txn: txn.taken("mac")) == {}
    assert registry.read(lambda txn: set(txn.counters([host.id, "p"]).values())) == {0}
    registry.write(lambda txn: txn.remove([host.id]))


def test_a_limit_below_what_is_used_lets_nothing_more_in(registry: Registry) -> None:
    host, guest, late = _resource("host"), _resource("guest"), _resource("late")
    registry.write(lambda txn: txn.insert([host, guest, late]))
    registry.write(lambda txn: txn.claim(guest, host, {"vcpus": 1, "ram": 800, "disk": 1}))
    registry.write(lambda txn: txn.set_limit(host.id, "ram", 500))
    with pytest.raises(Exhausted):
        registry.write(lambda txn: txn.claim(late, host, {"vcpus": 1, "ram": 1, "disk": 1}))


# Transactions


def test_without_commit_nothing_stays(registry: Registry) -> None:
    assert registry.write(lambda txn: txn.insert([_resource()]) or len(txn.select()), commit=False) == 1
    assert registry.read(lambda txn: txn.select()) == []


def test_after_an_error_nothing_stays(registry: Registry) -> None:
    def work(txn: Transaction) -> None:
        txn.insert([_resource()])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        registry.write(work)
    assert registry.read(lambda txn: txn.select()) == []


def test_a_busy_registry_is_tried_again(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def work(txn: Transaction) -> str:
        tries.append(txn)
        if len(tries) < 3:
            raise _busy(registry)
        return "done"

    assert registry.write(work) == "done"
    assert registry.read(work) == "done"
    assert len(tries) == 4
    monkeypatch.setattr(database, "ATTEMPTS", 3)
    monkeypatch.setattr(database.time, "sleep", lambda seconds: None)
    tries.clear()
    with pytest.raises(Temporary, match="stayed busy over 3 attempts; try again"):
        registry.write(lambda txn: work(tries.clear() or txn))  # type: ignore[func-returns-value]


def _busy(registry: Registry) -> sa.exc.DBAPIError:
    """What each database says after a lost race."""
    if registry.is_sqlite:
        return sa.exc.OperationalError("", {}, Exception("database is locked"))
    lost = Exception("deadlock detected")
    lost.sqlstate = "40P01"  # type: ignore[attr-defined]
    return sa.exc.OperationalError("", {}, lost)


def test_a_reader_sees_one_state_while_others_write(registry: Registry) -> None:
    registry.write(lambda txn: txn.insert([_resource("before")]))

    def read(txn: Transaction) -> list[int]:
        seen = [len(txn.select())]
        writer = threading.Thread(target=lambda: registry.write(lambda other: other.insert([_resource("after")])))
        writer.start()
        writer.join()
        return [*seen, len(txn.select())]

    assert registry.read(read) == [1, 1]
    assert len(registry.read(lambda txn: txn.select())) == 2


def test_writers_come_one_at_a_time(registry: Registry) -> None:
    registry.write(lambda txn: txn.set_setting("n", "0"))

    def increment() -> None:
        for _ in range(10):
            registry.write(lambda txn: txn.set_setting("n", str(int(txn.setting("n") or 0) + 1)))

    writers = [threading.Thread(target=increment) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert registry.read(lambda txn: txn.setting("n")) == "40"


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    registry = Registry("postgresql://me:hunter2@127.0.0.1:1/registry")
    with pytest.raises(Temporary) as caught:
        registry.read(lambda txn: txn.select())
    assert "postgresql://me:***@127.0.0.1:1/registry does not answer" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_sums_equal_counters(new_place: Callable[[], Place]) -> None:
    with Sandbox(new_place()) as cloud:
        cloud.ensure(request(server("one", floating_ip="public"), server("two", flavor="m1.small")))
        assert flaws(cloud) == []
        cloud.ensure(request(server("one", flavor="m1.medium", floating_ip="")))
        assert flaws(cloud) == []
        cloud.drop("instance", "two")
        cloud.drop("instance", "one")
        assert flaws(cloud) == []


def test_what_is_written_is_in_no_error(registry: Registry) -> None:
    def break_it(txn: Transaction) -> None:
        for _ in range(2):
            txn.connection.execute(sa.insert(schema.setting), {"key": "same", "value": "swordfish"})

    with pytest.raises(sa.exc.IntegrityError) as caught:
        registry.write(break_it)
    assert "swordfish" not in str(caught.value)
