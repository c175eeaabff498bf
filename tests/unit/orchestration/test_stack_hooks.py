# SPDX-License-Identifier: Apache-2.0
"""Hooks: a stack waits before or after something until somebody lets it go on."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from stacks import owned, resources, wanted

from sandbox import Place, Sandbox, flaws
from stackwright.engine import apply
from stackwright.engine.errors import NotFound
from stackwright.engine.request import Request, Result
from stackwright.hooks import clear, waiting
from stackwright.stacks import declare, expire

FIRST = "{type: OS::Nova::Server, properties: {image: guest, flavor: m1.tiny, networks: [{network: net}]}}"
LATER = FIRST.replace("{type: OS::Nova::Server,", "{type: OS::Nova::Server, depends_on: first,")
TWO = resources(f"  first: {FIRST}\n  second: {LATER}\n  other: {FIRST}\n")
BIGGER = TWO.replace(LATER, LATER.replace("m1.tiny", "bigger"))
NO_SECOND = resources(f"  first: {FIRST}\n  other: {FIRST}\n")
GROUPED = resources(f"  servers: {{type: OS::Heat::ResourceGroup, properties: {{count: 2, resource_def: {FIRST}}}}}\n")
NESTED = resources("  inner: {type: inner.yaml}\n")
NETWORK = resources("  lan: {type: OS::Neutron::Net, properties: {name: lan}}\n")


@pytest.fixture
def clouds(new_place: Callable[[], Place], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Sandbox, Sandbox]]:
    """The cloud of the run that waits, and that of somebody who looks."""
    monkeypatch.setattr(apply, "CLEARED_S", 0.05)
    place = new_place()
    with Sandbox(place) as one, Sandbox(place) as two:
        one.wish("flavor", "bigger", vcpus=1, ram=1024, disk=1)
        yield one, two


@pytest.fixture
def pool(clouds: tuple[Sandbox, Sandbox]) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as found:
        yield found
        with contextlib.suppress(NotFound):  # what still waits when a test failed
            clouds[1].cancel("s")


def stack(text: str, resource: str = "", *when: str, files: dict[str, str] | None = None, **spec: Any) -> Request:
    """A stack that waits at hooks of one resource, which may be inside others."""
    inner: Any = {"hooks": list(when)}
    for name in reversed(resource.split("/") if resource else []):
        inner = {name: inner}
    registry = f"resource_registry: {{resources: {inner if resource else {}}}}\n"
    found = wanted(text, files={"env.yaml": registry, **(files or {})}, environments=["env.yaml"], **spec)
    return dataclasses.replace(found, timeout=120)


def waits(cloud: Sandbox) -> list[dict[str, str]]:
    """Where the stack waits, if there is one by now, or still."""
    found = cloud.find("stack", "s")
    return waiting(cloud, found[0]) if found else []


def wait(cloud: Sandbox, run: Future[Result], resource: str, hook: str) -> None:
    """Until the stack waits just there."""
    patience = time.monotonic() + 60
    while waits(cloud) != [{"resource": resource, "hook": hook}]:
        assert not run.done(), run.result()
        assert time.monotonic() < patience
        time.sleep(0.05)


def go_on(cloud: Sandbox, resource: str) -> list[str]:
    return clear(cloud, cloud.one("stack", "s"), resource)


def guests(cloud: Sandbox) -> set[str]:
    """Paths of the stack's servers that there are."""
    there = {item.resource for item in cloud.objects("Domain")}
    return {path for path, row in owned(cloud).items() if row.id in there}


def until(found: Callable[[], bool]) -> None:
    patience = time.monotonic() + 60
    while not found():
        assert time.monotonic() < patience
        time.sleep(0.05)


def test_before_something_is_made(clouds: tuple[Sandbox, Sandbox], pool: ThreadPoolExecutor) -> None:
    cloud, other = clouds
    run = pool.submit(cloud.ensure, stack(TWO, "second", "pre-create"))
    wait(other, run, "second", "pre-create")
    until(lambda: guests(other) == {"first", "other"})
    events = [event for event in other.events() if event["action"] == "waiting"]
    assert [event["message"] for event in events] == [
        "waits at hook pre-create of second; stackwright hook clear s second lets it go on"
    ]
    assert go_on(other, "second") == ["pre-create"]
    assert run.result().errors == []
    assert guests(other) == {"first", "second", "other"}
    assert waits(other) == []
    assert flaws(other) == []
    assert not cloud.ensure(stack(TWO, "second", "pre-create")).changed


