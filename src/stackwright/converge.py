# SPDX-License-Identifier: Apache-2.0
"""The table of contents: what happens between a wish and a running cloud.

    declare -> allocate -> render -> observe -> compare -> order -> apply -> record
    (one transaction)      (pure)    (bulk read) (pure)    (pure)   (parallel)

Check mode is two `if`s: `intend` rolls its transaction back once it has produced every value, and `_fulfil` stops
before `apply`. Everything up to those lines is the very same code.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from stackwright.engine.anew import Repair, gone_from_its_host, leftovers, refusals
from stackwright.engine.apply import Done, apply
from stackwright.engine.batches import in_batches
from stackwright.engine.compare import compare
from stackwright.engine.hooks import Hook, with_hooks
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
from stackwright.engine.request import Outcome, Request, Result
from stackwright.engine.resource import Scope
from stackwright.engine.view import Picture, render, take
from stackwright.hooks import Hooks
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


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall be, what is, what may be done about it now, and resource id -> why something may not."""

    desired: list[Object]
    observed: Observed
    changes: list[Change]
    errors: Mapping[str, str]


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
    before = {**intent.staying, **before}
    plan = _plan(cloud, intent, before)
    if check:
        return _foretold(cloud, intent, plan), Moves(intent.picture)
    done = _carry_out(cloud, request, intent, run, plan)
    moves = _moves(cloud, intent.picture, plan, done, before, former)
    recorded = _recorded(cloud, request, intent, run, plan, moves)
    told = tuple(_settle(cloud, done, _unused(plan, moves)))
    refused_now = refusals(intent.picture, cloud.rules.kinds, done, plan.observed.objects)
    return Result(recorded, intent.picture, intent.roots, told, refused=refused_now), moves


def _plan(cloud: Cloud, intent: Intent, before: Mapping[str, str]) -> Plan:
    """Render, observe and compare; nothing is changed."""
    picture, renderers = intent.picture, cloud.rules.renderers
    desired = render(picture, renderers)
    observed = observe(picture, intent.scope(cloud.everywhere, cloud.spread), cloud.drivers, renderers)
    old = outdated(picture, observed.objects, observed.unreachable)
    changes = compare(desired, observed.objects, picture.scope, picture.unwanted(), old)
    # What failed and stays on its host claims there what it did before: what it is to be is claimed by the next wish.
    changes = [item for item in changes if item.action is Action.DELETE or item.object.resource not in before]
    permitted, errors = _permitted(cloud, intent, desired, observed, changes)
    return Plan(desired, observed, permitted, {**intent.stuck, **errors})


def _foretold(cloud: Cloud, intent: Intent, plan: Plan) -> Result:
    told = outcomes(intent, plan.desired, plan.changes, plan.errors)
    left = orphans(plan.observed.objects, cloud.known()) if intent.whole else ()
    return Result(told, intent.picture, intent.roots, intent.warnings, left)


def _carry_out(cloud: Cloud, request: Request, intent: Intent, run: Run, plan: Plan) -> list[Done]:
    """Order and apply."""
    picture, kinds = intent.picture, cloud.rules.kinds
    hooks = Hooks(cloud, intent.hooks, request)
    steps = order(plan.changes, plan.observed.objects, picture.sequence(kinds, intent.before.values()))
    steps = in_batches(steps, picture.groups(kinds))
    steps = with_hooks(steps, hooks.asked, hooks.waiting(), picture.unwanted())
    done = _apply(cloud, run, steps, Progress(plan.changes, picture, cloud.progress), hooks.cleared)
    hooks.end()
    return done


def _moves(
    cloud: Cloud,
    picture: Picture,
    plan: Plan,
    done: list[Done],
    before: Mapping[str, str],
    former: Mapping[str, set[str]],
) -> Moves:
    """What became of what moves, and of everything that failed now."""
    failed = {**errors_of(done), **plan.errors}
    failed = unborne(picture, cloud.rules.kinds, failed) | failed
    failed = held_back(picture, failed) | failed
    unseen = {place for _, place in plan.observed.unreachable}
    there = arrived(picture, done) - plan.errors.keys()
    return Moves(picture, staying(picture, done), unseen, failed, before, former, there)


def _recorded(cloud: Cloud, request: Request, intent: Intent, run: Run, plan: Plan, moves: Moves) -> dict[str, Outcome]:
    failed = {**moves.failed, **moves.told}
    results = outcomes(intent, plan.desired, plan.changes, outlived(intent.picture, failed) | failed)
    found = found_for(plan.desired, plan.observed.objects)
    recorded = cloud.registry.write(
        lambda txn: record(txn, run, cloud.rules.kinds, results, found, request.actor, moves)
    )
    return untold(recorded, intent.staying.keys() - moves.failed.keys())


def _unused(plan: Plan, moves: Moves) -> set[Identity]:
    """What only things need that failed, or that have moved, which are looked at once more."""
    later = moves.failed.keys() | moves.told.keys() | moves.picture.departures.keys()
    return {need for item in plan.desired if item.resource in later for need in item.needs()}


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


def _apply(
    cloud: Cloud,
    run: Run,
    steps: list[Step],
    progress: Progress,
    cleared: Callable[[Hook], bool] = lambda hook: True,
) -> list[Done]:
    def report(done: Done) -> None:
        progress.note(done)
        cloud.report(done)

    return apply(steps, cloud.drivers, lambda step: run.guard(step.shared()), report, run.stopped, cleared)


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
