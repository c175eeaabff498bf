# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.
"""What a module is at, shown while it works: it writes lines to a file on its host, which are fetched from there."""

from __future__ import annotations

import copy
import threading
import uuid
from types import TracebackType
from typing import Any

from ansible.errors import AnsibleError
from ansible.utils.display import Display

FIRST_S = 3.0
"""What takes no longer than this says nothing on its way."""
EVERY_S = 2.0
MOST_LINES = 10
"""At once; of more, the latest are shown, and how many there were before them."""


class Following:
    """A context in which the lines of the file at `path` are shown as they come.

    A copy of the connection asks, since the module occupies the other one; a line that cannot be fetched is not missed.
    """

    def __init__(self, connection: Any) -> None:
        self.path = f"/run/stackwright-{uuid.uuid4()}"
        self._connection = copy.copy(connection)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._shown = 0

    def __enter__(self) -> Following:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _follow(self) -> None:
        if self._over.wait(FIRST_S):
            return
        while not self._over.wait(EVERY_S):
            self._show(self._lines())

    def _lines(self) -> list[str]:
        try:
            code, written = self._connection.exec_command(f"cat {self.path}", sudoable=False)[:2]
        except AnsibleError:
            return []
        return written.decode(errors="replace").splitlines() if code == 0 else []

    def _show(self, lines: list[str]) -> None:
        new = lines[self._shown :]
        self._shown = max(self._shown, len(lines))
        if len(new) > MOST_LINES:
            Display().display(f"    ... {len(new) - MOST_LINES} more")
        for line in new[-MOST_LINES:]:
            Display().display(f"    {line}")


class Followed:
    """Mixed into an action plugin that has `execute`: shows what its module is at."""

    _connection: Any

    def execute(self, args: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """What the module says, and meanwhile what it is at."""
        with Following(self._connection) as following:
            announced = {**args.get("announced", {}), "progress": following.path}
            told: dict[str, Any] = super().execute({**args, "announced": announced}, task_vars)  # type: ignore[misc]
        told.get("invocation", {}).get("module_args", {}).pop("announced", None)
        return told