def test_after_something_is_made(clouds: tuple[Sandbox, Sandbox], pool: ThreadPoolExecutor) -> None:
    cloud, other = clouds
    run = pool.submit(cloud.ensure, stack(TWO, "first", "post-create"))
    wait(other, run, "first", "post-create")
    until(lambda: guests(other) == {"first", "other"})
    go_on(other, "first")
    assert run.result().errors == []
    assert guests(other) == {"first", "second", "other"}


@pytest.mark.parametrize("when", ["pre-update", "post-update"])
def test_around_a_change(clouds: tuple[Sandbox, Sandbox], pool: ThreadPoolExecutor, when: str) -> None:
    cloud, other = clouds
    assert cloud.ensure(stack(TWO, "second", when)).errors == []  # made without waiting
    before = cloud.one("flavor", "m1.tiny").spec["ram"]
    run = pool.submit(cloud.ensure, stack(BIGGER, "second", when))
    wait(other, run, "second", when)
    guest = owned(other)["second"].id
    memory = next(item.memory for item in other.objects("Domain") if item.resource == guest)
    assert (memory == before) is (when == "pre-update")
    go_on(other, "second")
    assert run.result().errors == []
    assert flaws(other) == []


def test_before_something_goes_from_the_template(clouds: tuple[Sandbox, Sandbox], pool: ThreadPoolExecutor) -> None:
    cloud, other = clouds
    cloud.ensure(stack(TWO, "second", "pre-delete"))
    guest = owned(cloud)["second"].id
    run = pool.submit(cloud.ensure, stack(NO_SECOND, "second", "pre-delete"))
    wait(other, run, "second", "pre-delete")
    assert guest in {item.resource for item in other.objects("Domain")}
    go_on(other, "second")
    assert run.result().errors == []
    assert guest not in {item.resource for item in other.objects()}
    assert not cloud.ensure(stack(NO_SECOND, "second", "pre-delete")).changed


def test_before_a_stack_goes(clouds: tuple[Sandbox, Sandbox], pool: ThreadPoolExecutor) -> None:
    cloud, other = clouds
    cloud.ensure(stack(TWO, "*", "pre-delete", "post-delete"))
    run = pool.submit(cloud.drop, "stack", "s")
    seen = []
    while not run.done():
        for item in waits(other):
            seen.append(f"{item['resource']} {item['hook']}")
            go_on(other, item["resource"])
        time.sleep(0.05)
    assert run.result().errors == []
    assert {f"{name} {when}-delete" for name in ("first", "second", "other") for when in ("pre", "post")} == set(seen)
    assert seen.index("second pre-delete") < seen.index("first pre-delete")
    assert flaws(other) == []


@pytest.mark.parametrize(
    ("text", "resource", "inside"),
    [(GROUPED, "servers", "servers/0"), (GROUPED, "servers/1", "servers/1"), (NESTED, "inner/web", "inner/web")],
)
def test_what_consists_of_others(
    clouds: tuple[Sandbox, Sandbox], pool: ThreadPoolExecutor, text: str, resource: str, inside: str
) -> None:
    cloud, other = clouds
    files = {"inner.yaml": resources(f"  web: {FIRST}\n")}
    run = pool.submit(cloud.ensure, stack(text, resource, "pre-create", files=files))
    wait(other, run, resource, "pre-create")
    assert inside not in guests(other)
    go_on(other, resource)
    assert run.result().errors == []
    assert inside in guests(other)


def test_what_is_made_in_a_transaction(clouds: tuple[Sandbox, Sandbox], pool: ThreadPoolExecutor) -> None:
    cloud, other = clouds
    run = pool.submit(cloud.ensure, stack(NETWORK, "lan", "pre-create", "post-create"))
    wait(other, run, "lan", "pre-create")
    network = owned(other)["lan"].id
    assert network not in {item.resource for item in other.objects()}
    go_on(other, "lan")
    wait(other, run, "lan", "post-create")
    assert network in {item.resource for item in other.objects()}
    go_on(other, "lan")
    assert run.result().errors == []


