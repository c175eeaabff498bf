# SPDX-License-Identifier: Apache-2.0
"""Says every ten seconds that a long task still runs, and for how long, so that nobody has to wonder."""

from __future__ import annotations

import threading
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: progress
type: aggregate
short_description: Show that a long task still runs
description:
  - Prints the name of a task and the seconds it has taken, every ten seconds while it runs.
"""

INTERVAL = 10.0


class CallbackModule(CallbackBase):
    """A clock that starts anew with each task."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._over = threading.Event()

    def _report(self, name: str, over: threading.Event) -> None:
        start = time.monotonic()
        while not over.wait(INTERVAL):
            self._display.display(f"    {name}: {time.monotonic() - start:.0f} s so far")

    def _start(self, name: str) -> None:
        self._over.set()
        self._over = threading.Event()
        threading.Thread(target=self._report, args=(name, self._over), daemon=True).start()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._start(task.get_name())

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._start(task.get_name())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._over.set()
