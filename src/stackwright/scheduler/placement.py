# SPDX-License-Identifier: Apache-2.0
"""Choosing a host: filters say which may take it, weighers which is best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from stackwright.engine.errors import Exhausted
from stackwright.scheduler import plugins
from stackwright.scheduler.candidate import Candidate, Placement
from stackwright.scheduler.filters import FILTERS, PLACES, Filter
from stackwright.scheduler.weighers import FIRST, PACK, SPREAD, Weigher

TOLD_ONE_BY_ONE = 10


class Objection(NamedTuple):
    """What speaks against a host: the name of the first filter that refuses it, and what that says."""

    host: str
    filter: str
    words: str


class Scheduler:
    """Pure: the same hosts and the same wish give the same host.

    pack: fill hosts up one after the other, where they are otherwise used evenly.
    """

    def __init__(self, *, pack: bool = False) -> None:
        self._pack = pack

    @cached_property
    def filters(self) -> Mapping[str, Filter]:
        """Our own, whose names nobody takes, and then those that are installed, when first something is placed."""
        return {**FILTERS, **plugins.installed(plugins.FILTERS), **FILTERS}

    @cached_property
    def weighers(self) -> Sequence[Weigher]:
        """What was asked for, what is installed, and what the operator prefers."""
        preferred = PACK if self._pack else SPREAD
        return [*FIRST.values(), *plugins.installed(plugins.WEIGHERS).values(), *preferred.values()]

    def choose(self, hosts: Sequence[Candidate], wish: Placement) -> Candidate:
        """The best host. Raises Exhausted, saying of each host what speaks against it."""
        fitting = [host for host in hosts if self.objection(host, wish) is None]
        if not fitting:
            raise self.nowhere(hosts, wish)
        return min(fitting, key=lambda host: self.rank(host, wish))

    def rank(self, host: Candidate, wish: Placement) -> tuple[float | str, ...]:
        """The least is best."""
        return (*(-weigh(host, wish) for weigh in self.weighers), host.name)

    def objection(self, host: Candidate, wish: Placement) -> Objection | None:
        """What the first filter that refuses says; None when none does."""
        for name, refuses in self.filters.items():
            if words := refuses(host, wish):
                return Objection(host.name, name, words)
        return None

    def misplaced(self, host: Candidate, wish: Placement) -> str:
        """What speaks against what is on the host already: room and new instances are no question then."""
        return next((words for refuses in PLACES.values() if (words := refuses(host, wish))), "")

    def nowhere(self, hosts: Iterable[Candidate], wish: Placement) -> Exhausted:
        """The error that explains, filter by filter, why no host takes it; first of those that are where was asked."""
        asked = sorted(hosts, key=lambda host: bool(self.misplaced(host, wish)))
        told = [found for host in asked if (found := self.objection(host, wish))]
        if not told:
            missing = "there is no host to place it on; add one to the compute group and run site.yml"
            return Exhausted(f"{wish.who}: {missing}")
        reasons = "; ".join(_one_by_one(told) if len(told) <= TOLD_ONE_BY_ONE else _counted(told))
        words = f"{wish.who}: no host can take it ({reasons}); free something or add a host"
        return Exhausted(words, placement=[item._asdict() for item in told])


def _one_by_one(told: Iterable[Objection]) -> list[str]:
    return [f"{item.host}: {item.words}" for item in told]


def _counted(told: Iterable[Objection]) -> list[str]:
    """For each filter how many hosts it refuses, and one of them."""
    by_filter: dict[str, list[Objection]] = {}
    for item in told:
        by_filter.setdefault(item.filter, []).append(item)
    return [
        f"{name} refuses {len(items)}, as {items[0].host}: {items[0].words}"
        if len(items) > 1
        else f"{items[0].host}: {items[0].words}"
        for name, items in by_filter.items()
    ]
