# SPDX-License-Identifier: Apache-2.0
"""The hosts during one transaction: like requests share what the filters and weighers said of each host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import Any

from stackwright.scheduler.candidate import Candidate, Placement
from stackwright.scheduler.placement import Scheduler

MOST_QUEUES = 16


class _Queue:
    """The hosts that may take requests of one sort, best first. seen: how many uses it knows of."""

    def __init__(self, entries: list[Any], seen: int) -> None:
        self.entries = entries
        self.seen = seen
        heapify(entries)


class Board:
    """Filters run once for each distinct request and host, and once more for a host that was used since."""

    def __init__(self, scheduler: Scheduler, hosts: Iterable[Candidate]) -> None:
        self.hosts = {host.id: host for host in hosts}
        self._scheduler = scheduler
        self._uses: list[str] = []
        self._version: Counter[str] = Counter()
        self._queues: dict[Hashable, _Queue] = {}

    def use(self, host_id: str, amounts: Mapping[str, int]) -> None:
        """Note a claim that was just taken."""
        self.hosts[host_id].use(amounts)
        self._uses.append(host_id)
        self._version[host_id] += 1

    def choose(self, wish: Placement) -> Candidate:
        """As `Scheduler.choose`. Members of a group each look at all hosts, since each changes what the next may do."""
        if wish.group:
            return self._scheduler.choose([*self.hosts.values()], wish)
        queue = self._queue(wish)
        while queue.entries:
            _, host_id, version = queue.entries[0]
            if version == self._version[host_id]:
                return self.hosts[host_id]
            heappop(queue.entries)  # it was used since, and stands elsewhere now
        raise self._scheduler.nowhere(self.hosts.values(), wish)

    def _queue(self, wish: Placement) -> _Queue:
        key = wish.likeness()
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _Queue(self._entries(self.hosts, wish), len(self._uses))
            if len(self._queues) > MOST_QUEUES:  # ten thousand hosts make a queue large
                del self._queues[next(iter(self._queues))]
        for entry in self._entries(dict.fromkeys(self._uses[queue.seen :]), wish):
            heappush(queue.entries, entry)
        queue.seen = len(self._uses)
        return queue

    def _entries(self, ids: Iterable[str], wish: Placement) -> list[Any]:
        fitting = [host for host in map(self.hosts.__getitem__, ids) if self._scheduler.objection(host, wish) is None]
        return [(self._scheduler.rank(host, wish), host.id, self._version[host.id]) for host in fitting]
