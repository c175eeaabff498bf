# SPDX-License-Identifier: Apache-2.0
"""What rendering looks at: the resources of a scope and everything they refer to, as plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from stackwright.engine.batches import Group
from stackwright.engine.kind import Kind, Render
from stackwright.engine.objects import Object
from stackwright.engine.resource import ATTACHED, Resource
from stackwright.registry.transaction import Transaction


@dataclass(frozen=True)
class Picture:
    """One consistent state, taken out of a transaction. Implements `engine.resource.View`.

    scope: ids of the resources that are looked after; the others are only there to be referred to.
    targets: resource id -> ids of what it refers to.
    departures: resource id -> names of the hosts that it was not seen gone from yet -> whether it is given up there.
    outdated: (resource id, name of such a host) where what may be left is an old copy, as it was whole elsewhere since.
    holders: resource id -> id of what has it for itself alone.
    family: (owner, kind) -> its children; by_name: the hosts; both are filled in here.
    """

    resources: Mapping[str, Resource]
    scope: frozenset[str]
    targets: Mapping[str, set[str]] = field(default_factory=dict)
    departures: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    outdated: Collection[tuple[str, str]] = frozenset()
    holders: Mapping[str, str] = field(default_factory=dict)
    family: dict[tuple[str, str], list[Resource]] = field(default_factory=dict)
    by_name: dict[str, Resource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_name.update({item.name: item for item in self.resources.values() if item.kind == "host"})
        for resource in sorted(self.resources.values(), key=lambda item: item.key):
            if resource.owner and resource.wanted:
                self.family.setdefault((resource.owner, resource.kind), []).append(resource)

    def get(self, resource_id: str) -> Resource:
        """The resource with this id."""
        return self.resources[resource_id]

    def children(self, owner: str, kind: str) -> list[Resource]:
        """What this owner declared of one kind, by key."""
        return self.family.get((owner, kind), [])

    def host(self, name: str) -> Resource:
        """The host of this name."""
        return self.by_name[name]

    def holder(self, resource_id: str) -> Resource | None:
        """What has this resource for itself alone: the instance of a port."""
        return self.resources.get(self.holders.get(resource_id, ""))

    def leaving(self, resource_id: str) -> Mapping[str, bool]:
        """Names of the hosts that a resource was not seen gone from yet -> whether what was there is given up."""
        return self.departures.get(resource_id, {})

    def unwanted(self) -> frozenset[str]:
        """Ids of the scope's resources that are to go."""
        return frozenset(item for item in self.scope if not self.resources[item].wanted)

    def scoped(self) -> list[Resource]:
        """The resources that are looked after."""
        return [self.resources[item] for item in sorted(self.scope)]

    def sequence(self, kinds: Mapping[str, Kind], before: Iterable[Resource | None]) -> dict[str, Collection[str]]:
        """What users want to be there before what, as those say who declared it: see `Kind.sequence`.

        before: resources as they were, which say it of what they no longer declare.
        """
        said = [entry for row in self.scoped() for entry in kinds[row.kind].sequence(row).items()]
        formerly = [entry for row in before if row for entry in kinds[row.kind].sequence(row).items()]
        staying = self.resources.keys() - self.unwanted()
        return {item: earlier for item, earlier in formerly if item not in staying} | dict(said)

    def groups(self, kinds: Mapping[str, Kind]) -> list[Group]:
        """What users do not want to be worked on all at a time: see `Kind.groups`."""
        return [group for row in self.scoped() if row.wanted for group in kinds[row.kind].groups(row)]

    def every_host(self) -> list[Resource]:
        """All hosts, by name."""
        return [item for _, item in sorted(self.by_name.items()) if item.wanted]

    def hosts(self, everywhere: Collection[str], spread: Collection[str] = (), whole: bool = False) -> dict[str, str]:
        """Name -> URI of every host that holds something of the scope, or with `whole` of every host.

        A host that is to go is asked only while it holds something.
        everywhere: kinds whose objects may be on any host, so that all are asked when one of them is to go.
        spread: kinds that have objects on every host.
        """
        scoped = self.scoped()
        holding = {item.host for item in scoped} | {name for item in scoped for name in self.leaving(item.id)}
        asked = {item.name for item in scoped if item.kind == "host"}
        going = any(item.kind in everywhere and not item.wanted for item in scoped)
        all_of_them = whole or going or any(item.kind in spread for item in scoped)
        hosts = [item for item in self.resources.values() if item.kind == "host"]
        return {
            host.name: host.spec["uri"]
            for host in hosts
            if host.name in holding or (host.wanted and (all_of_them or host.name in asked))
        }


def take(txn: Transaction, ids: Iterable[str], also: Iterable[str] = ()) -> Picture:
    """The picture of a scope: the resources, their children, and the closure of what they refer to.

    also: ids of more to know, with what they refer to: what the scope referred to before. What only looks like an id
    (a description may) is left out.
    """
    scope = set(ids)
    fresh = scope
    while fresh:
        fresh = {child.id for child in txn.select_in("owner", sorted(fresh))} - scope
        scope |= fresh
    targets: dict[str, set[str]] = {}
    known = scope | {row.id for row in txn.select_in("id", sorted(set(also)))}
    fresh = set(known)
    while fresh:
        found = txn.targets(sorted(fresh))
        targets |= found
        fresh = set().union(*found.values()) - known
        known |= fresh
    txn.load(known)
    around = {row.id: row for kind in ("host", "project") for row in txn.select(kind=kind)}
    holders = txn.takers(ATTACHED, scope)
    txn.load(holders.values())
    departures, outdated = _departures(txn, {*scope, *holders.values()})
    resources = {**around, **{item: txn.get(item) for item in (*holders.values(), *known)}}
    return Picture(resources, frozenset(scope), targets, departures, outdated, holders)


def take_all(txn: Transaction) -> Picture:
    """The picture of the whole cloud."""
    everything = {resource.id: resource for resource in txn.select()}
    holders = txn.takers(ATTACHED, everything)
    departures, outdated = _departures(txn, everything)
    return Picture(everything, frozenset(everything), txn.targets(everything), departures, outdated, holders)


def _departures(txn: Transaction, ids: Iterable[str]) -> tuple[dict[str, dict[str, bool]], frozenset[tuple[str, str]]]:
    """`departures` and `outdated`, as a picture has them."""
    found = txn.departures_of(ids)
    named = {item: {txn.get(host).name: one for host, one in left.items()} for item, left in found.items()}
    outdated = frozenset((item, host) for item, left in named.items() for host, one in left.items() if one.outdated)
    return {item: {host: one.lost for host, one in left.items()} for item, left in named.items()}, outdated


Renderers = Mapping[str, Mapping[str, Render]]
"""Driver name -> kind -> renderer."""


def render(picture: Picture, renderers: Renderers) -> list[Object]:
    """Step 3: what the backends shall hold for the scope. What is not wanted any more renders to nothing."""
    found: dict[object, Object] = {}
    for resource in picture.scoped():
        if resource.wanted:
            for of_driver in renderers.values():
                if resource.kind in of_driver:
                    found.update({item.identity: item for item in of_driver[resource.kind](resource, picture)})
    return list(found.values())
