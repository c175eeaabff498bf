# SPDX-License-Identifier: Apache-2.0
"""Leases: who is dead, who waits for whom, and how long."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from sandbox import Place, Sandbox, request
from stackwright.engine import intent
from stackwright.engine.errors import LeaseLost, Stopped, Temporary
from stackwright.engine.resource import Wish
from stackwright.engine.view import Picture
from stackwright.engine.view import take as take_picture
from stackwright.registry import schema
from stackwright.registry.database import Registry
from stackwright.registry.leases import EVERYTHING, Busy, Owner, Run, alone, cancel
from stackwright.registry.migrate import migrate
from stackwright.registry.transaction import Transaction


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    opened = Registry(registry_url)
    migrate(opened)
    yield opened
    opened.close()


def take(registry: Registry, run: Run, *names: str) -> None:
    registry.write(lambda txn: run.acquire(txn, names))


def holders(registry: Registry) -> dict[str, str]:
    with registry.engine.connect() as connection:
        return {row.name: row.run for row in connection.execute(sa.select(schema.lease))}


def pretend(registry: Registry, run: Run, **columns: object) -> None:
    """Change what is recorded of a run."""
    with registry.engine.begin() as connection:
        connection.execute(sa.update(schema.run).where(schema.run.c.id == run.id).values(**columns))


def test_one_run_at_a_time_has_a_name_and_the_other_is_told_who(registry: Registry) -> None:
    first, second = Run(registry, "ann: network web"), Run(registry, "bob")
    take(registry, first, "a", "b")
    take(registry, second, "c")
    with pytest.raises(Busy, match=rf"ann: network web \(pid {os.getpid()}, run {first.id}\), which is at work"):
        take(registry, second, "b", "d")
    assert holders(registry) == {"a": first.id, "b": first.id, "c": second.id}
    first.release()
    take(registry, second, "b")
    assert holders(registry) == {"b": second.id, "c": second.id}


def test_a_dead_process_of_this_machine_loses_its_leases_at_once(registry: Registry) -> None:
    gone = subprocess.Popen(["sleep", "60"])
    owner = Owner.of_process(gone.pid)
    dead, next_one = Run(registry, "dead"), Run(registry, "next")
    take(registry, dead, "a", "b")
    pretend(registry, dead, pid=owner.pid, started=owner.started)
    with pytest.raises(Busy):
        take(registry, next_one, "a")
    gone.kill()
    gone.wait()
    take(registry, next_one, "a")
    assert holders(registry) == {"a": next_one.id}


def test_a_process_that_got_the_same_pid_is_another_one(registry: Registry) -> None:
    first, second = Run(registry, "first"), Run(registry, "second")
    take(registry, first, "a")
    pretend(registry, first, started="1")
    take(registry, second, "a")
    assert holders(registry) == {"a": second.id}


def test_a_pid_from_before_the_last_boot_is_dead(registry: Registry) -> None:
    first, second = Run(registry, "first"), Run(registry, "second")
    take(registry, first, "a")
    pretend(registry, first, boot="another")
    take(registry, second, "a")
    assert holders(registry) == {"a": second.id}


def test_a_run_of_another_machine_is_dead_only_when_its_time_is_over(registry: Registry) -> None:
    far, near = Run(registry, "far"), Run(registry, "near")
    take(registry, far, "a")
    pretend(registry, far, machine="another", pid=1)
    with pytest.raises(Busy):
        take(registry, near, "a")
    pretend(registry, far, expires_at=registry.read(lambda txn: txn.now()) - 0.1)
    take(registry, near, "a")
    assert holders(registry) == {"a": near.id}


def test_a_lease_is_renewed_until_it_is_given_back(registry: Registry) -> None:
    run = Run(registry, "long", seconds=3.0)
    take(registry, run, "a")
    run.keep()
    time.sleep(4.0)
    run.check()
    run.release()
    assert holders(registry) == {}
    with pytest.raises(LeaseLost):
        run.check()


def test_a_lost_lease_is_not_won_back_by_renewing_or_by_a_shared_thing(registry: Registry) -> None:
    run, other = Run(registry, "slept"), Run(registry, "other")
    take(registry, run, "a")
    pretend(registry, run, expires_at=0)
    take(registry, other, "a")
    with pytest.raises(LeaseLost, match="another run took over from slept while this one was paused"), run.guard(["x"]):
        pytest.fail("it acted")
    registry.write(run._extend)
    with pytest.raises(LeaseLost):
        run.check()
    assert holders(registry) == {"a": other.id}


def test_a_cancelled_run_keeps_its_leases_and_acts_no_more(registry: Registry) -> None:
    run, other = Run(registry, "ann: stack s"), Run(registry, "bob: stack t")
    take(registry, run, "s")
    take(registry, other, "t")
    assert registry.write(lambda txn: cancel(txn, "nobody's", "eve")) == ""
    assert registry.write(lambda txn: cancel(txn, "s", "eve")) == "ann: stack s"
    assert registry.write(lambda txn: cancel(txn, run.id, "later")) == "ann: stack s"
    with pytest.raises(Stopped, match=r"^not tried: eve cancelled this run; run it again to go on$"), run.guard([]):
        pytest.fail("it acted")
    run.check()  # what it did, it may record
    with other.guard([]):
        pass
    assert holders(registry) == {"s": run.id, "t": other.id}


def test_a_renewal_hears_that_its_run_is_cancelled(registry: Registry) -> None:
    run = Run(registry, "long", seconds=3.0)
    take(registry, run, "a")
    run.keep()
    registry.write(lambda txn: cancel(txn, "a", "eve"))
    deadline = time.monotonic() + 60
    while not run.stopped():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    run.release()


def test_a_dead_run_cannot_be_cancelled(registry: Registry) -> None:
    run = Run(registry, "dead")
    take(registry, run, "a")
    pretend(registry, run, expires_at=0)
    assert registry.write(lambda txn: cancel(txn, "a", "eve")) == ""


def test_a_run_has_as_much_time_as_it_was_given(registry: Registry) -> None:
    run = Run(registry, "short", limit=0.1)
    take(registry, run, "a")
    time.sleep(0.15)
    assert run.stopped() == ""  # whom it had to wait for does not count
    run.keep()
    time.sleep(0.15)
    with pytest.raises(Stopped, match=r"^not tried: the 0.1 s that this run was given were over; run it again"):
        run.guard([]).__enter__()
    run.release()


def test_a_shared_thing_is_made_by_one_at_a_time(registry: Registry) -> None:
    runs = [Run(registry, name) for name in ("first", "second")]
    for run in runs:
        take(registry, run, run.purpose)
    seen: list[str] = []

    def make(run: Run) -> None:
        with run.guard(["image"]):
            seen.append(f"{run.purpose} begins")
            time.sleep(0.3)
            seen.append(f"{run.purpose} ends")

    threads = [threading.Thread(target=make, args=[run]) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [words.split()[1] for words in seen] == ["begins", "ends", "begins", "ends"]
    assert set(holders(registry)) == {"first", "second"}


def test_a_run_that_waits_says_for_whom_and_gives_up(
    new_place: Callable[[], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(intent, "WAIT_S", 0.5)
    with Sandbox(new_place(), say=said.append) as cloud:
        busy = Run(cloud.registry, "ann: network net")
        take(cloud.registry, busy, cloud.one("network", "net").id)
        wanted = request(Wish("network", "net", spec={"description": "x"}))
        assert cloud.ensure(wanted, check=True).changed, "check mode waits for nobody"
        with pytest.raises(Temporary, match=r"gave up waiting for ann: network net .*; run this again later"):
            cloud.ensure(wanted)
        assert said[0].startswith("waiting for ann: network net (pid ")
        assert cloud.ensure(replace(wanted, wishes=(Wish("network", "other"),))).errors == []
        busy.release()
        assert cloud.ensure(wanted).changed


def test_a_lease_outlives_a_look_that_takes_longer_than_it(new_place: Callable[[], Place]) -> None:
    with Sandbox(new_place(), lease_seconds=3.0) as cloud:
        quick = cloud.drivers["ovn"].observe

        def slow(scope: object) -> object:
            time.sleep(4.0)
            return quick(scope)  # type: ignore[arg-type]

        cloud.drivers["ovn"].observe = slow  # type: ignore[method-assign,assignment]
        assert cloud.wish("network", "other").errors == []


def test_a_lease_begins_when_it_is_taken_and_not_with_its_transaction(registry: Registry) -> None:
    run = Run(registry, "slow to decide")

    def slow(txn: Transaction) -> float:
        begun = txn.now()
        time.sleep(0.3)
        run.acquire(txn, ["a"])
        return begun

    begun = registry.write(slow)
    _, expires = registry.read(run._recorded)
    assert expires > begun + 0.2 + run.seconds


def test_a_declaration_may_take_longer_than_a_lease(
    new_place: Callable[[], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*given: Any) -> Picture:
        time.sleep(4.0)
        return take_picture(*given)

    monkeypatch.setattr(intent, "take", slow)
    with Sandbox(new_place(), lease_seconds=3.0) as cloud:
        assert cloud.wish("network", "other").errors == []


def test_who_wants_nobody_else_at_work_waits_for_the_others_and_keeps_new_ones_out(registry: Registry) -> None:
    told: list[str] = []
    first, late = Run(registry, "first"), Run(registry, "late")
    take(registry, first, "a")
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with alone(registry, "a backup", 60, told.append):
            entered.set()
            leave.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    while EVERYTHING not in holders(registry):
        time.sleep(0.01)
    with pytest.raises(Busy, match="a backup"):
        take(registry, late, "b")
    take(registry, first, "more")  # who has begun goes on
    while not told:
        time.sleep(0.01)
    assert not entered.is_set()
    first.release()
    assert entered.wait(60)
    with pytest.raises(Busy, match="a backup"):
        take(registry, late, "b")
    leave.set()
    thread.join()
    take(registry, late, "b")
    assert [line.split(" (")[0] for line in told] == ["waiting for first"]


def test_who_wants_nobody_else_at_work_gives_up_and_leaves_nothing(registry: Registry) -> None:
    first = Run(registry, "first")
    take(registry, first, "a")
    with pytest.raises(Temporary, match="gave up waiting for first"), alone(registry, "a backup", 0.3, str):
        raise AssertionError
    assert holders(registry) == {"a": first.id}
