# SPDX-License-Identifier: Apache-2.0
"""Stacks and time: runs that have an end or are cancelled, and groups that are gone through in batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from stacks import declare, owned, resources, wanted

from sandbox import Place, Sandbox, drivers, flaws, request
from stackwright import converge, stacks
from stackwright.engine.apply import Done, apply
from stackwright.engine.errors import InvalidInput, NotFound, StackwrightError
from stackwright.engine.objects import Action, Change
from stackwright.engine.order import Step
from stackwright.engine.request import Actor, Request
from stackwright.engine.resource import Wish
from stackwright.registry import schema
from stackwright.registry.leases import Run

SERVER = "type: OS::Nova::Server, properties: {image: guest, flavor: m1.tiny, networks: [{network: net}]}"
THREE = resources(f"""
  a: {{{SERVER}}}
  b: {{depends_on: a, {SERVER}}}
  c: {{depends_on: b, {SERVER}}}
""")
ANN = Actor("ann")


@contextmanager
def working(place: Place, before: Callable[[Change], None], **options: object) -> Iterator[Sandbox]:
    """A sandbox in which something happens before every change."""
    with Sandbox(place, drivers=drivers(place, before), **options) as cloud:
        yield cloud


def is_domain(change: Change) -> bool:
    return type(change.object).__name__ == "Domain"


class Hold:
    """Stops at the first server until it is let go."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.go = threading.Event()

    def __call__(self, change: Change) -> None:
        if is_domain(change):
            self.arrived.set()
            assert self.go.wait(60)


# An end


class Ending(Sandbox):
    """A sandbox whose run can be told that its time is over."""

    at_work: Run

    @contextmanager
    def run(self, request: Request) -> Iterator[Run]:
        with super().run(request) as self.at_work:
            yield self.at_work

    def end(self) -> None:
        self.at_work._ends = time.monotonic()


def test_a_run_whose_time_is_over_begins_nothing_more(place: Place) -> None:
    begun: list[str] = []

    def end(change: Change) -> None:
        if is_domain(change) and not begun:
            begun.append(change.object.resource)
            cloud.end()

    with Ending(place, drivers=drivers(place, end)) as cloud:
        result = cloud.ensure(replace(wanted(THREE), timeout=60))
        words = "not tried: the 60 s that this run was given were over; run it again to go on"
        assert result.errors == [words]
        rows = owned(cloud)
        assert begun == [rows["a"].id]
        assert {key: (rows[key].status, rows[key].message) for key in "abc"} == {
            "a": ("active", ""),
            "b": ("error", words),
            "c": ("error", words),
        }
        assert {item.resource for item in cloud.objects("Domain")} == {rows["a"].id}
        assert words in [event["message"] for event in cloud.events()]
        assert cloud.ensure(wanted(THREE)).errors == []
        assert {item.resource for item in cloud.objects("Domain")} == {row.id for row in owned(cloud).values()}
        assert {key: row.id for key, row in owned(cloud).items()} == {key: row.id for key, row in rows.items()}
        assert not cloud.ensure(wanted(THREE)).changed
        assert flaws(cloud) == []


def test_a_stack_whose_time_is_over_is_rolled_back_in_as_much_time_as_that_takes(place: Place) -> None:
    with working(place, lambda change: time.sleep(0.4 if is_domain(change) else 0)) as cloud:
        result = stacks.declare(cloud, replace(wanted(THREE), timeout=0.3), rollback=True)
        (root,) = result.roots
        assert result.outcomes[root].error.endswith("were over; run it again to go on; stack s was removed again")
        assert cloud.find("stack") == []
        assert cloud.objects("Domain") == []
        assert flaws(cloud) == []


def test_no_time_at_all_is_refused(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match=r"a timeout of -1 s is over before it begins; give 0 for no end"):
        cloud.ensure(replace(wanted(THREE), timeout=-1))


# Cancelling


def test_a_run_that_is_cancelled_stops_and_those_that_wait_go_on(place: Place) -> None:
    hold, said = Hold(), list[str]()
    with working(place, hold) as cloud, Sandbox(place, say=said.append) as other, ThreadPoolExecutor() as pool:
        first = pool.submit(cloud.ensure, wanted(THREE))
        assert hold.arrived.wait(60)
        second = pool.submit(other.ensure, wanted(THREE))
        while not said:
            time.sleep(0.01)
        with Sandbox(place) as third:
            assert third.cancel("s", check=True, actor=Actor("nobody")) == "system: stack s"
            assert third.cancel("s", actor=ANN) == "system: stack s"
            assert third.cancel(third.one("stack", "s").id, actor=Actor("bob")) == "system: stack s"
        hold.go.set()
        words = "not tried: ann cancelled this run; run it again to go on"
        assert first.result(60).errors == [words]
        assert second.result(60).errors == []
        assert not cloud.ensure(wanted(THREE)).changed
        assert words in [event["message"] for event in cloud.events()]
        assert flaws(cloud) == []


