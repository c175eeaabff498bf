# SPDX-License-Identifier: Apache-2.0
"""An instance that was deleted is gone before one of its name is made: no new one starts from an old disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from sandbox import Place, Sandbox, flaws, portrait, request, server
from stackwright.engine.errors import Conflict, Refused, StackwrightError, Unreachable
from stackwright.engine.objects import Action, Change
from stackwright.engine.resource import Wish

AWAY = "host host1 did not answer"
TEMPLATE = """
heat_template_version: 2018-08-31
resources:
  web: {type: OS::Nova::Server, properties: {image: guest, flavor: m1.tiny, networks: [{network: net}]}}
"""


@pytest.fixture
def cloud(new_place: Callable[[], Place]) -> Iterator[Sandbox]:
    with Sandbox(new_place()) as opened:
        opened.wish("host", "host2", state="disabled")
        assert opened.ensure(request(server("one"))).errors == []
        yield opened


def refuse(cloud: Sandbox, when: Callable[[Change], bool], error: type[StackwrightError] = Refused) -> None:
    def before(change: Change) -> None:
        if when(change):
            raise error("the disk is busy")

    cloud.drivers["libvirt"].before = before  # type: ignore[attr-defined]


def keep_disks(cloud: Sandbox) -> None:
    refuse(cloud, lambda change: change.action is Action.DELETE and change.object.identity.type == "Volume")


@pytest.mark.parametrize("check", [True, False])
def test_what_is_partly_gone_is_not_made_around_its_old_disk(cloud: Sandbox, check: bool) -> None:
    old = cloud.one("instance", "one").id
    keep_disks(cloud)
    assert cloud.drop("instance", "one").errors
    refuse(cloud, lambda change: False)
    before = portrait(cloud)
    words = (
        r"^instance one was deleted and is not gone from host host1 yet \(the disk is busy\); declare it absent until "
        "it is gone, and then anew$"
    )
    with pytest.raises(Conflict, match=words):
        cloud.ensure(request(server("one"), Wish("network", "other")), check=check)
    assert portrait(cloud) == before
    assert cloud.drop("instance", "one").errors == []
    assert cloud.ensure(request(server("one"))).errors == []
    fresh = cloud.one("instance", "one").id
    assert fresh != old
    assert {item.resource for item in cloud.objects("Volume")} == {fresh}
    assert flaws(cloud) == []


def test_nor_is_what_a_host_that_is_back_still_has(cloud: Sandbox) -> None:
    cloud.drivers["libvirt"].unreachable = {"host1": AWAY}  # type: ignore[attr-defined]
    assert cloud.drop("instance", "one").errors == [AWAY]
    cloud.drivers["libvirt"].unreachable = {}  # type: ignore[attr-defined]
    with pytest.raises(Conflict, match=rf"is not gone from host host1 yet \({AWAY}\)"):
        cloud.ensure(request(server("one")))
    assert cloud.drop("instance", "one").errors == []
    assert cloud.ensure(request(server("one"))).errors == []


def test_what_never_was_there_as_a_whole_holds_nothing(cloud: Sandbox) -> None:
    refuse(cloud, lambda change: change.object.identity.type == "Domain", Unreachable)
    assert cloud.ensure(request(server("two"))).errors
    keep_disks(cloud)
    assert cloud.drop("instance", "two").errors
    refuse(cloud, lambda change: False)
    assert cloud.ensure(request(server("two"))).errors == []
    assert flaws(cloud) == []


def test_of_a_stack_it_is_said_how_it_goes(cloud: Sandbox) -> None:
    def stack(template: str) -> Wish:
        return Wish("stack", "s", spec={"template": "s.yaml", "files": {"s.yaml": template}})

    empty = stack("heat_template_version: 2018-08-31\nresources: {}\n")
    assert cloud.ensure(request(stack(TEMPLATE))).errors == []
    keep_disks(cloud)
    assert cloud.ensure(request(empty)).errors
    refuse(cloud, lambda change: False)
    with pytest.raises(Conflict, match="; declare stack s as it was last until it is gone, and then anew"):
        cloud.ensure(request(stack(TEMPLATE)))
    assert cloud.ensure(request(empty)).errors == []
    assert cloud.ensure(request(stack(TEMPLATE))).errors == []
    assert flaws(cloud) == []


def test_who_is_at_work_on_removing_it_is_waited_for(cloud: Sandbox) -> None:
    waiting = threading.Event()
    old = cloud.one("instance", "one").id

    def before(change: Change) -> None:
        assert waiting.wait(60)

    with Sandbox(cloud.place) as other:
        other.drivers["libvirt"].before = before  # type: ignore[attr-defined]
        thread = threading.Thread(target=other.drop, args=("instance", "one"))
        thread.start()
        while cloud.one("instance", "one").wanted:
            pass
        cloud.say = lambda line: waiting.set()
        assert cloud.ensure(request(server("one"))).errors == []
        thread.join()
    assert cloud.one("instance", "one").id != old
    assert flaws(cloud) == []
