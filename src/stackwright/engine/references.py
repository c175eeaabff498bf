# SPDX-License-Identifier: Apache-2.0
"""What names mean: the id of the resource that a spec refers to; and the ids in what was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stackwright.engine.errors import InvalidInput, NotFound
from stackwright.engine.kind import Kind
from stackwright.engine.resource import Resource
from stackwright.registry.transaction import Transaction


class References:
    """Names, ids and aliases as one project sees them; each is looked up once."""

    def __init__(self, txn: Transaction, kinds: Mapping[str, Kind], project: str) -> None:
        self.txn = txn
        self.kinds = kinds
        self.project = project
        self._known: dict[str, dict[tuple[str, str], list[Resource]]] = {}

    def forget(self, kind: str) -> None:
        """Names of this kind mean other resources from now on."""
        self._known.pop(kind, None)

    def resolve(self, kind: str, name: str, source: Resource) -> str:
        """The id of what a reference names. Raises NotFound, or InvalidInput when several bear the name."""
        found = self._by_name(kind, name, source.project or self.project)
        if len(found) == 1:
            return found[0].id
        if not found:
            raise NotFound(f"{source.title}: {kind} {name} does not exist; declare it first or mend the name")
        ids = ", ".join(sorted(row.id for row in found))
        raise InvalidInput(f"{source.title}: {kind} {name} means more than one ({ids}); use the id")

    def _by_name(self, kind: str, name: str, project: str) -> list[Resource]:
        known = self._known.setdefault(kind, {})
        if (name, project) not in known:
            known[name, project] = self._look_up(kind, name, project)
        return known[name, project]

    def _look_up(self, kind: str, name: str, project: str) -> list[Resource]:
        # What is recorded are ids, so an id stays what it is, whatever others are named.
        rows = self._by_id(kind, name) or self.txn.select(kind=kind, name=name, wanted=True)
        alias = self.kinds[kind].alias
        if not rows and alias:
            rows = [row for row in self.txn.select(kind=kind, wanted=True) if row.spec[alias] == name]
        own = [row for row in rows if row.project in ("", project)]
        return own or [row for row in rows if self.kinds[kind].shared(row)]

    def _by_id(self, kind: str, name: str) -> list[Resource]:
        known = self.txn.known.get(name)
        if known:
            return [known] if known.kind == kind and known.wanted else []
        return self.txn.select(kind=kind, id=name, wanted=True)


def ids_in(data: Any) -> Iterable[str]:
    """Every text in JSON data that has the form of a resource id."""
    if isinstance(data, Mapping):
        data = data.values()
    elif isinstance(data, str):
        return [data] if len(data) == 36 and data.count("-") == 4 else []
    elif not isinstance(data, (list, tuple)):
        return []
    return [item for part in data for item in ids_in(part)]
