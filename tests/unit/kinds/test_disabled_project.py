# SPDX-License-Identifier: Apache-2.0
"""In a project that is disabled nothing is declared any more; what is there stays, and may go."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sandbox import Place, Sandbox, portrait, request
from stackwright.engine.errors import Forbidden
from stackwright.engine.resource import Wish

NETWORK = Wish("network", "shelves", spec={"description": "a"})
REFUSED = "^network shelves: project shop is disabled, so nothing may be declared in it; enable it first$"


@pytest.fixture
def cloud(new_place: Callable[[], Place]) -> Iterator[Sandbox]:
    with Sandbox(new_place()) as opened:
        opened.wish("project", "shop")
        assert opened.ensure(request(NETWORK, project="shop")).errors == []
        opened.wish("project", "shop", enabled=False)
        yield opened


@pytest.mark.parametrize("check", [True, False])
def test_nothing_is_made_or_changed_in_it(cloud: Sandbox, check: bool) -> None:
    before = portrait(cloud)
    for wish in (NETWORK, Wish("network", "shelves", spec={"description": "b"})):
        with pytest.raises(Forbidden, match=REFUSED):
            cloud.ensure(request(wish, project="shop"), check=check)
    assert portrait(cloud) == before


def test_what_is_there_stays_and_may_go(cloud: Sandbox) -> None:
    assert cloud.drift().changed is False
    gone = cloud.ensure(request(Wish("network", "shelves", present=False), project="shop"))
    assert gone.errors == []
    assert cloud.find("network", "shelves", "shop") == []


def test_it_is_enabled_by_the_same_request(cloud: Sandbox) -> None:
    enabled = Wish("project", "shop", spec={"enabled": True})
    assert cloud.ensure(request(enabled, NETWORK, project="shop")).errors == []


def test_others_and_what_belongs_to_no_project_are_not_concerned(cloud: Sandbox) -> None:
    assert cloud.ensure(request(NETWORK)).errors == []
    flavor = Wish("flavor", "c1.tiny", spec={"vcpus": 1, "ram": 64, "disk": 1})
    assert cloud.ensure(request(flavor, project="shop")).errors == []
