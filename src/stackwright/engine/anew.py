# SPDX-License-Identifier: Apache-2.0
"""Placement repair: what its host definitely refused to make is placed on another one, in a transaction of its own.

After a timeout or a lost connection nobody knows what the host did, so then it stays where it was placed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from stackwright.engine.allocate import Allocation
from stackwright.engine.apply import NOT_TRIED, Done
from stackwright.engine.errors import Exhausted
from stackwright.engine.intent import Rules
from stackwright.engine.kind import Kind
from stackwright.engine.objects import Action, Change, Identity, Object
from stackwright.engine.record import about
from stackwright.engine.request import Actor, Result
from stackwright.engine.resource import Resource
from stackwright.engine.view import Picture
from stackwright.registry.leases import Run
from stackwright.registry.transaction import Transaction


@dataclass
class Repair:
    """What one run found out about hosts that refuse, so that each is tried once.

    refused: resource id -> host name -> what it said. stuck: resource id -> why no other host can take it.
    """

    refused: dict[str, dict[str, str]] = field(default_factory=dict)
    stuck: dict[str, str] = field(default_factory=dict)

    def fresh(self, result: Result) -> frozenset[str]:
        """Ids of what was refused now by a host that had not refused it before; that is noted."""
        rows = {item: result.outcomes[item].resource for item in result.refused}
        found = {item: row for item, row in rows.items() if row.host not in self.refused.get(item, {})}
        for item, row in found.items():
            self.refused.setdefault(item, {})[row.host] = result.refused[item]
        return frozenset(found)

    def place(self, txn: Transaction, rules: Rules, run: Run, gone: Collection[str], actor: Actor) -> list[str]:
        """Claim another host for each that was seen gone from its own; sentences about those that got one.

        Raises LeaseLost when another run has taken over.
        """
        run.confirm(txn)
        per_host = rules.traits.per_host
        allocation = Allocation(txn, rules.kinds, rules.scheduler, rules.mtu, per_host=per_host)
        told = []
        for part in _together(sorted(map(txn.get, gone), key=lambda row: (row.kind, row.key)), rules, allocation):
            said = {host: words for row in part for host, words in self.refused[row.id].items()}
            refused = {host: f"refused it ({words})" for host, words in said.items()}
            try:
                hosts = _place(part, refused, allocation)
            except Exhausted as error:
                self.stuck |= {row.id: str(error) for row in part}
                continue
            for row, host in zip(part, hosts, strict=True):
                words = f"host {row.host} refused it ({self.refused[row.id][row.host]}), so it is placed on {host}"
                event = {"actor": actor.name, "action": "placed anew", "message": words}
                txn.record_events([{**about(txn, row), **event}])
                told.append(f"{row.title}: {words}")
        return told


def _together(rows: Iterable[Resource], rules: Rules, allocation: Allocation) -> list[list[Resource]]:
    """Each part is placed as a whole or not at all: the members of an affinity group are one, as none goes alone."""
    parts: dict[str, list[Resource]] = {}
    for row in rows:
        wish = rules.kinds[row.kind].placement(row, allocation)
        bound = wish.group.id if wish and wish.group and wish.group.policy == "affinity" else ""
        parts.setdefault(bound or row.id, []).append(row)
    return list(parts.values())


def _place(part: Collection[Resource], refused: Mapping[str, str], allocation: Allocation) -> list[str]:
    """Names of the hosts that take it: none is bound to where another one still is.

    Raises Exhausted, and then nothing is different.
    """
    claims = [(row, claimed) for row in part if (claimed := allocation.txn.claimed(row.id))]
    try:
        for row in part:
            allocation.lift(row)
        return [allocation.place_anew(allocation.get(row.id), refused) for row in part]
    except Exhausted:
        for row in part:
            allocation.lift(row)
        for row, claimed in claims:
            allocation.put_back(row, claimed)
        raise


def refusals(
    picture: Picture, kinds: Mapping[str, Kind], done: Iterable[Done], observed: Iterable[Object]
) -> dict[str, str]:
    """Resource id -> what its host said that definitely refused to make it, where nothing would be lost with it."""
    there: dict[tuple[str, str], set[Identity]] = {}
    for found in observed:
        if not found.shared:
            there.setdefault((found.resource, found.place), set()).add(found.identity)
    failed: dict[str, list[Done]] = {}
    for item in done:
        if item.error:
            failed.setdefault(item.change.object.resource, []).append(item)
    rows = [picture.resources[item] for item in failed if item in picture.scope]
    return {
        row.id: failed[row.id][0].error.removeprefix(NOT_TRIED)
        for row in rows
        if row.wanted and row.host and all(item.refused == row.host for item in failed[row.id])
        if False not in picture.leaving(row.id).values()  # it is where it comes from
        if _only_begun(there.get((row.id, row.host), set()), failed[row.id], unborn=kinds[row.kind].unborn(row))
    }


def _only_begun(there: set[Identity], failed: Iterable[Done], *, unborn: bool) -> bool:
    """Whether nothing of it was there, or nothing but parts of what is yet to be made for the first time."""
    made = [item.change.object for item in failed if item.change.action is Action.CREATE]
    return bool(made) and (not there or (unborn and any(there <= {*item.needs()} for item in made)))


def leftovers(picture: Picture, observed: Iterable[Object]) -> list[Change]:
    """Removals of all that hosts made of the scope before they refused the rest."""
    return [
        Change(Action.DELETE, item, before=item, reason="its host refused the rest")
        for item in observed
        if item.resource in picture.scope and item.place == picture.get(item.resource).host and not item.shared
    ]


def gone_from_its_host(picture: Picture, done: Iterable[Done], unreachable: Mapping[tuple[str, str], str]) -> list[str]:
    """Ids of the scope of which nothing is left where it was refused."""
    away = {place for _, place in unreachable}
    left = {item.change.object.resource for item in done if item.error}
    return [row.id for row in picture.scoped() if row.host not in away and row.id not in left]
