# SPDX-License-Identifier: Apache-2.0
"""What waits to be written: nobody who reads inside the transaction notices, and each table is written to once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from stackwright.engine.errors import Exhausted
from stackwright.engine.resource import Resource
from stackwright.registry.database import Registry
from stackwright.registry.migrate import migrate
from stackwright.registry.transaction import Transaction


@pytest.fixture(params=["sqlite", "postgresql"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    url = f"sqlite:///{tmp_path}/registry.sqlite"
    found = Registry(request.getfixturevalue("postgres_url") if request.param == "postgresql" else url)
    migrate(found)
    yield found
    found.close()


def _some(number: int) -> list[Resource]:
    return [Resource(f"{n:036}", "port", "", "", f"port{n}", f"port{n}", {}) for n in range(number)]


def test_a_reader_in_the_same_transaction_sees_it(registry: Registry) -> None:
    def work(txn: Transaction) -> None:
        one, two = _some(2)
        txn.insert([one, two])
        assert [row.status for row in txn.select(kind="port")] == [one.status] * 2
        txn.update(one, status="active", host="here")
        txn.update(txn.get(one.id), status="error")
        txn.refer(one.id, [two.id])
        txn.allocate("mac", "a", one.id)
        txn.charge(one, {"ports": 1})
        assert [row.id for row in txn.select(status="error")] == [one.id]
        assert txn.sources([two.id]) == {two.id: {one.id}}
        assert txn.taken("mac") == {"a": one.id}

    registry.write(work)
    row = registry.read(lambda txn: txn.get(f"{0:036}"))
    assert (row.status, row.host) == ("error", "here")
    assert registry.read(lambda txn: txn.counters([""])) == {("", "ports"): 1}


def test_a_value_changes_hands(registry: Registry) -> None:
    one, two = _some(2)
    registry.write(lambda txn: (txn.insert([one, two]), txn.allocate("mac", "a", one.id)))

    def swap(txn: Transaction) -> None:
        txn.release("mac", "a", one.id)
        txn.allocate("mac", "a", two.id)
        txn.allocate("mac", "b", one.id)
        txn.release("mac", "b", one.id)
        txn.release("mac", "a", one.id)  # it is not this one's any more

    registry.write(swap)
    assert registry.read(lambda txn: txn.taken("mac")) == {"a": two.id}


def test_a_counter_keeps_to_its_limit_and_what_was_used_before(registry: Registry) -> None:
    def fill(txn: Transaction) -> None:
        txn.set_limit("host", "ram", 10)
        txn.use("host", "ram", 10, "ram of the host")
        with pytest.raises(Exhausted, match="ram of the host is used up"):
            txn.use("host", "ram", 1, "ram of the host")
        txn.set_limit("host", "ram", 5)  # it shrank below what is used: that stays, and nothing more fits
        txn.use("host", "ram", -2, "")
        with pytest.raises(Exhausted):
            txn.use("host", "ram", 3, "ram of the host")

    registry.write(fill)
    assert registry.read(lambda txn: txn.counters(["host"])) == {("host", "ram"): 8}


def test_what_is_not_committed_stays_as_it_was(registry: Registry) -> None:
    registry.write(lambda txn: txn.insert(_some(1)), commit=False)
    assert registry.read(lambda txn: txn.select(kind="port")) == []


def test_a_table_is_written_to_once_for_all_resources(registry: Registry) -> None:
    written: list[str] = []
    sa.event.listen(registry.engine, "before_cursor_execute", lambda *a: written.append(a[2].split()[0]))
    resources = _some(50)

    def work(txn: Transaction) -> None:
        txn.insert(resources)
        txn.counters([""])
        for number, item in enumerate(resources):
            txn.update(item, status="active")
            txn.allocate("mac", str(number), item.id)
            txn.charge(item, {"ports": 1})
            txn.refer(item.id, [resources[0].id])

    registry.write(work)
    assert written.count("UPDATE") == 1
    assert written.count("INSERT") == 4  # rows, references, values, a counter
