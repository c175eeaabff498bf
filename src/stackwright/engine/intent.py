# SPDX-License-Identifier: Apache-2.0
"""Steps 1 and 2 together: the one transaction in which wishes become rows with values, under a lease."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from stackwright.engine.allocate import Allocation
from stackwright.engine.compare import compare
from stackwright.engine.declare import Declaration, Policy
from stackwright.engine.errors import Conflict, InvalidInput, NotFound
from stackwright.engine.hooks import Hook
from stackwright.engine.kind import Kind
from stackwright.engine.objects import Action, Change
from stackwright.engine.reach import lost_with_all
from stackwright.engine.references import ids_in
from stackwright.engine.request import Request
from stackwright.engine.resource import Resource, Scope
from stackwright.engine.traits import Traits
from stackwright.engine.view import Picture, Renderers, render, take, take_all
from stackwright.engine.waves import grow
from stackwright.registry.database import Registry
from stackwright.registry.leases import Run, patiently
from stackwright.registry.transaction import Transaction
from stackwright.scheduler.placement import Scheduler

WAIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What declaring depends on besides the registry."""

    kinds: Mapping[str, Kind]
    renderers: Renderers
    scheduler: Scheduler
    policy: Policy
    mtu: int
    traits: Traits


@dataclass(frozen=True, slots=True)
class Intent:
    """What shall be.

    before: resource id -> as it was recorded, None for what is new.
    roots: what was asked about.
    whole: it is about the whole cloud, so whatever else carries our mark is looked at too.
    stuck: id of a host that is to be emptied -> why that cannot be done yet.
    staying: resource id -> why it was not moved. What it left behind goes; what it is to be waits for its own wish.
    hooks: where to wait for the user.
    """

    picture: Picture
    before: Mapping[str, Resource | None]
    roots: tuple[str, ...]
    allow_loss_of: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    whole: bool = False
    stuck: Mapping[str, str] = field(default_factory=dict)
    staying: Mapping[str, str] = field(default_factory=dict)
    hooks: tuple[Hook, ...] = ()

    def again(self, txn: Transaction) -> Intent:
        """The same, as it is recorded by now; nobody is asked again."""
        left = {row.id: row for row in txn.select_in("id", sorted(self.picture.scope))}
        roots = tuple(item for item in self.roots if item in left)
        return dataclasses.replace(self, picture=take(txn, left), before=left, roots=roots, hooks=())

    def scope(self, everywhere: frozenset[str], spread: frozenset[str]) -> Scope:
        """What the backends are asked for. everywhere, spread: see `Picture.hosts`."""
        hosts = self.picture.hosts(everywhere, spread, self.whole)
        if self.whole:
            return Scope(None, hosts)
        capacity = any(item.kind == "host" for item in self.picture.scoped())
        return Scope(self.picture.scope, hosts, self.picture.unwanted(), capacity)


def intend(
    registry: Registry, rules: Rules, request: Request, run: Run, commit: bool, say: Callable[[str], None]
) -> Intent:
    """Declare and allocate; without commit, leave no trace and take no lease.

    Waits for whoever is at work on the same resources, and says so. Raises Temporary when that takes too long.
    """
    return patiently(
        lambda: registry.write(lambda txn: _intend(txn, rules, request, run if commit else None), commit), WAIT_S, say
    )


def _intend(txn: Transaction, rules: Rules, request: Request, run: Run | None) -> Intent:
    per_host = rules.traits.per_host
    allocation = Allocation(txn, rules.kinds, rules.scheduler, rules.mtu, preview=run is None, per_host=per_host)
    declaration = Declaration(txn, rules.kinds, allocation, request)
    roots = declaration.run(rules.policy)
    affected = _allocated(declaration, allocation)
    before = {**allocation.before, **declaration.before}
    # What a resource adds something to is looked after with it, as that is what the backends hold of it.
    bearers = {item.id for item in allocation.touched(map(txn.get, roots))}
    stale = _stale(txn, rules, roots)
    staying = {row.id: row.message for row in map(txn.get, stale - affected) if not allocation.settled(row)}
    picture = _picture(txn, rules.traits, {*roots, *bearers, *affected, *stale, *declaration.changed}, before)
    _refuse(picture, rules.traits, allocation)
    losses = _losses(picture, before, rules.renderers, request.allow_loss_of, allocation.given_up)
    if losses and run:
        raise Conflict("\n".join(losses))
    if run:
        run.acquire(txn, picture.scope)
    _remains(picture, before, rules.kinds)  # by now nobody is at work on removing them
    stuck = {host: _not_empty(txn.get(host), words) for host, words in allocation.stuck.items() if host in roots}
    return Intent(
        picture,
        before,
        tuple(roots),
        request.allow_loss_of,
        tuple(losses),
        stuck=stuck,
        staying=staying,
        hooks=_hooks(picture, before, rules.kinds, roots),
    )


def _allocated(declaration: Declaration, allocation: Allocation) -> set[str]:
    """Allocate for what was declared; ids of all that this concerned."""
    affected = allocation.run([*_touched(declaration, allocation), *declaration.fresh()])
    affected |= grow(declaration, allocation)
    affected |= allocation.run(_touched(declaration, allocation))
    declaration.confirm()
    return affected


def _picture(txn: Transaction, traits: Traits, scope: set[str], before: Mapping[str, Resource | None]) -> Picture:
    formerly = [item for row in before.values() if row for item in ids_in([row.spec, row.attributes])]
    return take(txn, {*scope, *_spread(txn, traits, scope)}, formerly)


