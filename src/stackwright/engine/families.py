# SPDX-License-Identifier: Apache-2.0
"""Who owns what, as far as a declaration looks: children by their keys, and what comes to belong to another owner."""

from __future__ import annotations

from typing import NamedTuple

from stackwright.engine.errors import Conflict, InvalidInput, NotFound
from stackwright.engine.resource import Resource, Wish
from stackwright.registry.transaction import Transaction


class Placed(NamedTuple):
    """A wish, and whose it is: owner and project are ids, '' for none."""

    wish: Wish
    owner: str
    project: str


class Families:
    """Owners, each with its children by kind and key."""

    def __init__(self, txn: Transaction) -> None:
        self.txn = txn
        self._known: dict[str, dict[tuple[str, str], str]] = {}

    def know(self, owners: set[str]) -> None:
        """Read the children of these, all at once, where that is not done yet."""
        new = sorted(owners - self._known.keys())
        self.txn.preload(new)
        for owner in new:
            self._known[owner] = {(row.kind, row.key): row.id for row in self.txn.children(owner)}

    def child(self, owner: str, wish: Wish) -> Resource | None:
        """What an owner, whose children are read, has for a wish."""
        known = self._known[owner].get((wish.kind, wish.key))
        return self.txn.get(known) if known else None

    def add(self, row: Resource) -> None:
        """A row that is new."""
        if row.owner in self._known:
            self._known[row.owner][row.kind, row.key] = row.id

    def adoptable(self, placed: Placed) -> Resource | None:
        """What a wish takes over instead of making something. Raises NotFound, or Conflict for what it may not take."""
        kind, name = placed.wish.kind, placed.wish.adopt
        if not name:
            return None
        found = [row for row in self._named(name) if row.project == placed.project]
        own = [row for row in found if row.kind == kind and not row.owner]
        if len(own) == 1:
            return own[0]
        asked = f"{kind} {name} cannot be adopted as {placed.wish.key}"
        if own:
            raise InvalidInput(f"{asked}: it means more than one ({', '.join(row.id for row in own)}); use the id")
        taken = next((row for row in found if row.kind == kind), None)
        if taken:
            raise Conflict(f"{asked}: it belongs to {self.txn.get(taken.owner).title}; take it out there first")
        others = ", ".join(sorted({row.kind for row in found}))
        raise NotFound(f"{asked}: " + (f"what bears that name is a {others}" if others else "it does not exist"))

    def _named(self, name: str) -> list[Resource]:
        return self.txn.select(id=name, wanted=True) or self.txn.select(name=name, wanted=True)

    def adopt(self, row: Resource, placed: Placed) -> Resource:
        """The row as its owner's: that changes, and its key."""
        if (row.owner, row.key) == (placed.owner, placed.wish.key):
            return row
        own = self.txn.update(row, owner=placed.owner, key=placed.wish.key, status="pending")
        self.txn.move(own)
        self._known[placed.owner][own.kind, own.key] = own.id
        return own
