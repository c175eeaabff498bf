# SPDX-License-Identifier: Apache-2.0
"""The order in which resources are allocated: that of their kinds, whatever is found on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count

from stackwright.engine.resource import Resource


class Queue:
    """Each resource comes once; what is touched comes, perhaps once more, when all of the kind that touches it did.

    rank: kind -> its place among the kinds. precedence: what comes first among resources of one kind.
    """

    def __init__(self, rank: Mapping[str, int], precedence: Callable[[Resource], int]) -> None:
        self.seen: set[str] = set()
        self._rank = rank
        self._precedence = precedence
        self._heap: list[tuple[int, bool, int, int, str]] = []
        self._order = count()

    def add(self, items: Iterable[Resource]) -> None:
        for item in items:
            heappush(self._heap, (self._rank[item.kind], False, self._precedence(item), next(self._order), item.id))

    def touch(self, items: Iterable[Resource], by: Resource) -> None:
        for item in items:
            self.seen.discard(item.id)
            heappush(self._heap, (self._rank[by.kind], True, 0, next(self._order), item.id))

    def __iter__(self) -> Iterator[str]:
        """Ids; more may be added meanwhile."""
        while self._heap:
            current = heappop(self._heap)[-1]
            if current not in self.seen:
                self.seen.add(current)
                yield current
