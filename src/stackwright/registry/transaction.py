# SPDX-License-Identifier: Apache-2.0
"""What can be read and written inside one transaction, in the engine's own values.

A transaction keeps what it has read and written, so that a step may ask for the same a thousand times: resources,
what they refer to, and what they hold. A resource that it inserted itself is known to have nothing before.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import sqlalchemy as sa

from stackwright.engine.errors import Conflict, Exhausted
from stackwright.engine.resource import Departure, Resource
from stackwright.registry import schema
from stackwright.registry.vault import Vault

CHUNK = 500
# Statements that run for every single resource are made once.
UPDATE_ROW = sa.update(schema.resource).where(schema.resource.c.id == sa.bindparam("row"))
USE = (
    sa.update(schema.usage)
    .where(schema.usage.c.owner == sa.bindparam("whose"), schema.usage.c["class"] == sa.bindparam("what"))
    .values(used=schema.usage.c.used + sa.bindparam("difference"))
)
COUNTER = (schema.usage.c.owner == sa.bindparam("whose"), schema.usage.c["class"] == sa.bindparam("what"))
USED = sa.select(schema.usage.c.used).where(*COUNTER)
BOUND = sa.update(schema.usage).where(*COUNTER).values(limit=sa.bindparam("bound"))
ADD = {table.name: sa.insert(table) for table in schema.metadata.tables.values()}
COLUMNS = [schema.resource.c[field.name] for field in dataclasses.fields(Resource)]


def chunked(values: Iterable[str]) -> Iterator[list[str]]:
    """Lists that fit into one IN clause."""
    rest = iter(values)
    while part := list(islice(rest, CHUNK)):
        yield part


class Transaction:
    """One unit of work on the registry."""

    def __init__(self, connection: sa.Connection, vault: Vault | None = None) -> None:
        self.connection = connection
        self._vault = vault
        self.known: dict[str, Resource] = {}
        self._now: float | None = None
        self._targets: dict[str, set[str]] = {}
        self._referrers: dict[tuple[str, str], set[str]] = {}
        self._children: dict[str, set[str]] = {}
        self._held: dict[str, dict[tuple[str, str], str]] = {}
        self._claims: dict[str, tuple[str, dict[str, int]]] = {}
        self._departures: dict[str, dict[str, Departure]] = {}
        self._charges: dict[str, dict[str, int]] = {}
        self._inserted: set[str] = set()

    def now(self) -> float:
        """The database's clock when this transaction first asked, in seconds since the epoch."""
        if self._now is None:
            self._now = self._clock()
        return self._now

    def _clock(self) -> float:
        if self.connection.dialect.name == "sqlite":
            clock = "SELECT (julianday('now') - 2440587.5) * 86400.0"
        else:
            clock = "SELECT extract(epoch FROM clock_timestamp())"
        return float(self.connection.execute(sa.text(clock)).scalar_one())

    # Settings

    def setting(self, key: str) -> str | None:
        """A value that the cloud keeps about itself."""
        query = sa.select(schema.setting.c.value).where(schema.setting.c.key == key)
        return self.connection.execute(query).scalar()

    def set_setting(self, key: str, value: str) -> None:
        """Keep a value; an existing one is replaced."""
        self.connection.execute(sa.delete(schema.setting).where(schema.setting.c.key == key))
        self.connection.execute(sa.insert(schema.setting).values(key=key, value=value))

    # Resources

    def get(self, resource_id: str) -> Resource:
        """One resource. Raises KeyError when there is none."""
        if resource_id not in self.known:
            self.load([resource_id])
        return self.known[resource_id]

    def load(self, ids: Iterable[str]) -> None:
        """Read many resources at once, so that `get` needs no query for them."""
        for part in chunked(sorted({item for item in ids if item not in self.known})):
            self._remember(schema.resource.c.id.in_(part))

    def select(self, **equal: Any) -> list[Resource]:
        """Resources whose columns have these values, by kind and key."""
        return self._remember(*(schema.resource.c[column] == value for column, value in equal.items()))

    def select_in(self, column: str, values: Iterable[str], **equal: Any) -> list[Resource]:
        """As `select`, with one column out of many values."""
        fixed = [schema.resource.c[name] == value for name, value in equal.items()]
        found: list[Resource] = []
        for part in chunked(values):
            found += self._remember(schema.resource.c[column].in_(part), *fixed)
        return found

    def _remember(self, *where: sa.ColumnElement[bool]) -> list[Resource]:
        query = sa.select(*COLUMNS).where(*where).order_by(schema.resource.c.kind, schema.resource.c.key)
        found = []
        for row in self.connection.execute(query).mappings():
            if row["id"] not in self.known:
                self.known[row["id"]] = self._unlocked(Resource(**row))
            found.append(self.known[row["id"]])
        return found

    def _unlocked(self, resource: Resource) -> Resource:
        """Without anything encrypted."""
        vault = self._vault
        if vault is None or resource.kind not in vault.fields:
            return resource
        spec, attributes = (vault.unlock(resource.kind, values) for values in (resource.spec, resource.attributes))
        return dataclasses.replace(resource, spec=spec, attributes=attributes)

    def _locked(self, kind: str, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Columns of a resource as they are written."""
        if self._vault is None or kind not in self._vault.fields:
            return dict(columns)
        self._vault.check(self.setting)
        hidden = {name: self._vault.lock(kind, columns[name]) for name in ("spec", "attributes") if name in columns}
        return {**columns, **hidden}

    def insert(self, resources: Iterable[Resource]) -> None:
        """Add new rows. Raises Conflict when a key is taken, which only a race can bring about."""
        at = self.now()
        added = list(resources)
        if not added:
            return
        rows = [{**self._locked(item.kind, _row(item)), "created_at": at, "updated_at": at} for item in added]
        try:
            self.connection.execute(sa.insert(schema.resource), rows)
        except sa.exc.IntegrityError as error:
            raise Conflict(f"{added[0].title} exists already; run this again") from error
        for item in added:
            self.known[item.id] = item
            self._inserted.add(item.id)
            self._targets[item.id] = set()
            self._begin(item.id)
            if item.owner in self._children:
                self._children[item.owner].add(item.id)

    def update(self, resource: Resource, **changes: Any) -> Resource:
        """Change columns of one row; what is returned is what `get` gives from now on."""
        columns = self._locked(resource.kind, changes)
        self.connection.execute(UPDATE_ROW, {"row": resource.id, **columns, "updated_at": self.now()})
        self.known[resource.id] = dataclasses.replace(self.get(resource.id), **changes)
        return self.known[resource.id]

    def rewrite(self, resource: Resource) -> None:
        """Write again what one row holds, its secrets with the key of now."""
        columns = self._locked(resource.kind, {"spec": resource.spec, "attributes": resource.attributes})
        self.connection.execute(UPDATE_ROW, {"row": resource.id, **columns})

    def update_many(self, ids: Iterable[str], **changes: Any) -> None:
        """Give the same columns of many rows the same values, none of which is secret."""
        at = self.now()
        ids = list(ids)
        for part in chunked(ids):
            query = sa.update(schema.resource).where(schema.resource.c.id.in_(part))
            self.connection.execute(query.values(**changes, updated_at=at))
        for item in set(ids) & self.known.keys():
            self.known[item] = dataclasses.replace(self.known[item], **changes)

    def remove(self, ids: Collection[str]) -> None:
        """Delete rows with everything they hold: references, allocations, claims, quota."""
        for part in chunked(ids):
            self._give_back(part)
            self.connection.execute(sa.delete(schema.reference).where(schema.reference.c.source.in_(part)))
        for part in chunked(ids):
            self.connection.execute(sa.delete(schema.resource).where(schema.resource.c.id.in_(part)))
        for item in ids:
            self.known.pop(item, None)
        self._referrers.clear()
        self._children.clear()
        self._held.clear()

    def _give_back(self, ids: list[str]) -> None:
        """Quota and claims of rows that go: together, so that each counter is changed only once."""
        self.load(ids)
        self.preload(ids)
        back: Counter[tuple[str, str]] = Counter()
        for item in [item for item in ids if item in self.known]:
            host, claimed = self._claims.pop(item, ("", {}))
            back.update({(self.known[item].project, name): amount for name, amount in self._charges[item].items()})
            back.update({(host, name): amount for name, amount in claimed.items()})
            for left, departure in self._departures.pop(item, {}).items():
                back.update({(left, name): amount for name, amount in departure.amounts.items()})
        for (owner, name), amount in sorted(back.items()):
            self.use(owner, name, -amount, "")
        for table in (schema.claim, schema.departure):
            self.connection.execute(sa.delete(table).where(table.c.resource.in_(ids)))

    # Families

    def children(self, owner: str) -> list[Resource]:
        """What a resource declared in its own name, by key."""
        self.preload([owner])
        self.load(self._children[owner])
        return sorted((self.known[item] for item in self._children[owner]), key=lambda row: (row.kind, row.key))

    def move(self, child: Resource) -> None:
        """Know a resource, whose owner changed, as that one's."""
        self.preload([child.owner])
        self._children[child.owner].add(child.id)

    # References

    def refer(self, source: str, targets: Collection[str]) -> None:
        """Make `targets` everything that `source` refers to."""
        before = self.targets([source]).get(source, set())
        after = set(targets) - {source}
        table = schema.reference
        if before - after:
            gone = (table.c.source == source, table.c.target.in_(sorted(before - after)))
            self.connection.execute(sa.delete(table).where(*gone))
        if after - before:
            rows = [{"source": source, "target": target} for target in sorted(after - before)]
            self.connection.execute(ADD["reference"], rows)
        self._targets[source] = after
        self._note_references(source, before, after)

    def _note_references(self, source: str, before: set[str], after: set[str]) -> None:
        kind = self.get(source).kind
        for target in before - after:
            self._referrers.get((target, kind), set()).discard(source)
        for target in after - before:
            if target in self._inserted or (target, kind) in self._referrers:
                self._referrers.setdefault((target, kind), set()).add(source)

    def targets(self, sources: Iterable[str]) -> dict[str, set[str]]:
        """What each of these resources refers to, by id."""
        asked = list(sources)
        unknown = [item for item in asked if item not in self._targets]
        self._targets |= {item: set() for item in unknown}
        for part in chunked(unknown):
            query = sa.select(schema.reference).where(schema.reference.c.source.in_(part))
            for source, target in self.connection.execute(query):
                self._targets[source].add(target)
        return {item: self._targets[item] for item in asked if self._targets[item]}

    def sources(self, targets: Iterable[str]) -> dict[str, set[str]]:
        """Ids of what refers to each of these resources."""
        found: dict[str, set[str]] = {}
        for part in chunked(targets):
            query = sa.select(schema.reference).where(schema.reference.c.target.in_(part))
            for source, target in self.connection.execute(query):
                found.setdefault(target, set()).add(source)
        return found

    def referrers(self, target: str, kind: str) -> list[Resource]:
        """What refers to a resource and is of one kind, by key."""
        if (target, kind) not in self._referrers:
            self._referrers[target, kind] = set() if target in self._inserted else self._ask_referrers(target, kind)
        found = self._referrers[target, kind]
        self.load(found)
        return sorted((self.known[item] for item in found), key=lambda row: row.key)

    def _ask_referrers(self, target: str, kind: str) -> set[str]:
        query = sa.select(schema.reference.c.source).join(
            schema.resource, schema.resource.c.id == schema.reference.c.source
        )
        query = query.where(schema.reference.c.target == target, schema.resource.c.kind == kind)
        return set(self.connection.execute(query).scalars())

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
        self.connection.execute(ADD["allocation"], row)
        self._held[resource_id][pool, key] = slot

    def release(self, pool: str, key: str, resource_id: str) -> None:
        """Take one value back from one resource."""
        table = schema.allocation
        mine = (table.c.pool == pool, table.c.resource == resource_id, table.c.key == key)
        self.connection.execute(sa.delete(table).where(*mine))
        self._held.get(resource_id, {}).pop((pool, key), None)

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
        self.connection.execute(UPDATE_ROW, {"row": resource.id, "charges": dict(amounts)})
        self._charges[resource.id] = dict(amounts)

    def use(self, owner: str, name: str, difference: int, what: str) -> None:
        """Add to a counter. Raises Exhausted, beginning with `what`, when its limit is passed."""
        if not difference:
            return
        try:
            if not self.connection.execute(USE, {"whose": owner, "what": name, "difference": difference}).rowcount:
                row = {"owner": owner, "class": name, "used": difference, "limit": None}
                self.connection.execute(ADD["usage"], row)
        except sa.exc.IntegrityError as error:
            raise Exhausted(f"{what} is used up; delete something or have the limit raised") from error

    def set_limit(self, owner: str, name: str, limit: int | None) -> None:
        """Bound a counter. What is used already stays, so the bound is never below it."""
        mine = {"whose": owner, "what": name}
        used = self.connection.execute(USED, mine).scalar()
        bound = None if limit is None else max(limit, used or 0)
        if used is None:
            row = {"owner": owner, "class": name, "used": 0, "limit": bound}
            self.connection.execute(ADD["usage"], row)
        else:
            self.connection.execute(BOUND, {**mine, "bound": bound})

    def counters(self, owners: Iterable[str]) -> dict[tuple[str, str], int]:
        """What is used: (owner, class) -> amount."""
        table = schema.usage.c
        found: dict[tuple[str, str], int] = {}
        for part in chunked(owners):
            query = sa.select(table.owner, table["class"], table.used).where(table.owner.in_(part))
            found |= {(owner, name): used for owner, name, used in self.connection.execute(query)}
        return found

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
        self.connection.execute(ADD["claim"], {"resource": resource.id, "host": host.id, **amounts})
        self._claims[resource.id] = (host.id, dict(amounts))

    def unclaim(self, resource_id: str) -> None:
        """Give a claim back; harmless when there is none."""
        before = self.claimed(resource_id)
        if before is None:
            return
        host, amounts = before
        for name in sorted(amounts):
            self.use(host, name, -amounts[name], "")
        self.connection.execute(sa.delete(schema.claim).where(schema.claim.c.resource == resource_id))
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
        self.connection.execute(sa.delete(schema.claim).where(schema.claim.c.resource == resource.id))
        row = {"resource": resource.id, "host": host, "lost": lost, **amounts}
        self.connection.execute(sa.insert(schema.departure), row)
        self._departures[resource.id][host] = Departure(host, amounts, lost)

    def depart_no_more(self, resource_id: str, host: str) -> None:
        """It was seen gone from this host, or is to stay there: give back what it claims for leaving."""
        departure = self._departures_of(resource_id).pop(host)
        for name in sorted(departure.amounts):
            self.use(host, name, -departure.amounts[name], "")
        mine = (schema.departure.c.resource == resource_id, schema.departure.c.host == host)
        self.connection.execute(sa.delete(schema.departure).where(*mine))

    def _departures_of(self, resource_id: str) -> dict[str, Departure]:
        self.preload([resource_id])
        return self._departures[resource_id]

    def departing(self, host: str) -> list[str]:
        """Ids of the resources that are leaving a host."""
        query = sa.select(schema.departure.c.resource).where(schema.departure.c.host == host)
        return list(self.connection.execute(query.order_by(schema.departure.c.resource)).scalars())

    # Events

    def record_events(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append to the history: actor, project, resource, kind, name, action, message, owner, path."""
        at = self.now()
        stamped = [{"at": at, **row} for row in rows]
        if stamped:
            self.connection.execute(sa.insert(schema.event), stamped)

    def events(
        self, limit: int, after: int = 0, resource: str = "", project: str = "", owner: str = ""
    ) -> list[dict[str, Any]]:
        """The latest events, oldest first; of one resource, of one project, of an owner and all that it owns."""
        query = sa.select(schema.event).where(schema.event.c.id > after)
        if resource:
            query = query.where(schema.event.c.resource == resource)
        if owner:
            query = query.where(sa.or_(schema.event.c.owner == owner, schema.event.c.resource == owner))
        if project:
            query = query.where(schema.event.c.project == project)
        rows = self.connection.execute(query.order_by(schema.event.c.id.desc()).limit(limit)).mappings()
        return [dict(row) for row in rows][::-1]

    def last_named(self, kind: str, name: str, project: str) -> str:
        """The id of the resource of a kind that the latest event with this name (or id) was about; '' for none."""
        event = schema.event.c
        query = sa.select(event.resource).where(event.kind == kind, event.project == project)
        query = query.where(sa.or_(event.name == name, event.resource == name)).order_by(event.id.desc()).limit(1)
        return self.connection.execute(query).scalar() or ""


def _departure(row: Any) -> Departure:
    return Departure(row.host, {"vcpus": row.vcpus, "ram": row.ram, "disk": row.disk}, row.lost)


def _row(resource: Resource) -> dict[str, Any]:
    return {**dataclasses.asdict(resource), "charges": {}}
