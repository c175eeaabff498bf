# SPDX-License-Identifier: Apache-2.0
"""Step 1, declare: wishes become rows. Patches are merged, references resolved, policy asked; nothing is touched."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stackwright.engine.allocate import Allocation
from stackwright.engine.errors import Conflict, InvalidInput, NotFound, StackwrightError
from stackwright.engine.kind import Kind
from stackwright.engine.request import Request
from stackwright.engine.resource import Resource, Wish
from stackwright.registry.transaction import Transaction

Policy = Callable[[Any, str, str, str], None]


def allow_all(actor: Any, action: str, kind: str, project: str) -> None:
    """The policy point: raises Forbidden when the actor may not do this. For now everybody may."""


class Declaration:
    """One request's wishes on their way into one transaction."""

    def __init__(self, txn: Transaction, kinds: Mapping[str, Kind], allocation: Allocation, request: Request) -> None:
        self.txn = txn
        self.kinds = kinds
        self.allocation = allocation
        self.request = request
        self.before: dict[str, Resource | None] = {}
        self.changed: dict[str, Resource] = {}
        self.project = self._project(request.project)
        self._names: dict[tuple[str, str, str], list[Resource]] = {}

    def run(self, policy: Policy) -> list[str]:
        """Ids of the resources that the wishes are about, in their order; absent ones that never were are left out."""
        wishes = self._with_surplus(self.request.wishes)
        for wish in wishes:
            policy(self.request.actor, "declare" if wish.present else "delete", wish.kind, self.request.project)
        self._present([wish for wish in wishes if wish.present], "", self.project)
        self._absent([wish for wish in wishes if not wish.present])
        return [row.id for wish in wishes if (row := self._find(self._home(wish.kind), "", wish))]

    def _project(self, name: str) -> str:
        """The id of the request's project; '' stands for none, where only cloud-wide kinds are declared."""
        if not name:
            return ""
        found = self.txn.select(kind="project", key=name, wanted=True)
        if not found:
            raise NotFound(f"project {name} does not exist; declare it first")
        return found[0].id

    def _with_surplus(self, wishes: tuple[Wish, ...]) -> list[Wish]:
        """The wishes, and for `exact` the removal of what carries the label and is not among them."""
        self._known_kinds(wishes)
        if not self.request.exact:
            return list(wishes)
        if not self.request.label:
            raise InvalidInput("state exact needs a label: it removes what carries the label and is not listed")
        named = {(wish.kind, wish.key) for wish in wishes}
        labelled = self.txn.select(label=self.request.label, owner="", wanted=True)
        mine = [row for row in labelled if row.project in ("", self.project)]
        surplus = [Wish(row.kind, row.key, present=False) for row in mine if (row.kind, row.key) not in named]
        return [*wishes, *surplus]

    def _known_kinds(self, wishes: Iterable[Wish]) -> None:
        seen: set[tuple[str, str]] = set()
        for wish in wishes:
            if wish.kind not in self.kinds:
                raise InvalidInput(f"unknown kind {wish.kind}; known are: {', '.join(self.kinds)}")
            if (wish.kind, wish.key) in seen:
                raise InvalidInput(f"{wish.kind} {wish.key} is listed twice; keep one of them")
            seen.add((wish.kind, wish.key))

    def _home(self, kind: str) -> str:
        return "" if self.kinds[kind].cloud_wide else self.project

    # What shall be there

    def _present(self, wishes: list[Wish], owner: str, project: str) -> list[Resource]:
        """Declare wishes of one owner: by kind, so that each finds those that it refers to."""
        done = []
        for name, kind in self.kinds.items():
            group = [wish for wish in wishes if wish.kind == name]
            rows = self._rows(group, owner, "" if kind.cloud_wide else project)
            done += [self._merge(kind, row, wish) for row, wish in zip(rows, group, strict=True)]
        return done

    def _rows(self, wishes: list[Wish], owner: str, project: str) -> list[Resource]:
        """The rows of wishes of one kind; new ones first get an id, so that they can refer to each other."""
        found = [self._find(project, owner, wish) for wish in wishes]
        fresh = [
            self._new(wish, owner, project) if row is None else row for row, wish in zip(found, wishes, strict=True)
        ]
        self.txn.insert(row for row, known in zip(fresh, found, strict=True) if known is None)
        for row, known in zip(fresh, found, strict=True):
            self.before.setdefault(row.id, known)
        self._names.clear()
        return fresh

    def _find(self, project: str, owner: str, wish: Wish) -> Resource | None:
        found = self.txn.select(kind=wish.kind, project=project, owner=owner, key=wish.key)
        return self.txn.get(found[0].id) if found else None

    def _new(self, wish: Wish, owner: str, project: str) -> Resource:
        name = wish.name or wish.key
        if not owner:
            self._unowned(wish, project)
        if not 0 < len(name) <= 255 or not name.isprintable():
            raise InvalidInput(f"{wish.kind} {name!r}: a name has 1 to 255 printable characters; choose another")
        return Resource(str(uuid.uuid4()), wish.kind, project, owner, wish.key, name, {})

    def _unowned(self, wish: Wish, project: str) -> None:
        """A task that names what an instance or a stack made neither makes a second one nor removes it."""
        owned = [
            row for row in self.txn.select(kind=wish.kind, project=project, name=wish.key, wanted=True) if row.owner
        ]
        if owned:
            owner = self.txn.get(owned[0].owner)
            raise Conflict(f"{owned[0].title} belongs to {owner.title}; change that instead")

    def _merge(self, kind: Kind, row: Resource, wish: Wish) -> Resource:
        """Lay the patch over what is recorded, and note whether that changed anything."""
        targets: set[str] = set()

        def resolve(of: str, name: str) -> str:
            target = self._resolve(of, name, row)
            targets.add(target)
            return target

        try:
            spec = kind.validate({**row.spec, **wish.spec}, resolve)
            completed = kind.complete(dataclasses.replace(row, spec=spec), self.allocation)
            spec = kind.validate(completed, resolve)
        except StackwrightError as error:
            raise _about(error, row) from error
        label = self.request.label if self.request.label and not row.owner else row.label
        if spec == row.spec and row.wanted and label == row.label:
            self._remember_unfinished(row)
        else:
            changed = {"spec": spec, "wanted": True, "label": label, "status": "pending", "message": ""}
            row = self.txn.update(row, **changed, revision=row.revision + 1)
            self.txn.refer(row.id, targets)
            self.changed[row.id] = row
        self._offspring(kind, row)
        return row

    def _remember_unfinished(self, row: Resource) -> None:
        """An earlier run that broke off left this to be looked at again, with what it affects."""
        if row.status != "active":
            self.changed[row.id] = row

    def _offspring(self, kind: Kind, row: Resource) -> None:
        """Declare what a resource declares itself, and let go of what it no longer does."""
        wishes = list(kind.children(row))
        before = self.before[row.id]
        if before is None or not before.wanted:
            self._present(list(kind.founds(row)), "", row.id)
        self._present(wishes, row.id, row.project)
        named = {(wish.kind, wish.key) for wish in wishes}
        surplus = [
            child for child in self.txn.select(owner=row.id, wanted=True) if (child.kind, child.key) not in named
        ]
        for child in surplus:
            self._unwant(child)

    # References

    def _resolve(self, kind: str, name: str, source: Resource) -> str:
        """The id of what a reference names. Raises NotFound, or InvalidInput when several bear the name."""
        found = self._by_name(kind, name, source.project or self.project)
        if len(found) == 1:
            return found[0].id
        if not found:
            raise NotFound(f"{source.title}: {kind} {name} does not exist; declare it first or mend the name")
        ids = ", ".join(sorted(row.id for row in found))
        raise InvalidInput(f"{source.title}: {kind} {name} means more than one ({ids}); use the id")

    def _by_name(self, kind: str, name: str, project: str) -> list[Resource]:
        key = (kind, name, project)
        if key not in self._names:
            self._names[key] = self._look_up(kind, name, project)
        return self._names[key]

    def _look_up(self, kind: str, name: str, project: str) -> list[Resource]:
        rows = self.txn.select(kind=kind, name=name, wanted=True) or self.txn.select(kind=kind, id=name, wanted=True)
        alias = self.kinds[kind].alias
        if not rows and alias:
            rows = [row for row in self.txn.select(kind=kind, wanted=True) if row.spec[alias] == name]
        own = [row for row in rows if row.project in ("", project)]
        return own or [row for row in rows if self.kinds[kind].shared(row)]

    # What shall go

    def _absent(self, wishes: list[Wish]) -> None:
        found = [(wish, self._find(self._home(wish.kind), "", wish)) for wish in wishes]
        for wish in (wish for wish, row in found if row is None):
            self._unowned(wish, self._home(wish.kind))
        rows = [row for _, row in found if row]
        for row in rows:
            self.kinds[row.kind].removable(row, self.allocation)
        self._unused([row for top in [*rows, *self._founded(rows)] for row in self._unwant(top)])

    def _founded(self, rows: list[Resource]) -> list[Resource]:
        found = []
        for row in rows:
            for wish in self.kinds[row.kind].founds(row):
                found += self.txn.select(kind=wish.kind, project=row.id, owner="", key=wish.key)
        return found

    def _unwant(self, row: Resource) -> list[Resource]:
        """Mark a resource and its children; the rows stay until the backends have been seen without them."""
        self.before.setdefault(row.id, row)
        going = [row]
        for child in self.txn.select(owner=row.id):
            going += self._unwant(child)
        row = self.txn.update(row, wanted=False, status="pending")
        self.changed[row.id] = row
        return going

    def _unused(self, rows: list[Resource]) -> None:
        """Nothing that stays may refer to what goes. What an earlier run did not get rid of goes on going."""
        going = {row.id for row in rows}
        queue = list(rows)
        while queue:
            row = queue.pop()
            users = [user for user in self._users(row) if user.id not in going]
            staying = sorted(self._told(user) for user in users if user.wanted)
            if staying:
                raise Conflict(f"{row.title} is used by {', '.join(staying[:5])}; delete or change that first")
            going |= {user.id for user in users}
            self.changed |= {user.id: user for user in users}
            queue += users

    def _users(self, row: Resource) -> list[Resource]:
        users = self.txn.select_in("id", sorted(self.txn.sources([row.id]).get(row.id, ())))
        return users + (self.txn.select(project=row.id) if row.kind == "project" else [])

    def _told(self, user: Resource) -> str:
        return self.txn.get(user.owner).title if user.owner else user.title


def _about(error: StackwrightError, row: Resource) -> StackwrightError:
    words = str(error)
    return error if words.startswith(row.title) else type(error)(f"{row.title}: {words}")
