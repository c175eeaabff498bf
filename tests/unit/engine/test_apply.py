# SPDX-License-Identifier: Apache-2.0
"""Applying: failures stay with those that they concern, places get no more than they take, a lost lease ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from stackwright.engine.apply import Done, apply
from stackwright.engine.errors import LeaseLost, Refused
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
        raise NotImplementedError

    def settle(self, objects: Iterable[Object], timeout: float) -> list[str]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


def step(name: str, *after: Step, place: str = "") -> Step:
    return Step("d", place, [Change(Action.CREATE, Thing(name=name, resource=name, place=place))], list(after))


@contextmanager
def free(_step: Step) -> Iterator[None]:
    yield


def run(steps: list[Step], driver: Recorder) -> dict[str, str]:
    """Name -> error."""
    done: list[Done] = []
    assert apply(steps, {"d": driver}, free, done.append) == done
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
    driver = Recorder(parallel=2, pause=0.02)
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
    assert time.monotonic() - began < 2
