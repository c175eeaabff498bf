# SPDX-License-Identifier: Apache-2.0
"""What can be read and written inside one transaction, in the engine's own values.

A transaction keeps what it has read and written, so that a step may ask for the same a thousand times: resources,
what they refer to, and what they hold. A resource that it inserted itself is known to have nothing before.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from stackwright.engine.errors import Conflict
from stackwright.engine.resource import Resource
from stackwright.registry import schema
from stackwright.registry.holdings import Holdings, chunked
from stackwright.registry.pending import UPDATE_ROW
from stackwright.registry.vault import Vault

NOTE = "note "
COLUMNS = [schema.resource.c[field.name] for field in dataclasses.fields(Resource)]


class Transaction(Holdings):
    """One unit of work on the registry."""

    def __init__(self, connection: sa.Connection, vault: Vault | None = None) -> None:
        super().__init__(connection)
        self._vault = vault
        self.known: dict[str, Resource] = {}
        self._now: float | None = None
        self._targets: dict[str, set[str]] = {}
        self._referrers: dict[tuple[str, str], set[str]] = {}
        self._inserted: set[str] = set()
        self._selected: dict[tuple[tuple[str, Any], ...], list[str]] = {}

    def now(self) -> float:
        """The database's clock when this transaction first asked, in seconds since the epoch."""
        if self._now is None:
            self._now = self.clock()
        return self._now

    def clock(self) -> float:
        """The database's clock at this moment."""
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

    def note(self, resource_id: str) -> str:
        """What is kept beside a resource, and goes with it; '' for nothing."""
        return self.setting(NOTE + resource_id) or ""

    def set_note(self, resource_id: str, text: str) -> None:
        """Keep a text beside a resource; '' for none."""
        self._drop_notes([resource_id])
        if text:
            self.set_setting(NOTE + resource_id, text)

    def _drop_notes(self, ids: Iterable[str]) -> None:
        notes = [NOTE + item for item in ids]
        self.connection.execute(sa.delete(schema.setting).where(schema.setting.c.key.in_(notes)))

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
        asked = tuple(sorted(equal.items()))
        if asked not in self._selected:
            found = self._remember(*(schema.resource.c[column] == value for column, value in asked))
            self._selected[asked] = [row.id for row in found]
        return [self.known[item] for item in self._selected[asked]]

    def _forget(self, kinds: Collection[str]) -> None:
        """What was selected may be another selection once resources of these kinds have changed."""
        for asked in [item for item in self._selected if dict(item).get("kind") in (None, *kinds)]:
            del self._selected[asked]

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
        self._forget({item.kind for item in added})
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
        self._pending.update(resource.id, {**columns, "updated_at": self.now()})
        self._forget([resource.kind])
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
        self._selected.clear()
        for item in set(ids) & self.known.keys():
            self.known[item] = dataclasses.replace(self.known[item], **changes)

    def remove(self, ids: Collection[str]) -> None:
        """Delete rows with everything they hold: references, allocations, claims, quota."""
        for part in chunked(ids):
            self._give_back(part)
            self.connection.execute(sa.delete(schema.reference).where(schema.reference.c.source.in_(part)))
        for part in chunked(ids):
            self._drop_notes(part)
            self.connection.execute(sa.delete(schema.resource).where(schema.resource.c.id.in_(part)))
        for item in ids:
            self.known.pop(item, None)
        self._referrers.clear()
        self._selected.clear()
        self._children.clear()
        self._held.clear()

    def _give_back(self, ids: list[str]) -> None:
        """Quota and claims of rows that go: together, so that each counter is changed only once."""
        self.load(ids)
        self.preload(ids)
        back: collections.Counter[tuple[str, str]] = collections.Counter()
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
        for target in before - after:
            self._pending.drop(schema.reference, source, target)
        for target in after - before:
            self._pending.add(schema.reference, {"source": source, "target": target})
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


def _row(resource: Resource) -> dict[str, Any]:
    return {**dataclasses.asdict(resource), "charges": {}}
