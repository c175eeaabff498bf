# SPDX-License-Identifier: Apache-2.0
"""Step 1, declare: wishes become rows. Patches are merged, references resolved, policy asked; nothing is touched."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stackwright.engine.allocate import Allocation
from stackwright.engine.errors import Conflict, Forbidden, InvalidInput, NotFound, StackwrightError
from stackwright.engine.families import Families, Placed
from stackwright.engine.kind import Kind, Waves
from stackwright.engine.references import References
from stackwright.engine.request import Request
from stackwright.engine.resource import Resource, Wish
from stackwright.registry.transaction import Transaction

LONGEST_LABEL = 255
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
        self.dropped: list[Resource] = []
        self.policy: Policy = allow_all
        self.project = self._project(request.project)
        self.growing: dict[str, Waves] = {}
        self._families = Families(txn)
        self._references = References(txn, kinds, self.project)
        self._given: set[str] = set()

    def run(self, policy: Policy) -> list[str]:
        """Ids of the resources that the wishes are about, in their order; absent ones that never were are left out."""
        if len(self.request.label) > LONGEST_LABEL:
            raise InvalidInput(
                f"label {self.request.label[:20]}... is longer than {LONGEST_LABEL}; choose a shorter one"
            )
        self.policy = policy
        wishes = self._with_surplus(self.request.wishes)
        self._permit(wishes)
        self._present([Placed(wish, "", self._home(wish.kind)) for wish in wishes if wish.present])
        self._refuse_disabled(wish for wish in wishes if wish.present)
        self._absent([wish for wish in wishes if not wish.present])
        rows = self._recorded(Placed(wish, "", self._home(wish.kind)) for wish in wishes)
        return [row.id for row in rows if row]

    def declare(self, owner: Resource, wishes: list[Wish]) -> list[Resource]:
        """The rows of what a resource comes to declare in its own name, in the order of the wishes."""
        self._permit(wishes)
        placed = [Placed(wish, owner.id, "" if self.kinds[wish.kind].cloud_wide else owner.project) for wish in wishes]
        self._present(placed)
        return [row for row in self._recorded(placed) if row]

    def fresh(self) -> list[Resource]:
        """What was declared and is to be allocated since this was last asked."""
        new = [item for item in self.changed if item not in self._given]
        self._given.update(new)
        return [row for row in map(self.txn.get, new) if row.wanted]

    def let_go(self, owner: Resource, named: set[str]) -> None:
        """What a resource declared before and did not name again goes, or stays on its own."""
        children = [child for child in self.txn.children(owner.id) if child.wanted and child.id not in named]
        self.dropped += self._unwant(self._without_kept(children))

    def _permit(self, wishes: Iterable[Wish]) -> None:
        for wish in wishes:
            self.policy(self.request.actor, "declare" if wish.present else "delete", wish.kind, self.request.project)

    def _refuse_disabled(self, wishes: Iterable[Wish]) -> None:
        """Raises Forbidden for what is declared in a project that is disabled, also by now; what is there may go."""
        home = self.txn.get(self.project) if self.project else None
        if home and not home.spec.get("enabled", True):
            for wish in wishes:
                if self._home(wish.kind):
                    raise Forbidden(
                        f"{wish.kind} {wish.key}: project {home.name} is disabled, so nothing may be declared in it; "
                        "enable it first"
                    )

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

    def _present(self, wishes: list[Placed]) -> None:
        """Declare wishes by kind, so that each finds those that it refers to."""
        for name, kind in self.kinds.items():
            group = [placed for placed in wishes if placed.wish.kind == name]
            if group:
                rows = self._rows(group)
                self._offspring(
                    kind, [self._merge(kind, row, placed.wish) for row, placed in zip(rows, group, strict=True)]
                )

    def _rows(self, wishes: list[Placed]) -> list[Resource]:
        """The rows of wishes of one kind; new ones first get an id, so that they can refer to each other."""
        recorded = [
            row or self._families.adoptable(item) for item, row in zip(wishes, self._recorded(wishes), strict=True)
        ]
        self._unowned([placed for placed, row in zip(wishes, recorded, strict=True) if row is None])
        rows = [
            self._families.adopt(row, placed) if row else _new(placed)
            for placed, row in zip(wishes, recorded, strict=True)
        ]
        self.before = {row.id: known for row, known in zip(rows, recorded, strict=True)} | self.before
        new = [row for row, known in zip(rows, recorded, strict=True) if known is None]
        self.txn.insert(new)
        if new:
            self._references.forget(new[0].kind)
        for row in new:
            self._families.add(row)
        return rows

    def _recorded(self, wishes: Iterable[Placed]) -> list[Resource | None]:
        """The row of each wish; None where there is none."""
        asked = list(wishes)
        found: dict[tuple[str, str, str], Resource] = {}
        for kind in {placed.wish.kind for placed in asked if not placed.owner}:
            keys = {placed.wish.key for placed in asked if placed.wish.kind == kind and not placed.owner}
            rows = self.txn.select_in("key", sorted(keys), kind=kind, owner="")
            found |= {(kind, row.project, row.key): row for row in rows}
        self._families.know({placed.owner for placed in asked if placed.owner})
        return [
            self._families.child(item.owner, item.wish)
            if item.owner
            else found.get((item.wish.kind, item.project, item.wish.key))
            for item in asked
        ]

    def _unowned(self, wishes: list[Placed]) -> None:
        """A task that names what an instance or a stack made neither makes a second one nor removes it."""
        own = {(item.wish.kind, item.project, item.wish.key) for item in wishes if not item.owner}
        for kind in {kind for kind, _, _ in own}:
            names = sorted(key for of, _, key in own if of == kind)
            for row in self.txn.select_in("name", names, kind=kind, wanted=True):
                if row.owner and (kind, row.project, row.name) in own:
                    owner = self.txn.get(row.owner)
                    raise Conflict(f"{row.title} belongs to {owner.title}; change that instead")

    def _merge(self, kind: Kind, row: Resource, wish: Wish) -> Resource:
        """Lay the patch over what is recorded, and note whether that changed anything."""
        spec, targets = self._specified(kind, row, wish)
        # What a new project starts with is its own, not the request's.
        asked = not row.owner and row.project in ("", self.project)
        label = self.request.label if self.request.label and asked else row.label
        name = _named(wish) if wish.name else row.name
        if spec == row.spec and row.wanted and (label, name) == (row.label, row.name):
            self._remember_unfinished(row)
            return row
        if name != row.name:
            self._references.forget(row.kind)
        changed = {"spec": spec, "wanted": True, "label": label, "name": name, "status": "pending", "message": ""}
        row = self.txn.update(row, **changed, revision=row.revision + 1)
        self.txn.refer(row.id, targets)
        self.changed[row.id] = row
        return row

    def _specified(self, kind: Kind, row: Resource, wish: Wish) -> tuple[dict[str, Any], set[str]]:
        """What it shall be, whole, and the ids of what that refers to. Raises what is wrong with it."""
        targets: set[str] = set()

        def resolve(of: str, name: str) -> str:
            target = self._references.resolve(of, name, row)
            targets.add(target)
            return target

        try:
            # What was on its way out is declared anew, and not a change of what it was.
            spec = kind.validate({**(row.spec if row.wanted else {}), **wish.spec}, resolve)
            completed = kind.complete(dataclasses.replace(row, spec=spec), self.allocation)
            if completed != spec:
                spec = kind.validate(completed, resolve)
        except StackwrightError as error:
            raise about(error, row) from error
        return spec, targets

    def _remember_unfinished(self, row: Resource) -> None:
        """An earlier run that broke off left this to be looked at again, with what it affects."""
        if row.status != "active":
            self.changed[row.id] = row

    def _offspring(self, kind: Kind, rows: list[Resource]) -> None:
        """Declare what resources declare themselves, and let go of what they no longer do."""
        waves = {row.id: found for row in rows if (found := kind.waves(row, self.allocation)) is not None}
        self.growing |= waves
        rows = [row for row in rows if row.id not in waves]
        founded = [Placed(wish, "", row.id) for row in rows if self._is_new(row) for wish in kind.founds(row)]
        wishes = [Placed(wish, row.id, row.project) for row in rows for wish in kind.children(row)]
        self._present([*founded, *wishes])
        named = {(placed.owner, placed.wish.kind, placed.wish.key) for placed in wishes}
        self.txn.preload(row.id for row in rows)
        children = [child for row in rows for child in self.txn.children(row.id)]
        self.dropped += self._unwant(
            [child for child in children if child.wanted and (child.owner, child.kind, child.key) not in named]
        )

    def confirm(self) -> None:
        """Call when everything is allocated: nothing that stays may still lead to what goes. Raises Conflict."""
        self._unused(self.dropped)

    def _is_new(self, row: Resource) -> bool:
        """Whether it was not wanted until now."""
        before = self.before[row.id]
        return before is None or not before.wanted

    # What shall go

    def _absent(self, wishes: list[Wish]) -> None:
        placed = [Placed(wish, "", self._home(wish.kind)) for wish in wishes]
        recorded = self._recorded(placed)
        self._unowned([item for item, row in zip(placed, recorded, strict=True) if row is None])
        rows = [row for row in recorded if row]
        self.dropped += self._unwant([*rows, *self._founded(rows)])
        for row in rows:
            self.kinds[row.kind].removable(row, self.allocation)

    def _founded(self, rows: list[Resource]) -> list[Resource]:
        found = []
        for row in rows:
            for wish in self.kinds[row.kind].founds(row):
                found += self.txn.select(kind=wish.kind, project=row.id, owner="", key=wish.key)
        return found

    def _unwant(self, rows: list[Resource]) -> list[Resource]:
        """Mark resources and their children; the rows stay until the backends have been seen without them."""
        going = {row.id: row for row in rows}
        level = list(rows)
        while level:
            self.txn.preload(row.id for row in level)
            below = [child for row in level for child in self.txn.children(row.id) if child.id not in going]
            level = self._without_kept(below)
            going |= {row.id: row for row in level}
        self.before = {**going, **self.before}
        self.txn.update_many(going, wanted=False, status="pending")
        gone = [self.txn.get(item) for item in going]
        self.changed |= {row.id: row for row in gone}
        return gone

    def _without_kept(self, children: list[Resource]) -> list[Resource]:
        """Children but for those that their owner keeps: these are their project's own from now on."""
        owners = {child.owner: self.txn.get(child.owner) for child in children}
        kept = {item for owner in owners.values() for item in self.kinds[owner.kind].keeps(owner)}
        for child in (child for child in children if child.id in kept):
            self.before.setdefault(child.id, child)
            taken = self.txn.select(kind=child.kind, project=child.project, owner="", key=child.name)
            key = f"{child.name}-{child.id[:8]}" if taken else child.name
            own = {"owner": "", "key": key, "label": ""}
            self.changed[child.id] = self.txn.update(child, **own)
        return [child for child in children if child.id not in kept]

    def _unused(self, rows: list[Resource]) -> None:
        """Nothing that stays may refer to what goes. What an earlier run did not get rid of goes on going."""
        going = {row.id for row in rows}
        while rows:
            users = self._users(rows, going)
            for row in rows:
                staying = sorted({self._told(user) for user in users.get(row.id, ()) if user.wanted})
                if staying:
                    raise Conflict(f"{row.title} is used by {', '.join(staying[:5])}; delete or change that first")
            rows = list({user.id: user for found in users.values() for user in found}.values())
            going |= {row.id for row in rows}
            self.changed |= {row.id: row for row in rows}

    def _users(self, rows: list[Resource], but: set[str]) -> dict[str, list[Resource]]:
        """Resource id -> what needs it, without those in `but`."""
        ids = [row.id for row in rows]
        projects = [row.id for row in rows if row.kind == "project"]
        sources = self.txn.sources(ids)
        self.txn.load({item for found in sources.values() for item in found})
        users = {target: [self.txn.get(item) for item in found if item not in but] for target, found in sources.items()}
        for row in self.txn.select_in("project", projects):
            users.setdefault(row.project, []).extend([] if row.id in but else [row])
        return users

    def _told(self, user: Resource) -> str:
        return self.txn.get(user.owner).title if user.owner else user.title


def _new(placed: Placed) -> Resource:
    wish = placed.wish
    return Resource(wish.id or str(uuid.uuid4()), wish.kind, placed.project, placed.owner, wish.key, _named(wish), {})


def _named(wish: Wish) -> str:
    name = wish.name or wish.key
    if not 0 < len(name) <= 255 or not name.isprintable():
        raise InvalidInput(f"{wish.kind} {name!r}: a name has 1 to 255 printable characters; choose another")
    return name


def about(error: StackwrightError, row: Resource) -> StackwrightError:
    """The error with the name of the resource that it is about."""
    words = str(error)
    return error if words.startswith(row.title) else error.saying(f"{row.title}: {words}")
