# SPDX-License-Identifier: Apache-2.0
"""A run that is paused, loses its lease meanwhile and wakes: it writes nothing more."""

from __future__ import annotations

import signal
from collections.abc import Callable
from itertools import count

import pytest
import sqlalchemy as sa

from processes import Running
from sandbox import Place, Sandbox, flaws, portrait, request, server
from stackwright.engine.request import Request
from stackwright.engine.resource import Wish
from stackwright.registry import schema

CREATE = request(server("one", floating_ip="public"), Wish("network", "other"))
DELETE = request(Wish("instance", "one", present=False), Wish("network", "other", present=False))


@pytest.mark.parametrize(
    ("before", "paused", "meanwhile"),
    [((), CREATE, DELETE), ((CREATE,), DELETE, CREATE)],
    ids=["create", "delete"],
)
def test_a_run_that_wakes_after_another_took_over_writes_nothing(
    new_place: Callable[[], Place], before: tuple[Request, ...], paused: Request, meanwhile: Request
) -> None:
    lost = 0
    for at in count():
        place = new_place()
        with Sandbox(place) as cloud:
            for each in before:
                cloud.ensure(each)
            run = Running(place, paused, at, signal.SIGSTOP)
            if not run.stops():
                break
            declared = _runs(cloud)
            _let_leases_expire(cloud)
            assert cloud.ensure(meanwhile).errors == []
            between = portrait(cloud)
            run.wake()
            ended = run.end()
            assert flaws(cloud) == [], f"paused at step {at}"
            if declared:  # otherwise it declares only now, and then may
                assert portrait(cloud) == between, f"paused at step {at}"
                assert not cloud.ensure(meanwhile).changed, f"paused at step {at}"
            lost += ended.refused.startswith("LeaseLost: another run took over")
    assert lost >= 4, "hardly ever was a lease lost"


def _runs(cloud: Sandbox) -> int:
    with cloud.registry.engine.connect() as connection:
        return len(connection.execute(sa.select(schema.run)).all())


def _let_leases_expire(cloud: Sandbox) -> None:
    """As if the time had passed."""
    with cloud.registry.engine.begin() as connection:
        connection.execute(sa.update(schema.run).values(expires_at=0))
