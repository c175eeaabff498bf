# SPDX-License-Identifier: Apache-2.0
"""Any sequence of wishes ends where its last wishes say, with the world as the record renders it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sandbox import Place, Sandbox, flaws, request
from stackwright.engine.errors import StackwrightError
from stackwright.engine.resource import Wish
from stackwright.engine.view import render

NETWORKS, GROUPS = ("net", "lan"), ("default", "web")
RULES = st.lists(st.sampled_from([{"protocol": "icmp"}, {"protocol": "tcp"}, {"remote_group": "default"}]), max_size=2)
SPECS: dict[str, Any] = {
    "network": ({"name": st.just("lan")}, {"mtu": st.sampled_from([0, 1300])}),
    "subnet": (
        {"name": st.just("lan-sub")},
        {"network": st.just("lan"), "cidr": st.just("10.1.0.0/29"), "gateway_ip": st.sampled_from(["", "10.1.0.6"])},
    ),
    "security_group": ({"name": st.just("web")}, {"rules": RULES}),
    "port": (
        {"name": st.sampled_from(["p", "q"])},
        {"network": st.sampled_from(NETWORKS), "security_groups": st.lists(st.sampled_from(GROUPS), max_size=2)},
    ),
    "instance": (
        {"name": st.sampled_from(["one", "two"])},
        {
            "image": st.just("guest"),
            "flavor": st.sampled_from(["m1.tiny", "m1.small"]),
            "networks": st.lists(st.sampled_from([*NETWORKS, {"port": "p"}]), max_size=2),
            "security_groups": st.lists(st.sampled_from(GROUPS), max_size=1),
            "floating_ip": st.sampled_from(["", "public"]),
            "description": st.text("ab", max_size=2),
        },
    ),
}

START = [
    Wish("network", "lan"),
    Wish("subnet", "lan-sub", spec={"network": "lan", "cidr": "10.1.0.0/29"}),
    Wish("security_group", "web"),
]


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    """A wish that often patches, and sometimes makes no sense."""
    kind = draw(st.sampled_from(sorted(SPECS)))
    names, options = SPECS[kind]
    if draw(st.integers(0, 3)) == 0:
        return Wish(kind, draw(names["name"]), present=False)
    specs = st.fixed_dictionaries(options) | st.fixed_dictionaries({}, optional=options)
    return Wish(kind, draw(names["name"]), spec=draw(specs))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.lists(wishes(), min_size=1, max_size=3, unique_by=lambda w: (w.kind, w.key)), max_size=8))
def test_any_sequence_ends_as_declared(new_place: Callable[[], Place], steps: list[list[Wish]]) -> None:
    with Sandbox(new_place()) as cloud:
        said: dict[tuple[str, str], dict[str, Any] | None] = {}
        for step in [START, *steps]:
            try:
                result = cloud.ensure(request(*step, allow_loss_of=frozenset({"one", "two"})))
            except StackwrightError:
                event("refused")  # as a whole: nothing of it may have happened
                continue
            event("accepted")
            assert result.errors == []
            assert not cloud.ensure(request(*step, allow_loss_of=frozenset({"one", "two"}))).changed
            for wish in step:
                before = said.get((wish.kind, wish.key)) or {}
                said[wish.kind, wish.key] = {**before, **wish.spec} if wish.present else None
        _recorded_as_said(cloud, said)
        _world_as_recorded(cloud)
        assert flaws(cloud) == []
        assert not cloud.drift().changed


def _recorded_as_said(cloud: Sandbox, said: dict[tuple[str, str], dict[str, Any] | None]) -> None:
    for (kind, name), spec in said.items():
        found = cloud.find(kind, name)
        assert bool(found) == (spec is not None), f"{kind} {name}"
        for option in ("mtu", "description", "gateway_ip"):
            if spec and option in spec:
                assert found[0].spec[option] == spec[option]


def _world_as_recorded(cloud: Sandbox) -> None:
    """Copies of images stay on a host until the image goes; nothing else is there that is not rendered."""
    picture = cloud.picture()
    desired = {item.identity for item in render(picture, cloud.rules.renderers)}
    held = {item.identity for item in cloud.objects() if not item.shared}
    assert held == {identity for identity in desired if identity.type != "ImageCopy"}
    assert desired <= {item.identity for item in cloud.objects()}
