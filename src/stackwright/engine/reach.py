# SPDX-License-Identifier: Apache-2.0
"""What an unanswering backend stands in the way of. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from stackwright.engine.kind import Kind
from stackwright.engine.objects import CLOUD, Action, Change, Identity, Object
from stackwright.engine.resource import Resource
from stackwright.engine.view import Picture, Renderers

Unreachable = Mapping[tuple[str, str], str]
"""(driver, place) -> one sentence that names the place and the cause."""


def orphans(objects: Iterable[Object], known: Collection[str]) -> tuple[Object, ...]:
    """Objects with our mark whose resource is not recorded. `known` must be read after the objects were observed."""
    return tuple(item for item in objects if item.resource not in known and item.resource not in ("", CLOUD))


def blocked(
    picture: Picture, unreachable: Unreachable, renderers: Renderers, everywhere: Collection[str]
) -> dict[str, str]:
    """Resource id -> the sentence that says why nothing can be done for it now.

    What is to go does not wait for a host that is lost: what turns up there later is an orphan.
    """
    found: dict[str, str] = {}
    lost = {name for name, host in picture.by_name.items() if lost_with_all(host)}
    for resource in picture.scoped():
        if lost_with_all(resource):
            continue
        for (driver, place), sentence in unreachable.items():
            if place in lost and not resource.wanted:
                continue
            here = place in ("", resource.host) or (resource.kind == "host" and resource.name == place)
            anywhere = resource.kind in everywhere and not resource.wanted
            left = not resource.wanted and picture.leaving(resource.id).get(place) is False
            if resource.kind in renderers.get(driver, {}) and (here or anywhere or left):
                found[resource.id] = sentence
    return found | held_back(picture, found)


def lost_with_all(resource: Resource) -> bool:
    """Whether it is a host that was evacuated: that it does not answer is known."""
    return resource.kind == "host" and resource.spec["state"] == "evacuated"


def elsewhere(picture: Picture, changes: Iterable[Change], unreachable: Unreachable) -> dict[str, str]:
    """Resource id -> why it is not made: a host that it is leaving does not answer, and may have it.

    Nor is it made out of what was given up elsewhere, as that is older: see `outdated`.
    """
    made = {change.object.resource for change in changes if change.action is Action.CREATE and change.object.moves}
    return {
        item: sentence
        for item in made
        for host, lost in picture.leaving(item).items()
        for (_, place), sentence in unreachable.items()
        if place == host and not lost and (item, host) not in picture.outdated
    }


def outdated(picture: Picture, observed: Iterable[Object], unreachable: Unreachable) -> set[tuple[str, str]]:
    """(resource id, host) of what it has left behind that is old, or of which that cannot be told.

    What was given up is used only while nothing newer may be anywhere: it is where it was left last, or on the shelf.
    """
    silent = {place for _, place in unreachable}
    there = {(item.resource, item.place) for item in observed if item.moves and item.whole()}
    found = set(picture.outdated)
    for item, hosts in picture.departures.items():
        left = {(item, host): lost for host, lost in hosts.items() if (item, host) not in picture.outdated}
        newer = any(not lost and (one in there or one[1] in silent) for one, lost in left.items())
        given_up = [one for one, lost in left.items() if lost]
        if newer or len(there.intersection(given_up)) > 1:
            found.update(given_up)
    return found


def held_back(picture: Picture, found: Mapping[str, str]) -> dict[str, str]:
    """What a resource still stands on (its ports, its network) may not go before it is known to be gone."""
    more: dict[str, str] = {}
    queue = [picture.get(item) for item in found]
    while queue:
        resource = queue.pop()
        if resource.wanted:
            continue
        for other in picture.scoped():
            stands = other.owner == resource.id or other.id in picture.targets.get(resource.id, ())
            if stands and not other.wanted and other.id not in found and other.id not in more:
                more[other.id] = found.get(resource.id) or more[resource.id]
                queue.append(other)
    return more


def outlived(picture: Picture, failed: Mapping[str, str]) -> dict[str, str]:
    """What goes may not be gone before what it owns is: else nobody would lead to that any more."""
    found: dict[str, str] = {}
    for item, error in failed.items():
        row = picture.resources[item]
        while row.owner in picture.scope and not picture.get(row.owner).wanted:
            row = picture.get(row.owner)
            found.setdefault(row.id, error)
    return found


def unborne(picture: Picture, kinds: Mapping[str, Kind], failed: Mapping[str, str]) -> dict[str, str]:
    """Resource id -> the failure of what it adds something to: it has not got there, or is not gone from there."""
    return {
        resource.id: failed[target]
        for resource in picture.scoped()
        for target in picture.targets.get(resource.id, ())
        if target in failed and picture.get(target).kind in kinds[resource.kind].touches
    }


def possible(changes: Iterable[Change], unreachable: Unreachable, stopped: Mapping[str, str]) -> list[Change]:
    """The changes that can be tried: at places that answer, without those that a blocked resource forbids."""
    rest = [change for change in changes if (change.object.driver, change.object.place) not in unreachable]
    return [change for change in rest if change.action is not Action.DELETE or change.object.resource not in stopped]


def undone(picture: Picture, changes: Iterable[Change], unreachable: Unreachable) -> dict[str, str]:
    """Resource id -> why what it needs is not there: the place does not answer. What is spread gets there later."""
    return {
        change.object.resource: unreachable[change.object.driver, change.object.place]
        for change in changes
        if (change.object.driver, change.object.place) in unreachable
        and change.object.resource in picture.scope
        and not lost_with_all(picture.get(change.object.resource))
        and not (change.object.spread or change.object.shared)
    }


def unmet(changes: Iterable[Change], desired: Iterable[Object], unreachable: Unreachable) -> dict[Identity, str]:
    """Changes that need something at a place that does not answer: identity -> why they are not tried."""
    away = {
        item.identity: unreachable[item.driver, item.place]
        for item in desired
        if (item.driver, item.place) in unreachable
    }
    return {
        change.object.identity: next(away[need] for need in change.object.needs() if need in away)
        for change in changes
        if change.action is not Action.DELETE and away.keys() & set(change.object.needs())
    }
