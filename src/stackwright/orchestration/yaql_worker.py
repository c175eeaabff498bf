# SPDX-License-Identifier: Apache-2.0
"""Evaluates yaql expressions in a process of its own: one JSON line in, one out.

Expressions come from templates. yaql limits iterators and what is kept, but neither time nor regular expressions nor
powers; a process can be ended.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any, TextIO

MAX_ITEMS = 10_000
"""Items of one collection."""
MAX_MEMORY = 2_000_000
"""Bytes of one value, as yaql counts them."""
MAX_ADDRESS_SPACE = 2**30
"""Bytes of this process."""


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer until the requests end."""
    import yaql

    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_SPACE, MAX_ADDRESS_SPACE))
    engine = yaql.YaqlFactory().create({"yaql.limitIterators": MAX_ITEMS, "yaql.memoryQuota": MAX_MEMORY})
    context = yaql.create_context()
    for line in requests:
        answers.write(_answer(engine, context, json.loads(line)) + "\n")
        answers.flush()


def _answer(engine: Any, context: Any, request: dict[str, Any]) -> str:
    try:
        value = engine(request["expression"]).evaluate({"data": request["data"]}, context.create_child_context())
        return json.dumps({"value": value}, default=_plain)
    except MemoryError:
        return json.dumps({"error": "it takes too much memory"})
    except Exception as error:  # whatever the expression did
        return json.dumps({"error": str(error) or type(error).__name__})


def _plain(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, set | frozenset) else str(value)


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
