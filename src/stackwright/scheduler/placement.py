# SPDX-License-Identifier: Apache-2.0
"""Choosing a host: filters say which may take it, weighers which is best."""

from __future__ import annotations

from collections.abc import Sequence

from stackwright.engine.errors import Exhausted
from stackwright.scheduler.candidate import Candidate, Placement
from stackwright.scheduler.filters import FILTERS, PLACES, Filter
from stackwright.scheduler.weighers import WEIGHERS, Weigher


class Scheduler:
    """Pure: the same hosts and the same wish give the same host."""

    def __init__(self, filters: Sequence[Filter] = FILTERS, weighers: Sequence[Weigher] = WEIGHERS) -> None:
        self._filters = filters
        self._weighers = weighers

    def choose(self, hosts: Sequence[Candidate], wish: Placement) -> Candidate:
        """The best host. Raises Exhausted, saying of each host what speaks against it."""
        fitting = [host for host in hosts if not self.objection(host, wish)]
        if not fitting:
            raise Exhausted(self._explain(hosts, wish))
        return min(fitting, key=lambda host: (*(-weigh(host, wish) for weigh in self._weighers), host.name))

    def objection(self, host: Candidate, wish: Placement) -> str:
        """What the first filter that refuses says; '' when none does."""
        return _first(self._filters, host, wish)

    def misplaced(self, host: Candidate, wish: Placement) -> str:
        """As `objection`, for what is on the host already: room and new instances are no question then."""
        return _first(PLACES, host, wish)

    def _explain(self, hosts: Sequence[Candidate], wish: Placement) -> str:
        """Ten hosts are told of, first those that are where it was asked to be."""
        if not hosts:
            return f"{wish.who}: there is no host to place it on; add one to the compute group and run site.yml"
        asked = sorted(hosts, key=lambda host: bool(self.misplaced(host, wish)))
        reasons = "; ".join(f"{host.name}: {self.objection(host, wish)}" for host in asked[:10])
        more = f"; and {len(hosts) - 10} more" if len(hosts) > 10 else ""
        return f"{wish.who}: no host can take it ({reasons}{more}); free something or add a host"


def _first(filters: Sequence[Filter], host: Candidate, wish: Placement) -> str:
    return next((words for refuses in filters if (words := refuses(host, wish))), "")