def _hooks(
    picture: Picture, before: Mapping[str, Resource | None], kinds: Mapping[str, Kind], roots: Iterable[str]
) -> tuple[Hook, ...]:
    """What was asked for says where to wait; of what goes, as it was said before."""
    now = [picture.get(item) for item in roots]
    said = [hook for row in now for hook in kinds[row.kind].hooks(row)]
    formerly = [hook for row in now if (was := before.get(row.id)) for hook in kinds[row.kind].hooks(was)]
    going = picture.unwanted()
    return tuple(dict.fromkeys([*said, *(hook for hook in formerly if hook.members <= going)]))


def _stale(txn: Transaction, rules: Rules, roots: Iterable[str]) -> set[str]:
    """What a host may still hold of something that is elsewhere by now: it goes when somebody asks about the host."""
    hosts = [row for row in map(txn.get, roots) if row.kind == "host"]
    return {item for row in hosts for item in (*_departing(txn, row), *_going(txn, rules, row))}


def _departing(txn: Transaction, host: Resource) -> list[str]:
    """What was not seen gone from a host. Of one that is forgotten, nobody waits for that any more."""
    found = txn.departing(host.id)
    for item in found:
        if not host.wanted and txn.departures(item)[host.id].lost:
            txn.depart_no_more(item, host.id)
    return found


def _going(txn: Transaction, rules: Rules, host: Resource) -> list[str]:
    """What is to go and is known to be, as it was on a host that is lost."""
    if not lost_with_all(host):
        return []
    found = [item for kind in rules.kinds[host.kind].affects for item in txn.referrers(host.id, kind)]
    return [item.id for item in found if not item.wanted]


def _not_empty(host: Resource, words: Iterable[str]) -> str:
    return f"{host.title} is not empty yet: {'; '.join(words)}"


def _touched(declaration: Declaration, allocation: Allocation) -> list[Resource]:
    """What the changed resources added something to until now; what they add to from now on, allocation finds."""
    return allocation.touched(declaration.before.get(item) or row for item, row in declaration.changed.items())


def _spread(txn: Transaction, traits: Traits, scope: Iterable[str]) -> list[str]:
    """Ids of what every host is to hold, where a host is in the scope."""
    if not traits.spread or all(txn.get(item).kind != "host" for item in scope):
        return []
    return [row.id for kind in sorted(traits.spread) for row in txn.select(kind=kind)]


def _refuse(picture: Picture, traits: Traits, allocation: Allocation) -> None:
    """Raises InvalidInput for what the backends cannot do."""
    for resource in picture.scoped():
        limit = traits.limits.get(resource.kind)
        words = limit(resource, allocation) if limit and resource.wanted else ""
        if words:
            raise InvalidInput(words)


def _remains(picture: Picture, before: Mapping[str, Resource | None], kinds: Mapping[str, Kind]) -> None:
    """Raises Conflict for what is declared anew while a part of what it was, perhaps its data, could not be removed.

    Where the removal only broke off, it is wanted again as it was.
    """
    for row in [row for row in before.values() if row and row.host and not row.wanted and row.status == "error"]:
        if row.id in picture.scope and picture.get(row.id).wanted and not kinds[row.kind].unborn(row):
            why = f" ({row.message})" if row.message else ""
            again = f"declare {picture.get(row.owner).title} as it was last" if row.owner else "declare it absent"
            raise Conflict(
                f"{row.title} was deleted and is not gone from host {row.host} yet{why}; {again} until it is gone, and "
                "then anew"
            )


def everything(registry: Registry) -> Intent:
    """The intent to keep the whole cloud as it is recorded."""
    return registry.read(lambda txn: Intent(take_all(txn), {}, (), whole=True))


def _losses(
    picture: Picture,
    before: Mapping[str, Resource | None],
    renderers: Renderers,
    allowed: frozenset[str],
    given_up: Collection[str],
) -> list[str]:
    """What the declared change would destroy: found by rendering the record as it was and as it is to be.

    given_up: ids of what was on its way from a host that is lost now.
    """
    old = {item.id: item for item in before.values() if item and item.wanted}
    scope = frozenset(item for item in old if item in picture.scope and picture.get(item).wanted)
    if not scope:
        return []
    as_was = dataclasses.replace(picture, resources={**picture.resources, **old}, scope=scope, family={})
    as_is = dataclasses.replace(picture, scope=scope, family={})
    was = render(as_was, renderers)
    changes = compare(render(as_is, renderers), was, scope)
    lost = {item for item in scope if item in given_up or picture.leaving(item).get(old[item].host)}
    changes += [Change(Action.DELETE, item, before=item, loses=item.holds()) for item in was if item.resource in lost]
    return sorted(sentence(change, picture) for change in refused(changes, picture, allowed))


def refused(changes: Iterable[Change], picture: Picture, allowed: frozenset[str]) -> list[Change]:
    """Changes that would lose data of a resource that the user did not name."""
    return [change for change in changes if change.loses and picture.get(change.object.resource).name not in allowed]


def sentence(change: Change, picture: Picture) -> str:
    """What would be lost, and how to allow it."""
    resource = picture.get(change.object.resource)
    return f"{resource.title}: this would lose {change.loses}; name it in allow_loss_of if that is meant"


def project_id(registry: Registry, name: str) -> str:
    """The id of a project. Raises NotFound."""
    found = registry.read(lambda txn: txn.select(kind="project", key=name, wanted=True))
    if not found:
        raise NotFound(f"project {name} does not exist; declare it first")
    return found[0].id
