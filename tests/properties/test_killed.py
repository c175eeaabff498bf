# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at any step; then the same request again completes, and nothing is doubled, lost or left."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from processes import Running
from sandbox import Place, Refusing, Sandbox, drivers, flaws, portrait, request, server
from stackwright.engine.request import Request
from stackwright.engine.resource import Wish

CREATE = request(server("one", floating_ip="public"), Wish("network", "other"))
UPDATE = request(
    server("one", flavor="m1.small", networks=["net", "other"], floating_ip=""),
    Wish("subnet", "other-sub", spec={"network": "other", "cidr": "10.1.0.0/24"}),
    Wish("security_group", "default", spec={"rules": [{"protocol": "tcp"}]}),
)
DELETE = request(Wish("instance", "one", present=False), Wish("network", "other", present=False))
HERE = request(server("one", floating_ip="public", host="host1"))
UNPIN = request(Wish("instance", "one", spec={"host": ""}))
DRAIN = request(Wish("host", "host1", spec={"state": "drained"}))
MOVE = request(server("one", floating_ip="public", host="host2"))


@pytest.mark.parametrize(
    ("before", "killed"),
    [((), CREATE), ((CREATE,), UPDATE), ((CREATE,), DELETE), ((HERE,), MOVE), ((HERE, UNPIN), DRAIN)],
    ids=["create", "update", "delete", "move", "drain"],
)
def test_a_killed_run_is_completed_by_the_next(
    new_place: Callable[[], Place], before: tuple[Request, ...], killed: Request
) -> None:
    with Sandbox(new_place()) as clean:
        _all(clean, *before, killed)
        expected = portrait(clean)
    for at in count():
        place = new_place()
        with Sandbox(place) as cloud:
            _all(cloud, *before)
            ended = Running(place, killed, at).end()
            _all(cloud, killed)
            assert portrait(cloud) == expected, f"killed at step {at}"
            assert flaws(cloud) == [], f"killed at step {at}"
            assert not cloud.ensure(killed).changed, f"killed at step {at}"
        if ended.signal == 0:
            break
    assert at > 10, "hardly anything was tried"


def test_a_killed_repair_is_completed_by_the_next(new_place: Callable[[], Place]) -> None:
    """Its host makes the parts of an instance and refuses the whole, before the kill and after it."""
    refusing = Refusing("host1", "Domain")
    wanted = request(server("one", floating_ip="public"))
    for at in count():
        place = new_place()
        with Sandbox(place, drivers=drivers(place, refusing)) as cloud:
            ended = Running(place, wanted, at, before=refusing).end()
            _all(cloud, wanted)
            (row,) = cloud.find("instance")
            assert (row.host, row.status) == ("host2", "active"), f"killed at step {at}"
            assert flaws(cloud) == [], f"killed at step {at}"
            assert not cloud.drift().changed, f"killed at step {at}"
            places = {item.place for item in cloud.objects() if item.resource == row.id}
            assert places == {"host2"}, f"killed at step {at}"
        if ended.signal == 0:
            break
    assert at > 10, "hardly anything was tried"


def _all(cloud: Sandbox, *requests: Request) -> None:
    for each in requests:
        assert cloud.ensure(each).errors == []
