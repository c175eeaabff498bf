# SPDX-License-Identifier: Apache-2.0
"""Check mode tells the truth and leaves no trace; a second run changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import Place, Sandbox, portrait, request, server
from stackwright.engine.errors import Exhausted
from stackwright.engine.request import Request, Result
from stackwright.engine.resource import Wish

STEPS = {
    "create": request(
        server("one", floating_ip="public"),
        server("two", security_groups=["web"]),
        Wish("port", "p", spec={"network": "net"}),
        Wish("security_group", "web", spec={"rules": [{"protocol": "icmp"}]}),
    ),
    "update": request(server("one", flavor="m1.small", floating_ip=""), Wish("network", "net", spec={"mtu": 1300})),
    "replace": request(
        Wish("network", "other"),
        Wish("subnet", "other-sub", spec={"network": "other", "cidr": "10.5.0.0/24"}),
        server("two", networks=["other", "net"]),
    ),
    "delete": request(Wish("instance", "one", present=False), Wish("port", "p", present=False)),
}


def test_each_step_is_what_its_preview_said_and_is_made_once(new_place: Callable[[], Place]) -> None:
    with Sandbox(new_place()) as cloud:
        for name, step in STEPS.items():
            before = portrait(cloud)
            preview = cloud.ensure(step, check=True)
            assert portrait(cloud) == before, f"the preview of {name} left something"
            done = cloud.ensure(step)
            assert done.errors == []
            assert _told(preview) == _told(done), name
            again = cloud.ensure(step)
            assert (again.changed, _changes(again)) == (False, []), f"{name} again"
            assert not cloud.ensure(step, check=True).changed, f"the preview of {name} again"


def test_a_preview_fails_where_the_run_would(cloud: Sandbox) -> None:
    huge = request(Wish("flavor", "huge", spec={"vcpus": 1, "ram": 10**6}), server("one", flavor="huge"))
    with pytest.raises(Exhausted, match=r"instance one: no host can take it \(host1: 65536 MiB of memory free"):
        cloud.ensure(huge, check=True)


def test_hand_made_drift_is_found_shown_and_repaired(cloud: Sandbox) -> None:
    wanted = request(server("one", floating_ip="public"))
    cloud.ensure(wanted)
    clean = portrait(cloud)
    assert not cloud.drift().changed
    for item in cloud.objects():
        if type(item).__name__ in ("Hypervisor", "ImageCopy"):
            continue
        cloud.lose(item)
        seen = cloud.drift()
        assert [str(change.object.identity) for change in _changes(seen)] == [str(item.identity)]
        repair = _owner_of(cloud, item)
        assert cloud.ensure(repair).errors == []
        assert portrait(cloud) == clean, f"after the loss of {item.identity}"


def _owner_of(cloud: Sandbox, item: Any) -> Request:
    """What a user would run again to mend this."""
    rows = cloud.picture().resources
    row = rows[item.resource]
    while row.owner:
        row = rows[row.owner]
    project = rows[row.project].name if row.project else ""
    return request(Wish(row.kind, row.key), project=project)


def _changes(result: Result) -> list[Any]:
    return [change for outcome in result.outcomes.values() for change in outcome.changes]


def _told(result: Result) -> list[Any]:
    """What a result says, but for ids that did not exist before and what is learned only by doing."""
    told = []
    for outcome in result.outcomes.values():
        row = outcome.resource
        addresses = {key: row.attributes.get(key) for key in ("mac_address", "floating_ip_address", "ram", "mtu")}
        fixed = [item["ip_address"] for item in row.attributes.get("addresses", [])]
        actions = sorted((change.action.value, type(change.object).__name__) for change in outcome.changes)
        told.append((row.kind, row.name, row.host, addresses, fixed, outcome.changed, outcome.after is None, actions))
    return sorted(told, key=repr)
