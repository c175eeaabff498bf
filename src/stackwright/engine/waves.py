# SPDX-License-Identifier: Apache-2.0
"""Steps 1 and 2 for what finds out on the way what it declares, as a stack: wave after wave, in the one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.engine.allocate import Allocation
from stackwright.engine.declare import Declaration, about
from stackwright.engine.errors import StackwrightError
from stackwright.engine.kind import Waves
from stackwright.engine.resource import Resource


def grow(declaration: Declaration, allocation: Allocation) -> set[str]:
    """Declare and allocate what the request's resources come to declare; ids of that and of what it affects."""
    affected: set[str] = set()
    for owner, waves in declaration.growing.items():
        try:
            affected |= _grow(declaration, allocation, owner, waves)
        except StackwrightError as error:
            raise about(error, allocation.get(owner)) from error
    return affected


def _grow(declaration: Declaration, allocation: Allocation, owner: str, waves: Waves) -> set[str]:
    affected: set[str] = set()
    named: set[str] = set()
    rows: list[Resource] | None = None
    while True:
        try:
            wave = waves.send(rows)  # type: ignore[arg-type]  # a generator is begun with None
        except StopIteration as end:
            attributes = end.value
            break
        try:
            declared = declaration.declare(allocation.get(owner), wave)
            affected |= allocation.run(declaration.fresh())
        except StackwrightError as error:
            waves.throw(error)  # who wished for it knows more
            raise
        rows = [allocation.get(row.id) for row in declared]
        named |= {row.id for row in rows}
    # What it no longer declares is kept as was said when it still did.
    declaration.let_go(allocation.get(owner), named)
    _finish(allocation, owner, attributes)
    return affected


def _finish(allocation: Allocation, owner: str, attributes: Mapping[str, Any]) -> None:
    row = allocation.get(owner)
    if dict(attributes) != dict(row.attributes):
        allocation.txn.update(row, attributes=dict(attributes), status="pending")
