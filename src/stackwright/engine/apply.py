# SPDX-License-Identifier: Apache-2.0
"""Step 7, apply: carry the steps out, as many at once as their hosts take. The only step that writes to backends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass

from stackwright.engine.errors import LeaseLost, StackwrightError
from stackwright.engine.objects import Change
from stackwright.engine.order import Step
from stackwright.engine.resource import Driver

MOST_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a change. seconds: of the step that it was part of; error: '' when it was carried out."""

    change: Change
    seconds: float
    error: str = ""


Report = Callable[[Done], None]


Guard = Callable[[Step], AbstractContextManager[None]]
"""Entered around every action. Raises LeaseLost, before the action, when this run may not go on."""


def apply(steps: Iterable[Step], drivers: Mapping[str, Driver], guard: Guard, report: Report) -> list[Done]:
    """Run every step whose needs are met; what depends on a failed one is not tried."""
    execution = _Execution(list(steps), drivers, guard, report)
    with ThreadPoolExecutor(max_workers=min(MOST_AT_ONCE, execution.width()), thread_name_prefix="apply") as pool:
        return execution.run(pool)


class _Execution:
    def __init__(self, steps: list[Step], drivers: Mapping[str, Driver], guard: Guard, report: Report) -> None:
        self.waiting = steps
        self.drivers = drivers
        self.guard = guard
        self.report = report
        self.busy: Counter[tuple[str, str]] = Counter()
        self.failed: dict[int, str] = {}
        self.finished: set[int] = set()
        self.done: list[Done] = []
        self.lost: LeaseLost | None = None

    def width(self) -> int:
        """How many actions can be under way at once."""
        places = {(step.driver, step.place) for step in self.waiting}
        return max(1, sum(self.drivers[driver].parallel for driver, _ in places))

    def run(self, pool: ThreadPoolExecutor) -> list[Done]:
        running: dict[Future[float], Step] = {}
        while self.waiting or running:
            for step in self._startable():
                self.busy[step.driver, step.place] += 1
                running[pool.submit(self._act, step)] = step
            if self.waiting and not running:
                raise RuntimeError(f"these steps wait for each other: {', '.join(map(str, self.waiting))}")
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                self._finish(running.pop(future), future)
        if self.lost:
            raise self.lost
        return self.done

    def _startable(self) -> list[Step]:
        """Steps that may begin now; those that never can are given up."""
        found, rest = [], []
        room = Counter(self.busy)
        for step in [] if self.lost else self.waiting:
            blocker = next((item for item in step.after if id(item) in self.failed), None)
            where = (step.driver, step.place)
            if blocker:
                self._give_up(step, f"not tried, because this failed before: {self.failed[id(blocker)]}")
            elif (
                all(id(item) in self.finished for item in step.after)
                and room[where] < self.drivers[step.driver].parallel
            ):
                room[where] += 1
                found.append(step)
            else:
                rest.append(step)
        self.waiting = rest
        return found

    def _act(self, step: Step) -> float:
        with self.guard(step):
            began = time.monotonic()
            self.drivers[step.driver].apply(step.changes)
            return time.monotonic() - began

    def _finish(self, step: Step, future: Future[float]) -> None:
        self.busy[step.driver, step.place] -= 1
        error = future.exception()
        if error is None:
            self.finished.add(id(step))
            self._note(step, future.result(), "")
        elif isinstance(error, LeaseLost):
            self.lost = error
        elif isinstance(error, StackwrightError):
            self._give_up(step, str(error))
        else:  # a fault of ours: the other steps still deserve their turn and their record
            self._give_up(step, f"{step}: {type(error).__name__}: {error}")

    def _give_up(self, step: Step, error: str) -> None:
        self.failed[id(step)] = error
        self._note(step, 0.0, error)

    def _note(self, step: Step, seconds: float, error: str) -> None:
        for change in step.changes:
            done = Done(change, seconds, error)
            self.done.append(done)
            self.report(done)
