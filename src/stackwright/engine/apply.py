# SPDX-License-Identifier: Apache-2.0
"""Step 7, apply: carry the steps out, as many at once as their hosts take. The only step that writes to backends."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from stackwright.engine.errors import LeaseLost, Refused, StackwrightError, Stopped, Temporary
from stackwright.engine.objects import Change
from stackwright.engine.order import Step
from stackwright.engine.resource import Driver

MOST_AT_ONCE = 256
NOT_TRIED = "not tried, because this failed before: "
LOOK_S = 0.1
"""How often a pause looks whether it is still to go on."""
CLEARED_S = 1.0
"""How often a hook looks whether it is cleared."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a change. seconds: of the step that it was part of; error: '' when it was carried out.

    refused: the host that definitely refused it, or what it needed; '' where that is not known.
    certain: with an error, whether it is sure that nothing of it was done.
    """

    change: Change
    seconds: float
    error: str = ""
    refused: str = ""
    certain: bool = True


Report = Callable[[Done], None]


Guard = Callable[[Step], AbstractContextManager[None]]
"""Entered around every action. Raises LeaseLost or Stopped, before the action, when this run may not go on."""


def apply(
    steps: Iterable[Step],
    drivers: Mapping[str, Driver],
    guard: Guard,
    report: Report,
    stopped: Callable[[], str] = lambda: "",
    cleared: Callable[[Any], bool] = lambda hook: True,
) -> list[Done]:
    """Run every step whose needs are met; what depends on a failed one is not tried.

    stopped: why nothing more is to be begun, as a sentence; '' to go on. cleared: whether a hook lets it go on.
    """
    execution = _Execution(list(steps), drivers, guard, report, stopped, cleared)
    with ThreadPoolExecutor(max_workers=min(MOST_AT_ONCE, execution.width()), thread_name_prefix="apply") as pool:
        return execution.run(pool)


class _Execution:
    """Steps that become ready when what they wait for is finished; every step is looked at once for each of those."""

    def __init__(
        self,
        steps: list[Step],
        drivers: Mapping[str, Driver],
        guard: Guard,
        report: Report,
        stopped: Callable[[], str],
        cleared: Callable[[Any], bool],
    ) -> None:
        self.drivers = drivers
        self.guard = guard
        self.report = report
        self.stopped = stopped
        self.cleared = cleared
        self.missing = {id(step): len(step.after) for step in steps}
        self.then: dict[int, list[Step]] = {}
        for step in steps:
            for earlier in step.after:
                self.then.setdefault(id(earlier), []).append(step)
        self.ready: dict[tuple[str, str], deque[Step]] = {}
        self.pauses: dict[float, list[Step]] = {}
        """Those of hooks last until the hook is looked at next."""
        self.busy: Counter[tuple[str, str]] = Counter()
        self.begun: set[int] = set()
        self.ended: set[int] = set()
        self.done: list[Done] = []
        self.lost: LeaseLost | None = None
        self.steps = steps
        for step in steps:
            self._queue_if_ready(step)

    def width(self) -> int:
        """How many actions can be under way at once."""
        places = {(step.driver, step.place) for step in self.steps if step.changes}
        return max(1, sum(self.drivers[driver].parallel for driver, _ in places))

    def run(self, pool: ThreadPoolExecutor) -> list[Done]:
        running: dict[Future[float], Step] = {}
        while True:
            self._stop(self.stopped())
            self._end_pauses()
            running.update({pool.submit(self._act, step): step for step in self._startable()})
            if not running and (self.lost or not self.pauses):
                break
            for future in self._wait(running):
                self._finish(running.pop(future), future)
        if self.lost:
            raise self.lost
        stuck = [step for step in self.steps if id(step) not in self.ended]
        if stuck:
            raise RuntimeError(f"these steps wait for each other: {', '.join(map(str, stuck))}")
        return self.done

    def _queue_if_ready(self, step: Step) -> None:
        if self.missing[id(step)] or id(step) in self.ended:
            return
        if step.changes:
            self.ready.setdefault((step.driver, step.place), deque()).append(step)
        else:
            self.pauses.setdefault(time.monotonic() + step.pause, []).append(step)

    def _wait(self, running: Mapping[Future[float], Step]) -> Iterable[Future[float]]:
        """What is finished, or nothing when a pause has to be looked at again."""
        if not self.pauses:
            return wait(running, return_when=FIRST_COMPLETED)[0]
        patience = max(0.0, min(LOOK_S, min(self.pauses) - time.monotonic()))
        if not running:
            time.sleep(patience)
        return wait(running, patience, FIRST_COMPLETED)[0]

    def _end_pauses(self) -> None:
        for due in [item for item in self.pauses if item <= time.monotonic()]:
            for step in self.pauses.pop(due):
                if step.hook and not self.cleared(step.hook):
                    self.pauses.setdefault(time.monotonic() + CLEARED_S, []).append(step)
                else:
                    self._succeed(step, 0.0)

    def _startable(self) -> list[Step]:
        """Steps that may begin now, as many as their places take."""
        found: list[Step] = []
        for where, steps in self.ready.items():
            while steps and not self.lost and self.busy[where] < self.drivers[where[0]].parallel:
                self.busy[where] += 1
                self.begun.add(id(steps[0]))
                found.append(steps.popleft())
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
            self._succeed(step, future.result())
        elif isinstance(error, LeaseLost):
            self.lost = error
        elif isinstance(error, Stopped):
            self._note(step, 0.0, str(error))
            self._stop(str(error))
        elif isinstance(error, StackwrightError):
            refused = step.place if isinstance(error, Refused) else ""
            self._give_up(step, str(error), refused, certain=not isinstance(error, Temporary))
        else:  # a fault of ours: the other steps still deserve their turn and their record
            self._give_up(step, f"{step}: {type(error).__name__}: {error}", certain=False)

    def _succeed(self, step: Step, seconds: float) -> None:
        self._note(step, seconds, "")
        for later in self.then.get(id(step), ()):
            self.missing[id(later)] -= 1
            self._queue_if_ready(later)

    def _stop(self, words: str) -> None:
        """With words, nothing more is begun, and they say why; what is under way ends by itself."""
        if not words:
            return
        self.ready.clear()
        self.pauses.clear()
        for step in self.steps:
            if id(step) not in self.begun and id(step) not in self.ended:
                self._note(step, 0.0, words)

    def _give_up(self, failed: Step, error: str, refused: str = "", *, certain: bool) -> None:
        """A step failed: those that need it are not tried, nor those that need these."""
        self._note(failed, 0.0, error, refused, certain=certain)
        rest = list(self.then.get(id(failed), ()))
        while rest:
            step = rest.pop()
            if id(step) not in self.ended:
                self._note(step, 0.0, f"{NOT_TRIED}{error}", refused)
                rest += self.then.get(id(step), ())

    def _note(self, step: Step, seconds: float, error: str, refused: str = "", *, certain: bool = True) -> None:
        self.ended.add(id(step))
        for change in step.changes:
            done = Done(change, seconds, error, refused, certain)
            self.done.append(done)
            self.report(done)
