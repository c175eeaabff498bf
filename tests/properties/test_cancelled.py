# SPDX-License-Identifier: Apache-2.0
"""Cancelled before any action, by somebody or by the end of its time; then the same request again completes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from sandbox import Place, Sandbox, drivers, flaws, portrait, request, server
from stackwright.engine.objects import Change
from stackwright.engine.request import Actor, Request
from stackwright.engine.resource import Wish
from stackwright.registry.leases import Run

SERVER = "{type: OS::Nova::Server, properties: {image: guest, flavor: FLAVOR, networks: [{network: net}]}}"
STACK = f"""
heat_template_version: 2018-08-31
resources:
  net: {{type: OS::Neutron::Net}}
  group:
    type: OS::Heat::ResourceGroup
    depends_on: net
    update_policy: {{batch_create: {{}}, rolling_update: {{}}}}
    properties: {{count: 2, resource_def: {SERVER}}}
"""


def stack(flavor: str) -> Request:
    return request(Wish("stack", "s", spec={"template": "s", "files": {"s": STACK.replace("FLAVOR", flavor)}}))


CREATE = request(server("one", floating_ip="public"), Wish("network", "other"))
UPDATE = request(
    server("one", flavor="m1.small", networks=["net", "other"], floating_ip=""),
    Wish("subnet", "other-sub", spec={"network": "other", "cidr": "10.1.0.0/24"}),
)
DELETE = request(Wish("instance", "one", present=False), Wish("network", "other", present=False))


class Stopping(Sandbox):
    """A sandbox whose runs are stopped, in one way or the other, before the n-th change of a backend begins."""

    def __init__(self, place: Place, at: int, how: str) -> None:
        super().__init__(place, drivers=drivers(place, self._before))
        self.at = at
        self.how = how
        self.runs: list[Run] = []
        self.changes = 0

    @contextmanager
    def run(self, request: Request) -> Iterator[Run]:
        with super().run(request) as run:
            self.runs.append(run)
            yield run

    def _before(self, change: Change) -> None:
        self.changes += 1
        if self.changes > self.at >= 0:
            self.at = -1
            run = self.runs[-1]
            if self.how == "time":
                run.limit, run._ends = 1.0, time.monotonic()
            else:
                self.cancel(run.id, actor=Actor("ann"))


@pytest.mark.parametrize(
    ("before", "stopped", "how"),
    [
        ((), CREATE, "cancel"),
        ((CREATE,), UPDATE, "time"),
        ((CREATE,), DELETE, "cancel"),
        ((), stack("m1.tiny"), "time"),
        ((stack("m1.tiny"),), stack("m1.small"), "cancel"),
        ((stack("m1.tiny"),), request(Wish("stack", "s", present=False)), "time"),
    ],
    ids=["create", "update", "delete", "new stack", "stack", "stack goes"],
)
def test_a_stopped_run_is_completed_by_the_next(
    new_place: Callable[[], Place], before: tuple[Request, ...], stopped: Request, how: str
) -> None:
    with Sandbox(new_place()) as clean:
        _all(clean, *before, stopped)
        expected = portrait(clean)
    for at in count():
        place = new_place()
        with Sandbox(place) as cloud:
            _all(cloud, *before)
        with Stopping(place, at, how) as cloud:
            errors = cloud.ensure(stopped).errors
            told = {
                "cancel": "not tried: ann cancelled this run;",
                "time": "not tried: the 1 s that this run was given",
            }
            assert all(error.startswith(told[how]) for error in errors), f"stopped at change {at}"
            reached = cloud.at < 0
            _all(cloud, stopped)
            assert portrait(cloud) == expected, f"stopped at change {at}"
            assert flaws(cloud) == [], f"stopped at change {at}"
            assert not cloud.ensure(stopped).changed, f"stopped at change {at}"
        if not reached:
            break
    assert at > 2, "hardly anything was tried"


def _all(cloud: Sandbox, *requests: Request) -> None:
    for each in requests:
        assert cloud.ensure(each).errors == []
