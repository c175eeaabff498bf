# SPDX-License-Identifier: Apache-2.0
"""Applying: failures stay with those that they concern, places get no more than they take, a lost lease ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest

from stackwright.engine.apply import Done, apply
from stackwright.engine.errors import LeaseLost, Refused, Stopped
from stackwright.engine.objects import Action, Change, Object
from stackwright.engine.order import Step
from stackwright.engine.resource import Observation, Scope


@dataclass(frozen=True, kw_only=True)
class Thing(Object):
    """Anything."""

    driver = "d"


@dataclass
class Recorder:
    """A driver that notes what it is told, and fails where it is told to."""

    name: str = "d"
    parallel: int = 2
    failing: dict[str, Exception] = field(default_factory=dict)
    pause: float = 0.0
    told: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def apply(self, changes: Iterable[Change]) -> None:
        with self._lock:
            self.told += [change.object.name for change in changes]
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.pause)
        with self._lock:
            self.at_once -= 1
        for change in changes:
            if change.object.name in self.failing:
                raise self.failing[change.object.name]

    def observe(self, scope: Scope) -> Observation:
        pytest.fail("only changes are to be applied here")

    def settle(self, objects: Iterable[Object], timeout: float) -> list[str]:
        pytest.fail("only changes are to be applied here")

    def close(self) -> None:
        pytest.fail("only changes are to be applied here")


def step(name: str, *after: Step, place: str = "") -> Step:
    return Step("d", place, [Change(Action.CREATE, Thing(name=name, resource=name, place=place))], list(after))


@contextmanager
def free(_step: Step) -> Iterator[None]:
    yield


def run(steps: list[Step], driver: Recorder, stopped: Callable[[], str] = lambda: "") -> dict[str, str]:
    """Name -> error."""
    done: list[Done] = []
    assert apply(steps, {"d": driver}, free, done.append, stopped) == done
    return {item.change.object.name: item.error for item in done}


def test_everything_runs_after_what_it_needs() -> None:
    a = step("a")
    b, c = step("b", a), step("c", a)
    d = step("d", b, c)
    driver = Recorder()
    assert run([d, c, b, a], driver) == {"a": "", "b": "", "c": "", "d": ""}
    assert (driver.told[0], driver.told[-1]) == ("a", "d")


def test_a_failure_stops_what_needs_it_however_far_away_and_nothing_else() -> None:
    a = step("a")
    b = step("b", a)
    c = step("c", b)
    other = step("other")
    driver = Recorder(failing={"a": Refused("host1 says no")})
    errors = run([c, b, a, other], driver)
    assert errors["other"] == ""
    assert errors["a"] == "host1 says no"
    assert errors["b"] == errors["c"] == "not tried, because this failed before: host1 says no"
    assert sorted(driver.told) == ["a", "other"]


def test_a_fault_of_ours_is_named_and_stops_nobody_else() -> None:
    driver = Recorder(failing={"a": ZeroDivisionError("by zero")})
    assert run([step("a"), step("b")], driver) == {"a": "create Thing a: ZeroDivisionError: by zero", "b": ""}


def test_a_place_gets_only_so_many_at_once_and_places_work_in_parallel() -> None:
    driver = Recorder(parallel=2, pause=0.5)
    steps = [step(f"{place}{n}", place=place) for place in ("x", "y", "z") for n in range(4)]
    run(steps, driver)
    assert driver.most_at_once == 6


def test_a_lost_lease_ends_it_before_the_next_action() -> None:
    driver = Recorder(parallel=1)
    steps = [step("a")]
    for name in "bcd":
        steps.append(step(name, steps[-1]))

    @contextmanager
    def guard(of: Step) -> Iterator[None]:
        if of is steps[2]:
            raise LeaseLost("another run took over")
        yield

    with pytest.raises(LeaseLost):
        apply(steps, {"d": driver}, guard, lambda done: None)
    assert driver.told == ["a", "b"]


def pause(seconds: float, *after: Step) -> Step:
    return Step("", "", after=list(after), pause=seconds)


def test_a_run_that_is_stopped_begins_nothing_more_and_ends_what_it_began() -> None:
    driver = Recorder(pause=0.05)
    a, other = step("a"), step("b")
    steps = [a, other, step("c"), step("d", a), pause(60, other)]
    errors = run(steps, driver, lambda: "not tried: enough" if driver.told else "")
    assert errors == {"a": "", "b": "", "c": "not tried: enough", "d": "not tried: enough"}
    assert sorted(driver.told) == ["a", "b"]


def test_a_guard_stops_it_too() -> None:
    driver = Recorder(parallel=1)
    a = step("a")
    b = step("b", a)
    steps = [a, b, step("c", b), step("d", a)]
    done: list[Done] = []

    @contextmanager
    def guard(of: Step) -> Iterator[None]:
        if of is b:
            raise Stopped("not tried: ann cancelled this run")
        yield

    apply(steps, {"d": driver}, guard, done.append)
    assert driver.told == ["a"]
    errors = {item.change.object.name: item.error for item in done}
    assert errors == {"a": ""} | dict.fromkeys("bcd", "not tried: ann cancelled this run")


def test_a_pause_begins_when_what_is_before_it_is_done() -> None:
    driver = Recorder()
    a, b = step("a"), step("b")
    between, none = pause(0.3, a, b), pause(0, b)
    began = time.monotonic()
    errors = run([a, b, between, none, step("c", between), step("d", none), step("e", between)], driver)
    assert time.monotonic() - began >= 0.3
    assert errors == dict.fromkeys("abcde", "")
    assert driver.told[-2:] in (["c", "e"], ["e", "c"])


def test_nothing_is_paused_for_after_a_failure() -> None:
    a = step("a")
    between = pause(60, a)
    errors = run([a, between, step("b", between)], Recorder(failing={"a": Refused("no")}))
    assert errors == {"a": "no", "b": "not tried, because this failed before: no"}


def test_a_pause_ends_when_the_run_is_stopped() -> None:
    a = step("a")
    between = pause(60, a)
    driver, looks = Recorder(), count()
    began = time.monotonic()
    errors = run([a, between, step("b", between)], driver, lambda: "late" if driver.told and next(looks) > 2 else "")
    assert errors == {"a": "", "b": "late"}
    assert time.monotonic() - began < 30


def test_a_lost_lease_ends_a_pause() -> None:
    a, b = step("a"), step("b")
    between = pause(60, a)

    @contextmanager
    def guard(of: Step) -> Iterator[None]:
        if of is b:
            time.sleep(0.1)
            raise LeaseLost("another run took over")
        yield

    began = time.monotonic()
    with pytest.raises(LeaseLost):
        apply([a, b, between, step("c", between)], {"d": Recorder()}, guard, lambda done: None)
    assert time.monotonic() - began < 30


def test_steps_that_wait_for_each_other_are_a_fault_that_is_named() -> None:
    a, b = step("a"), step("b")
    a.after.append(b)
    b.after.append(a)
    with pytest.raises(RuntimeError, match="these steps wait for each other: create Thing a, create Thing b"):
        run([a, b], Recorder())


def test_a_thousand_steps_in_a_row_take_no_time() -> None:
    steps = [step("0")]
    for number in range(1, 1000):
        steps.append(step(str(number), steps[-1]))
    began = time.monotonic()
    run(steps[::-1], Recorder())
    assert time.monotonic() - began < 20
