# SPDX-License-Identifier: Apache-2.0
"""What a front end is told while backends are at work."""

from sandbox import Place, Sandbox, request, server
from stackwright.engine.progress import Finished


def test_each_resource_is_told_once_when_it_is_finished(place: Place) -> None:
    told: list[Finished] = []
    with Sandbox(place, progress=told.append) as cloud:
        assert not cloud.ensure(request(server("one"), server("two"))).errors
        names = [item.resource.name for item in told if item.resource.kind == "instance"]
        assert sorted(names) == ["one", "two"]
        assert [item.number for item in told] == list(range(1, len(told) + 1))
        assert {item.total for item in told} == {len(told)}
        assert len({item.resource.id for item in told}) == len(told)
        told.clear()
        assert not cloud.ensure(request(server("one"), server("two"))).changed
        assert told == []


def test_what_fails_is_told_with_its_error(place: Place) -> None:
    told: list[Finished] = []
    with Sandbox(place, progress=told.append) as cloud:
        cloud.drivers["libvirt"].before = refuse  # type: ignore[attr-defined]
        result = cloud.ensure(request(server("one")))
        assert result.errors
        errors = {item.resource.name: item.error for item in told}
        # Its image may be refused before its own disk is tried.
        assert errors["one"].endswith("the host is full; free some of it")


def refuse(change: object) -> None:
    from stackwright.engine.errors import Refused

    raise Refused("the host is full; free some of it")