def test_any_run_can_be_cancelled_by_its_id(place: Place) -> None:
    hold = Hold()
    with working(place, hold) as cloud, ThreadPoolExecutor() as pool:
        spec = {"image": "guest", "flavor": "m1.tiny", "networks": ["net"]}
        first = pool.submit(cloud.ensure, request(*(Wish("instance", name, spec=spec) for name in ("one", "two"))))
        assert hold.arrived.wait(60)
        with cloud.registry.engine.connect() as connection:
            (run,) = connection.execute(sa.select(schema.run.c.id)).scalars()
        assert cloud.cancel(run, actor=ANN) == "system: instance one, instance two"
        hold.go.set()
        first.result(60)
        with pytest.raises(NotFound, match=f"{run} is neither a stack nor a run that is at work; mend the name"):
            cloud.cancel(run)


def test_a_stack_that_nobody_works_on_is_left_alone(cloud: Sandbox) -> None:
    declare(cloud, THREE)
    before = cloud.picture()
    assert cloud.cancel("s") == ""
    assert cloud.picture() == before
    with pytest.raises(NotFound, match="nothing is neither a stack nor a run that is at work; mend the name"):
        cloud.cancel("nothing")


def test_a_cancelled_stack_is_rolled_back_if_that_was_asked_for(place: Place) -> None:
    hold = Hold()
    with working(place, hold) as cloud, ThreadPoolExecutor() as pool:
        first = pool.submit(stacks.declare, cloud, wanted(THREE), True)
        assert hold.arrived.wait(60)
        cloud.cancel("s", actor=ANN)
        hold.go.set()
        result = first.result(60)
        assert result.outcomes[result.roots[0]].error.startswith("not tried: ann cancelled this run")
        assert cloud.find("stack") == []
        assert flaws(cloud) == []


def test_whoever_waits_for_a_shared_thing_can_be_cancelled(place: Place) -> None:
    said = threading.Event()
    with Sandbox(place) as cloud, ThreadPoolExecutor() as pool:
        busy = Run(cloud.registry, "makes the copy")
        quick = Run._wait_for

        def noted(run: Run, names: list[str]) -> None:
            if not said.is_set():
                cloud.registry.write(lambda txn: busy.acquire(txn, names))
                said.set()
            quick(run, names)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Run, "_wait_for", noted)
            first = pool.submit(cloud.ensure, wanted(THREE))
            assert said.wait(60)
            cloud.cancel("s", actor=ANN)
            assert "not tried: ann cancelled this run; run it again to go on" in first.result(60).errors
        busy.release()
        assert cloud.ensure(wanted(THREE)).errors == []


# Batches


def group(policy: str, count: int = 5, flavor: str = "m1.tiny") -> str:
    member = f"{{image: guest, flavor: {flavor}, networks: [{{network: net}}]}}"
    return resources(f"""
  group:
    type: OS::Heat::ResourceGroup
    update_policy: {policy}
    properties: {{count: {count}, resource_def: {{type: OS::Nova::Server, properties: {member}}}}}
""")


