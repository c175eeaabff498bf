# SPDX-License-Identifier: Apache-2.0
"""yaql: expressions over data, evaluated by a process that is ended when it takes too long."""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any

from stackwright.orchestration.functions.base import Plain, as_text, options
from stackwright.orchestration.interfaces import Context
from stackwright.orchestration.problem import TemplateError, shown

EXPRESSION_S = 5.0
"""How long one expression may take."""
START_S = 30.0
"""How long the process may take to start, on top."""
COST_PER_S = 1_000_000
"""What a second counts for in the work of a template."""


class _Worker:
    """The process. Started when first needed; started anew after one that was ended, and after a fork."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = 0
        self.started = False

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Raises TemplateError if there is no answer in time."""
        with self.lock:
            process = self._running()
            limit = EXPRESSION_S if self.started else EXPRESSION_S + START_S
            line = _exchange(process, json.dumps(request).encode() + b"\n", time.monotonic() + limit)
            if not line.endswith(b"\n"):
                self.end()
                raise TemplateError(f"the expression takes more than {EXPRESSION_S:g} seconds, or too much memory")
            self.started = True
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.owner != os.getpid() or self.process.poll() is not None:
            command = [sys.executable, "-I", "-m", "stackwright.orchestration.yaql_worker"]
            self.process = subprocess.Popen(  # noqa: S603 - nothing of a template is in the command
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            self.owner = os.getpid()
            self.started = False
        return self.process

    def end(self) -> None:
        if self.process and self.owner == os.getpid():
            self.process.kill()
            self.process.communicate()
        self.process = None


def _exchange(process: subprocess.Popen[bytes], request: bytes, deadline: float) -> bytes:
    """The answer, or the part of it that came before the deadline or the end of the process."""
    answer = b""
    try:
        process.stdin.write(request)  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
    except BrokenPipeError:
        return answer
    out = process.stdout.fileno()  # type: ignore[union-attr]
    while not answer.endswith(b"\n"):
        if not select.select([out], [], [], max(0.0, deadline - time.monotonic()))[0]:
            break
        part = os.read(out, 2**20)
        if not part:
            break
        answer += part
    return answer


_WORKER = _Worker()
atexit.register(_WORKER.end)


def _yaql(args: Any, context: Context) -> Any:
    given = options(args, ("expression",), ("data",))
    expression = as_text(given["expression"], "the expression")
    begun = time.monotonic()
    try:
        answer = _WORKER.ask({"expression": expression, "data": given.get("data", {})})
    except (TypeError, ValueError) as error:
        raise TemplateError(f"the data of an expression must be plain values: {error}") from error
    context.spend(int((time.monotonic() - begun) * COST_PER_S))
    if "error" in answer:
        raise TemplateError(f"the expression {shown(expression)} does not work: {answer['error']}")
    return answer["value"]


yaql = Plain(_yaql, whole=True)
