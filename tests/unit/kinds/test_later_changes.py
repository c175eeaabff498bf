# SPDX-License-Identifier: Apache-2.0
"""What is changed or removed later, with instances that use it: it reaches the backends, or it is refused."""

from __future__ import annotations

from sandbox import Sandbox, flaws, request, server
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish


def _settled(cloud: Sandbox, result: Result) -> None:
    """It worked, and nothing is left that another run would find."""
    assert result.errors == []
    seen = cloud.drift()
    assert [str(change.object.identity) for outcome in seen.outcomes.values() for change in outcome.changes] == []
    assert flaws(cloud) == []


# What goes together


def test_a_host_that_goes_with_its_instance_is_emptied(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one")))
    host = cloud.one("instance", "one").host
    _settled(cloud, cloud.ensure(request(Wish("host", host, present=False), Wish("instance", "one", present=False))))
    assert cloud.objects("Domain") == []
