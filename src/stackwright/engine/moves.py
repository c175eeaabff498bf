# SPDX-License-Identifier: Apache-2.0
"""What moves from host to host. It is placed on the one from when it is declared, and claims the other until it was
seen gone from there; what could not be moved is placed where it stayed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from stackwright.engine.apply import Done
from stackwright.engine.objects import Action, Change
from stackwright.engine.request import Outcome
from stackwright.engine.view import Picture
from stackwright.registry.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Moves:
    """What became of the moves of one run.

    staying: resource id -> name of the host that it was not moved from. unseen: names of hosts that did not answer.
    failed: resource id -> what went wrong with it; told: what had gone wrong before, and was told.
    arrived: ids of what failed and is where it is to be all the same.
    left: resource id -> ids of hosts that it was seen gone from now; former: the same of the look before this one. It
    is not finished, and refers to them, until it was looked at once more.
    """

    picture: Picture
    staying: Mapping[str, str] = field(default_factory=dict)
    unseen: Collection[str] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[str, set[str]] = field(default_factory=dict)
    arrived: Collection[str] = ()
    left: dict[str, set[str]] = field(default_factory=dict)

    def record(self, txn: Transaction, results: Mapping[str, Outcome]) -> None:
        """Write down where things are, and give back what they claimed where they were seen gone."""
        for item, place in self.staying.items():
            _return(txn, item, self.picture.host(place).id)
        for item in [item for item in self.former if item in results and item not in self.failed]:
            txn.refer(item, txn.targets([item]).get(item, set()) - self.former[item])
        for item, outcome in results.items():
            if item in self.picture.departures and outcome.after:
                self._leave(txn, item)

    def _leave(self, txn: Transaction, item: str) -> None:
        """It is whole where it is now, so what may be left elsewhere is old."""
        for host in [txn.get(left) for left in txn.departures(item)]:
            if item not in self.failed and host.name not in self.unseen:
                txn.depart_no_more(item, host.id)
                self.left.setdefault(item, set()).add(host.id)
            elif item not in self.failed or item in self.arrived:
                txn.mark_departure(item, host.id, outdated=True)

    def unfinished(self, item: str) -> bool:
        """Whether something has just moved, or is a host that something has just moved from."""
        return item in self.left or any(item in hosts for hosts in self.left.values())

    def ended(self) -> bool:
        """Whether anything is to be looked at once more: now that it is there, or is to stay after all."""
        seen = (item for item in self.picture.departures if item in self.picture.scope and item not in self.failed)
        return bool(self.staying) or any(self.picture.leaving(item).keys() - set(self.unseen) for item in seen)


def staying(picture: Picture, done: Iterable[Done]) -> dict[str, str]:
    """Resource id -> the host that it stays on, as it is sure that it was not moved from there."""
    moved = [item for item in done if item.change.moves and item.error]
    unsure = {item.change.object.resource for item in moved if not item.certain}
    found = {item.change.object.resource: item.change.before.place for item in moved if item.change.before}
    return {
        item: place
        for item, place in found.items()
        if item not in unsure and picture.leaving(item).get(place) is False and picture.get(item).wanted
    }


def arrived(picture: Picture, done: Iterable[Done]) -> frozenset[str]:
    """Ids of what moved wholly, and only something that it left behind could not be removed."""
    failed = [item.change for item in done if item.error and item.change.object.resource in picture.departures]
    behind = {item.object.resource for item in failed if _left_behind(picture, item)}
    return frozenset(behind - {item.object.resource for item in failed if not _left_behind(picture, item)})


def _left_behind(picture: Picture, change: Change) -> bool:
    item = change.object
    return change.action is Action.DELETE and item.place in picture.leaving(item.resource)


def _return(txn: Transaction, item: str, host: str) -> None:
    """Back to where it is; what it may have left on its way is looked for there."""
    amounts = txn.departures(item)[host].amounts
    txn.depart_no_more(item, host)
    txn.depart(txn.get(item))
    txn.claim(txn.get(item), txn.get(host), amounts)
    txn.update(txn.get(item), host=txn.get(host).name)