@pytest.mark.parametrize("when", ["pre-create", "post-create"])
def test_a_run_that_broke_off_is_gone_on_with(
    clouds: tuple[Sandbox, Sandbox], pool: ThreadPoolExecutor, when: str
) -> None:
    cloud, other = clouds
    resource = {"pre-create": "second", "post-create": "first"}[when]
    wish = stack(TWO, resource, when)
    run = pool.submit(cloud.ensure, wish)
    wait(other, run, resource, when)
    until(lambda: guests(other) == {"first", "other"})
    cloud.cancel("s")
    assert run.result().errors
    run = pool.submit(cloud.ensure, wish)
    wait(other, run, resource, when)
    assert guests(other) == {"first", "other"}
    cloud.cancel("s")
    assert run.result().errors
    go_on(other, resource)
    assert cloud.ensure(wish).errors == []
    assert guests(other) == {"first", "second", "other"}


def test_a_stack_that_goes_is_asked_nothing_of_what_it_waited_for(
    clouds: tuple[Sandbox, Sandbox], pool: ThreadPoolExecutor
) -> None:
    cloud, other = clouds
    run = pool.submit(cloud.ensure, stack(TWO, "second", "pre-create"))
    wait(other, run, "second", "pre-create")
    stack_id = cloud.one("stack", "s").id
    cloud.cancel("s")
    run.result()
    assert cloud.drop("stack", "s").errors == []
    assert cloud.registry.read(lambda txn: txn.note(stack_id)) == ""
    assert flaws(cloud) == []


def test_check_mode_and_other_declarations_wait_for_nobody(clouds: tuple[Sandbox, Sandbox]) -> None:
    cloud, _ = clouds
    assert cloud.ensure(stack(TWO, "*", "pre-create"), check=True).errors == []
    cloud.ensure(stack(TWO, "*", "pre-update"))
    assert cloud.wish("flavor", "m1.tiny", ram=768).errors == []  # it changes the servers


def test_nobody_is_there_when_a_stack_is_over_its_time(clouds: tuple[Sandbox, Sandbox]) -> None:
    cloud, _ = clouds
    assert cloud.ensure(stack(TWO, "*", "pre-delete", expires_at=1.0)).errors == []
    assert expire(cloud) == {"stack s of project default": ""}


def test_what_is_rolled_back_waits_for_nobody(clouds: tuple[Sandbox, Sandbox], pool: ThreadPoolExecutor) -> None:
    cloud, other = clouds
    cloud.ensure(stack(TWO, "*", "pre-update"))
    run = pool.submit(declare, cloud, stack(BIGGER, "*", "pre-update"), rollback=True)
    wait(other, run, "second", "pre-update")
    cloud.cancel("s")
    assert "stack s was rolled back to what it was before" in run.result().errors[0]
    assert waits(cloud) == []
    assert flaws(cloud) == []


def test_who_gives_up_what_waits_is_asked_anew_later(clouds: tuple[Sandbox, Sandbox], pool: ThreadPoolExecutor) -> None:
    cloud, other = clouds
    cloud.ensure(stack(TWO, "second", "pre-update"))
    for _ in range(2):
        run = pool.submit(cloud.ensure, stack(BIGGER, "second", "pre-update"))
        wait(other, run, "second", "pre-update")
        cloud.cancel("s")
        assert run.result().errors
        assert cloud.ensure(stack(TWO, "second", "pre-update")).errors == []
        assert waits(cloud) == []


def test_wrong_names(clouds: tuple[Sandbox, Sandbox]) -> None:
    cloud, _ = clouds
    cloud.ensure(stack(TWO))
    with pytest.raises(NotFound, match=r"^stack s does not wait at a hook of first; see where with: hook list$"):
        go_on(cloud, "first")
    with pytest.raises(NotFound, match=r"^stack s does not wait at pre-update of first; see where with: hook list$"):
        clear(cloud, cloud.one("stack", "s"), "first", "pre-update")
