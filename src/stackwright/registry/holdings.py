# SPDX-License-Identifier: Apache-2.0
"""What resources hold: values out of pools, amounts of counters, claims on hosts. Kept once it was read or written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from stackwright.engine.errors import Exhausted
from stackwright.engine.resource import Departure, Resource
from stackwright.registry import schema
from stackwright.registry.pending import Pending

CHUNK = 500


def chunked(values: Iterable[str]) -> Iterator[list[str]]:
    """Lists that fit into one IN clause."""
    rest = iter(values)
    while part := list(islice(rest, CHUNK)):
        yield part


class Counter(NamedTuple):
    """How much of a class somebody uses, and how much that may be; None for without end."""

    used: int
    limit: int | None


class Holdings:
    """The part of a transaction that gives out and takes back; it knows the resources' ids alone."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._pending = Pending()
        self._children: dict[str, set[str]] = {}
        self._held: dict[str, dict[tuple[str, str], str]] = {}
        self._claims: dict[str, tuple[str, dict[str, int]]] = {}
        self._departures: dict[str, dict[str, Departure]] = {}
        self._charges: dict[str, dict[str, int]] = {}
        self._counters: dict[str, dict[str, Counter]] = {}

    @property
    def connection(self) -> sa.Connection:
        """For reading and for what is written at once: it knows of everything that waited until now."""
        self.flush()
        return self._connection

    def flush(self) -> None:
        """Write what waits."""
        self._pending.flush(self._connection)

    # What a resource has

    def preload(self, ids: Iterable[str]) -> None:
        """Read at once what many resources hold, claim, count for and own."""
        for part in chunked(item for item in ids if item not in self._held):
            for item in part:
                self._begin(item)
            self._read_holdings(part)

    def _begin(self, resource_id: str) -> None:
        self._held[resource_id] = {}
        self._charges[resource_id] = {}
        self._children[resource_id] = set()
        self._claims.pop(resource_id, None)
        self._departures[resource_id] = {}

    def _read_holdings(self, ids: list[str]) -> None:
        held, claim, resource = schema.allocation.c, schema.claim.c, schema.resource.c
        for row in self.connection.execute(sa.select(schema.allocation).where(held.resource.in_(ids))):
            self._held[row.resource][row.pool, row.key] = row.slot
        for row in self.connection.execute(sa.select(schema.claim).where(claim.resource.in_(ids))):
            self._claims[row.resource] = (row.host, {"vcpus": row.vcpus, "ram": row.ram, "disk": row.disk})
        left = schema.departure.c
        for row in self.connection.execute(sa.select(schema.departure).where(left.resource.in_(ids))):
            self._departures[row.resource][row.host] = _departure(row)
        for row in self.connection.execute(sa.select(resource.id, resource.charges).where(resource.id.in_(ids))):
            self._charges[row.id] = dict(row.charges)
        for row in self.connection.execute(sa.select(resource.id, resource.owner).where(resource.owner.in_(ids))):
            self._children[row.owner].add(row.id)

    # Allocations: unique values

    def taken(self, pool: str) -> dict[str, str]:
        """Everything given out of a pool: key -> resource id."""
        query = sa.select(schema.allocation.c.key, schema.allocation.c.resource).where(schema.allocation.c.pool == pool)
        return {row.key: row.resource for row in self.connection.execute(query)}

    def takers(self, pool: str, keys: Iterable[str]) -> dict[str, str]:
        """Who has these keys of a pool, as far as they are given out: key -> resource id."""
        table = schema.allocation.c
        found: dict[str, str] = {}
        for part in chunked(keys):
            query = sa.select(table.key, table.resource).where(table.pool == pool, table.key.in_(part))
            found |= {row.key: row.resource for row in self.connection.execute(query)}
        return found

    def held(self, resource_id: str) -> Mapping[tuple[str, str], str]:
        """What one resource holds: (pool, key) -> slot."""
        self.preload([resource_id])
        return self._held[resource_id]

    def allocate(self, pool: str, key: str, resource_id: str, slot: str = "") -> None:
        """Give out one value. The table's primary key makes giving it out twice impossible."""
        row = {"pool": pool, "key": key, "resource": resource_id, "slot": slot}
        self.preload([resource_id])
        self._pending.add(schema.allocation, row)
        self._held[resource_id][pool, key] = slot

    def release(self, pool: str, key: str, resource_id: str) -> None:
        """Take one value back from one resource."""
        if (pool, key) in self.held(resource_id):
            self._pending.drop(schema.allocation, pool, key)
            del self._held[resource_id][pool, key]

    # Usage: amounts

    def charge(self, resource: Resource, amounts: Mapping[str, int]) -> None:
        """Make `amounts` what this resource counts for in its project. Raises Exhausted over the project's quota."""
        self.preload([resource.id])
        before = self._charges[resource.id]
        if before == dict(amounts):
            return
        for name in sorted({*before, *amounts}):
            difference = amounts.get(name, 0) - before.get(name, 0)
            self.use(resource.project, name, difference, f"{resource.title}: the quota of its project for {name}")
        self._pending.update(resource.id, {"charges": dict(amounts)})
        self._charges[resource.id] = dict(amounts)

    def use(self, owner: str, name: str, difference: int, what: str) -> None:
        """Add to a counter. Raises Exhausted, beginning with `what`, when its limit is passed."""
        now = self._counter(owner, name)
        used = now.used + difference
        if now.limit is not None and used > max(now.limit, now.used):
            raise Exhausted(f"{what} is used up; delete something or have the limit raised")
        if difference:
            self._count(owner, name, Counter(used, now.limit))

    def set_limit(self, owner: str, name: str, limit: int | None) -> None:
        """Bound a counter. What is used already stays, so the bound is never below it."""
        now = self._counter(owner, name)
        bound = None if limit is None else max(limit, now.used)
        if now.limit != bound or name not in self._counters[owner]:
            self._count(owner, name, Counter(now.used, bound))

    def counters(self, owners: Iterable[str]) -> dict[tuple[str, str], int]:
        """What is used: (owner, class) -> amount."""
        asked = list(owners)
        self._read_counters(asked)
        return {(owner, name): found.used for owner in asked for name, found in self._counters[owner].items()}

    def _counter(self, owner: str, name: str) -> Counter:
        self._read_counters([owner])
        return self._counters[owner].get(name, Counter(0, None))

    def _count(self, owner: str, name: str, now: Counter) -> None:
        if name in self._counters[owner]:
            self._pending.drop(schema.usage, owner, name)
        self._pending.add(schema.usage, {"owner": owner, "class": name, "used": now.used, "limit": now.limit})
        self._counters[owner][name] = now

    def _read_counters(self, owners: Iterable[str]) -> None:
        table = schema.usage.c
        for part in chunked(owner for owner in owners if owner not in self._counters):
            self._counters |= {owner: {} for owner in part}
            for row in self.connection.execute(sa.select(schema.usage).where(table.owner.in_(part))).mappings():
                self._counters[row["owner"]][row["class"]] = Counter(row["used"], row["limit"])

    # Claims on hosts

    def claimed(self, resource_id: str) -> tuple[str, dict[str, int]] | None:
        """What one resource claims: (host id, amounts)."""
        self.preload([resource_id])
        return self._claims.get(resource_id)

    def claim(self, resource: Resource, host: Resource, amounts: Mapping[str, int]) -> None:
        """Claim amounts of a host in place of what was claimed before. Raises Exhausted when they are not there."""
        self.unclaim(resource.id)
        for name in sorted(amounts):
            self.use(host.id, name, amounts[name], f"{resource.title}: {name} of host {host.name}")
        self._pending.add(schema.claim, {"resource": resource.id, "host": host.id, **amounts})
        self._claims[resource.id] = (host.id, dict(amounts))

    def unclaim(self, resource_id: str) -> None:
        """Give a claim back; harmless when there is none."""
        before = self.claimed(resource_id)
        if before is None:
            return
        host, amounts = before
        for name in sorted(amounts):
            self.use(host, name, -amounts[name], "")
        self._pending.drop(schema.claim, resource_id)
        del self._claims[resource_id]

    # Departures: hosts that something was placed on and was not seen gone from yet

    def departures(self, resource_id: str) -> Mapping[str, Departure]:
        """The hosts that one resource is leaving, by id. What it claims of them is claimed until it was seen gone."""
        self.preload([resource_id])
        return self._departures[resource_id]

    def departures_of(self, resources: Iterable[str]) -> dict[str, dict[str, Departure]]:
        """As `departures`, of many resources: those that are leaving any host."""
        wanted, table = set(resources), schema.departure.c
        found: dict[str, dict[str, Departure]] = {}
        for row in self.connection.execute(sa.select(schema.departure).order_by(table.resource, table.host)):
            if row.resource in wanted:
                found.setdefault(row.resource, {})[row.host] = _departure(row)
        return found

    def depart(self, resource: Resource, *, lost: bool = False) -> None:
        """What it claims is from now on claimed for leaving. lost: what is there is given up."""
        claimed = self.claimed(resource.id)
        if claimed is None:
            return
        host, amounts = self._claims.pop(resource.id)
        self._pending.drop(schema.claim, resource.id)
        self._note_departure(resource.id, Departure(host, amounts, lost))

    def mark_departure(self, resource_id: str, host: str, *, lost: bool = False, outdated: bool = False) -> None:
        """Note what became known of what it left on a host: see `Departure`."""
        before = self.departures(resource_id)[host]
        self._pending.drop(schema.departure, resource_id, host)
        now = replace(before, lost=before.lost or lost, outdated=before.outdated or outdated)
        self._note_departure(resource_id, now)

    def _note_departure(self, resource_id: str, left: Departure) -> None:
        row = {"resource": resource_id, "host": left.host, "lost": left.lost, "outdated": left.outdated, **left.amounts}
        self._pending.add(schema.departure, row)
        self._departures[resource_id][left.host] = left

    def depart_no_more(self, resource_id: str, host: str) -> None:
        """It was seen gone from this host, or is to stay there: give back what it claims for leaving."""
        self.preload([resource_id])
        departure = self._departures[resource_id].pop(host)
        for name in sorted(departure.amounts):
            self.use(host, name, -departure.amounts[name], "")
        self._pending.drop(schema.departure, resource_id, host)

    def departing(self, host: str) -> list[str]:
        """Ids of the resources that are leaving a host."""
        query = sa.select(schema.departure.c.resource).where(schema.departure.c.host == host)
        return list(self.connection.execute(query.order_by(schema.departure.c.resource)).scalars())


def _departure(row: Any) -> Departure:
    return Departure(row.host, {"vcpus": row.vcpus, "ram": row.ram, "disk": row.disk}, row.lost, row.outdated)