def batches(cloud: Sandbox, text: str) -> list[set[str]]:
    """Declare it; the numbers of the members whose servers change, batch after batch."""
    steps: list[Step] = []
    done: list[Done] = []
    cloud.report = done.append

    def noted(given: list[Step], *how: Any) -> list[Done]:
        steps.extend(given)
        return apply(given, *how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(converge, "apply", noted)
        declare(cloud, text)
    ids = {row.id: key.removeprefix("group/") for key, row in owned(cloud).items()}
    batch = {step.changes[0].object.resource: pauses_before(step) for step in steps if of_server(step)}
    ended = [batch[item.change.object.resource] for item in done if is_domain(item.change)]
    assert ended == sorted(ended)
    return [{ids[item] for item in batch if batch[item] == number} for number in sorted(set(ended))]


def of_server(step: Step) -> bool:
    return bool(step.changes) and is_domain(step.changes[0])


def pauses_before(step: Step) -> int:
    """Of all that it waits for."""
    known: dict[int, Step] = {}
    rest = list(step.after)
    while rest:
        item = rest.pop()
        if id(item) not in known:
            known[id(item)] = item
            rest += item.after
    return sum(not item.changes for item in known.values())


def test_new_members_come_in_batches_and_later_ones_are_new_again(cloud: Sandbox) -> None:
    policy = "{batch_create: {max_batch_size: 2}}"
    assert batches(cloud, group(policy)) == [{"0", "1"}, {"2", "3"}, {"4"}]
    assert batches(cloud, group(policy)) == []
    assert not declare(cloud, group(policy)).changed
    assert batches(cloud, group(policy, 8)) == [{"5", "6"}, {"7"}]


def test_members_change_in_batches(cloud: Sandbox) -> None:
    policy = "{rolling_update: {max_batch_size: 3, min_in_service: 2, pause_time: 0.1}}"
    assert batches(cloud, group(policy, 4)) == [{"0", "1", "2", "3"}]  # nothing is said of how they are made
    changed = group(policy, 4, "m1.small")
    began = time.monotonic()
    assert batches(cloud, changed) == [{"0", "1"}, {"2", "3"}]
    assert time.monotonic() - began > 0.1
    assert not declare(cloud, changed).changed


def test_the_numbers_have_heats_defaults(cloud: Sandbox) -> None:
    both = "{rolling_update: {}, batch_create: {}}"
    assert batches(cloud, group(both, 2)) == [{"0"}, {"1"}]
    assert batches(cloud, group(both, 2, "m1.small")) == [{"0"}, {"1"}]
    assert cloud.one("stack", "s").attributes["rolling"]["group"]["update"] == {
        "max_batch_size": 1,
        "min_in_service": 0,
        "pause_time": 0,
    }


def test_nothing_is_paused_for_when_all_go_or_are_suspended(cloud: Sandbox) -> None:
    declare(cloud, group("{rolling_update: {pause_time: 600}}"))
    began = time.monotonic()
    declare(cloud, group("{rolling_update: {pause_time: 600}}"), suspended=True)
    assert cloud.drop("stack", "s").errors == []
    assert time.monotonic() - began < 60


def test_a_batch_that_fails_ends_the_rolling(place: Place) -> None:
    policy = "{rolling_update: {max_batch_size: 2}}"
    with Sandbox(place) as cloud:
        declare(cloud, group(policy))
        third = owned(cloud)["group/2"].id

    def fail(change: Change) -> None:
        if is_domain(change) and change.object.resource == third:
            raise StackwrightError("host1 says no")

    with working(place, fail) as cloud:
        done: list[Done] = []
        cloud.report = done.append
        result = cloud.ensure(wanted(group(policy, flavor="m1.small")))
        assert sorted(result.errors) == ["host1 says no", "not tried, because this failed before: host1 says no"]
        told = {item.change.object.resource: item.error for item in done if is_domain(item.change)}
        rows = owned(cloud)
        assert [bool(told[rows[f"group/{number}"].id]) for number in range(5)] == [False, False, True, False, True]


@pytest.mark.parametrize("how", ["timeout", "cancel"])
def test_a_pause_ends_with_the_run_and_the_next_goes_on(place: Place, how: str) -> None:
    long, quick = (group(f"{{batch_create: {{max_batch_size: 2, pause_time: {pause}}}}}") for pause in (600, 0))
    with Ending(place, lease_seconds=4.5) as cloud, ThreadPoolExecutor() as pool:
        pauses = threading.Event()
        made: list[str] = []

        def note(done: Done) -> None:
            made.extend([done.change.object.resource] if is_domain(done.change) and not done.error else [])
            if len(made) == 2:
                pauses.set()

        cloud.report = note
        first = pool.submit(cloud.ensure, replace(wanted(long), timeout=300))
        assert pauses.wait(60)
        if how == "cancel":
            cloud.cancel("s", actor=ANN)
        else:
            cloud.end()
        (error,) = first.result(60).errors
        assert error.startswith("not tried: ann cancelled" if how == "cancel" else "not tried: the 300 s")
        rows = owned(cloud)
        assert [rows[f"group/{number}"].status for number in range(5)] == ["active"] * 2 + ["error"] * 3
        assert batches(cloud, quick) == [{"2", "3"}, {"4"}]
        assert flaws(cloud) == []


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("{rolling_update: {max_batch_size: 0}}", "update_policy.rolling_update.max_batch_size: the value 0"),
        ("{rolling_update: {max_batch: 1}}", "update_policy.rolling_update.max_batch: no property is called max_batch"),
        ("{batch_create: {min_in_service: 1}}", "update_policy.batch_create.min_in_service: no property"),
        ("{rolling: {}}", "update_policy.rolling: no property is called rolling"),
        ("{batch_create: {pause_time: soon}}", "update_policy.batch_create.pause_time"),
        ("{batch_create: {pause_time: -1}}", "update_policy.batch_create.pause_time"),
    ],
)
def test_a_policy_that_is_wrong_has_its_place(cloud: Sandbox, policy: str, words: str) -> None:
    with pytest.raises(StackwrightError, match=r"^stack s: main.yaml, line \d+, resources.group.") as error:
        cloud.ensure(wanted(group(policy)))
    assert words in str(error.value)
    assert cloud.find("stack") == []


def test_a_policy_may_be_computed(cloud: Sandbox) -> None:
    text = group("{batch_create: {max_batch_size: {get_param: size}}}", 2)
    assert batches(cloud, text + "parameters: {size: {type: number, default: 1}}\n") == [{"0"}, {"1"}]


def test_members_of_several_servers_come_in_batches_too(cloud: Sandbox) -> None:
    done: list[Done] = []
    cloud.report = done.append
    text = resources("""
  group:
    type: OS::Heat::ResourceGroup
    update_policy: {batch_create: {}}
    properties: {count: 2, resource_def: {type: pair.yaml}}
""")
    declare_with = {"main.yaml": text, "pair.yaml": resources(f"  a: {{{SERVER}}}\n  b: {{{SERVER}}}")}
    assert cloud.ensure(wanted(text, files=declare_with)).errors == []
    paths = {row.id: key for key, row in owned(cloud).items()}
    made = [
        paths[item.change.object.resource][:7]
        for item in done
        if item.change.object.resource in paths and item.change.action is Action.CREATE and not item.change.object.batch
    ]
    assert made == sorted(made)
    assert set(made) == {"group/0", "group/1"}
