# SPDX-License-Identifier: Apache-2.0
"""The table of contents: what happens between a wish and a running cloud.

    declare -> allocate -> render -> observe -> compare -> order -> apply -> record
    (one transaction)      (pure)    (bulk read) (pure)    (pure)   (parallel)

Check mode is two `if`s: `intend` rolls its transaction back once it has produced every value, and `_fulfil` stops
before `apply`. Everything up to those lines is the very same code.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from stackwright.engine.anew import Repair, gone_from_its_host, leftovers, refusals
from stackwright.engine.apply import Done, apply
from stackwright.engine.batches import in_batches
from stackwright.engine.compare import compare
from stackwright.engine.intent import Intent, everything, intend, refused, sentence
from stackwright.engine.moves import Moves, arrived, staying
from stackwright.engine.objects import Action, Change, Identity, Object
from stackwright.engine.observe import Observed, observe
from stackwright.engine.order import Step, order
from stackwright.engine.progress import Progress
from stackwright.engine.reach import (
    blocked,
    elsewhere,
    held_back,
    orphans,
    outdated,
    outlived,
    possible,
    unborne,
    undone,
    unmet,
)
from stackwright.engine.record import errors_of, found_for, outcomes, purged, record, untold
from stackwright.engine.request import Request, Result
from stackwright.engine.resource import Scope
from stackwright.engine.view import Picture, render, take
from stackwright.registry.leases import Run

SETTLE_S = 30.0

if TYPE_CHECKING:
    from stackwright.cloud import Cloud


def converge(cloud: Cloud, request: Request, check: bool = False) -> Result:
    """Make the request true, or with `check` say what that would take.

    Raises InvalidInput, Exhausted, Forbidden or Temporary before anything is touched. What fails later is told in
    the outcome of its resource.
    """
    with cloud.run(request) as run:
        intent = intend(cloud.registry, cloud.rules, request, run, commit=not check, say=cloud.say)
        if not check:
            run.keep()
        result, moves = _fulfil(cloud, request, intent, run, check)
        told = {item: result.outcomes[item].error for item in moves.staying}
        if not check and moves.ended():
            # What followed them (their ports) now leads to where they are, and what they left behind goes.
            again = cloud.registry.read(intent.again)
            result = result.followed_by(_fulfil(cloud, request, again, run, check, told, moves.left)[0])
        return result if check else _repaired(cloud, request, intent, run, result, told)


def drift(cloud: Cloud, request: Request) -> Result:
    """What differs between the record and the backends, over the whole cloud. Changes nothing."""
    with cloud.run(request) as run:
        return _fulfil(cloud, request, everything(cloud.registry), run, check=True)[0]


def purge(cloud: Cloud, request: Request, check: bool = False) -> Result:
    """Remove the orphans: what carries our mark and is not declared. What does not carry it is never touched."""
    found = drift(cloud, request)
    if check or not found.orphans:
        return found
    done = remove(cloud, request, found.orphans, found.picture, "orphan")
    return dataclasses.replace(found, warnings=tuple(item.error for item in done if item.error))


def remove(cloud: Cloud, request: Request, items: Sequence[Object], picture: Picture, reason: str) -> list[Done]:
    """Remove what was found on backends, whatever is declared. reason: what it is, for people."""
    changes = [Change(Action.DELETE, item, before=item, reason=reason) for item in items]
    with cloud.run(request) as run:
        cloud.registry.write(lambda txn: run.acquire(txn, {item.resource for item in items}))
        run.keep()
        done = _apply(cloud, run, order(changes, items), Progress(changes, picture, cloud.progress))
    cloud.registry.write(lambda txn: txn.record_events(purged(item, request.actor) for item in done))
    return done


def _fulfil(
    cloud: Cloud,
    request: Request,
    intent: Intent,
    run: Run,
    check: bool,
    before: Mapping[str, str] = MappingProxyType({}),
    former: Mapping[str, set[str]] = MappingProxyType({}),
) -> tuple[Result, Moves]:
    """before: what failed in the same run already, and stays so. former: as `Moves` has it."""
    picture, renderers = intent.picture, cloud.rules.renderers
    before = {**intent.staying, **before}
    desired = render(picture, renderers)
    observed = observe(picture, intent.scope(cloud.everywhere, cloud.spread), cloud.drivers, renderers)
    old = outdated(picture, observed.objects, observed.unreachable)
    differences = compare(desired, observed.objects, picture.scope, picture.unwanted(), old)
    # What failed and stays on its host claims there what it did before: what it is to be is claimed by the next wish.
    differences = [item for item in differences if item.action is Action.DELETE or item.object.resource not in before]
    changes, errors = _permitted(cloud, intent, desired, observed, differences)
    errors = {**intent.stuck, **errors}
    if check:
        left = orphans(observed.objects, cloud.known()) if intent.whole else ()
        told = outcomes(intent, desired, changes, errors)
        return Result(told, picture, intent.roots, intent.warnings, left), Moves(picture)

    steps = order(changes, observed.objects, picture.sequence(cloud.rules.kinds, intent.before.values()))
    steps = in_batches(steps, picture.groups(cloud.rules.kinds))
    done = _apply(cloud, run, steps, Progress(changes, picture, cloud.progress))
    failed = {**errors_of(done), **errors}
    failed = unborne(picture, cloud.rules.kinds, failed) | failed
    failed = held_back(picture, failed) | failed
    unseen, there = {place for _, place in observed.unreachable}, arrived(picture, done) - errors.keys()
    moves = Moves(picture, staying(picture, done), unseen, failed, before, former, there)
    failed = failed | dict(before)
    results = outcomes(intent, desired, changes, outlived(picture, failed) | failed)
    found = found_for(desired, observed.objects)
    recorded = cloud.registry.write(
        lambda txn: record(txn, run, cloud.rules.kinds, results, found, request.actor, moves)
    )
    later = failed.keys() | picture.departures.keys()  # what has moved is looked at once more
    unused = {need for item in desired if item.resource in later for need in item.needs()}
    refused_now = refusals(picture, cloud.rules.kinds, done, observed.objects)
    recorded = untold(recorded, intent.staying.keys() - moves.failed.keys())
    result = Result(recorded, picture, intent.roots, tuple(_settle(cloud, done, unused)), refused=refused_now)
    return result, moves


def _repaired(
    cloud: Cloud, request: Request, intent: Intent, run: Run, result: Result, before: Mapping[str, str]
) -> Result:
    """What its host definitely refused to make is made on another one; each is tried once. before: as for `_fulfil`."""
    repair = Repair()
    while not run.stopped() and (fresh := repair.fresh(result)):
        gone = _cleared(cloud, run, fresh)
        place = partial(repair.place, rules=cloud.rules, run=run, gone=gone, actor=request.actor)
        told = cloud.registry.write(place)
        if not told:
            break
        result = dataclasses.replace(result, warnings=(*result.warnings, *told))
        result = result.followed_by(_fulfil(cloud, request, cloud.registry.read(intent.again), run, False, before)[0])
    return result.explained(repair.stuck)


def _cleared(cloud: Cloud, run: Run, refused_here: frozenset[str]) -> list[str]:
    """Remove what hosts made before they refused the rest; ids of those of which nothing is left there."""
    picture = cloud.registry.read(lambda txn: take(txn, refused_here))
    picture = dataclasses.replace(picture, scope=refused_here, family={}, by_name={})
    scope = Scope(refused_here, picture.hosts(()), capacity=False)
    observed = observe(picture, scope, cloud.drivers, cloud.rules.renderers)
    steps = order(leftovers(picture, observed.objects), observed.objects)
    done = _apply(cloud, run, steps, Progress((), picture, cloud.progress))
    return gone_from_its_host(picture, done, observed.unreachable)


def _apply(cloud: Cloud, run: Run, steps: list[Step], progress: Progress) -> list[Done]:
    def report(done: Done) -> None:
        progress.note(done)
        cloud.report(done)

    return apply(steps, cloud.drivers, lambda step: run.guard(step.shared()), report, run.stopped)


def _permitted(
    cloud: Cloud, intent: Intent, desired: list[Object], observed: Observed, changes: list[Change]
) -> tuple[list[Change], Mapping[str, str]]:
    """The changes that may be tried now, and for the resources that must wait one sentence each."""
    picture = intent.picture
    stopped = blocked(picture, observed.unreachable, cloud.rules.renderers, cloud.everywhere)
    held = elsewhere(picture, changes, observed.unreachable)
    losing = {
        change.object.resource: sentence(change, picture) for change in refused(changes, picture, intent.allow_loss_of)
    }
    missing = unmet(changes, desired, observed.unreachable)
    tried = [
        change
        for change in possible(changes, observed.unreachable, stopped)
        if change.object.resource not in {**losing, **held} and change.object.identity not in missing
    ]
    waiting = {
        change.object.resource: missing[change.object.identity]
        for change in changes
        if change.object.identity in missing
    }
    away = undone(picture, changes, observed.unreachable)
    return tried, {**waiting, **losing, **away, **held, **stopped}


def _settle(cloud: Cloud, done: list[Done], unused: Collection[Identity]) -> list[str]:
    """Wait, bounded, for what the backends accepted; sentences about what is not there yet.

    unused: what nothing comes to use now, as the port of an instance that failed; it is not waited for.
    """
    accepted = [item.change.object for item in done if not item.error]
    touched = [item for item in accepted if item.identity not in unused]
    return [
        words
        for name, driver in cloud.drivers.items()
        if any(item.driver == name for item in touched)
        for words in driver.settle(touched, SETTLE_S)
    ]
