# SPDX-License-Identifier: Apache-2.0
"""Adopting a guest that others made: it is ours to switch, and nothing else of it is ever changed."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import Sandbox, flaws, portrait, request, server
from stackwright.engine.errors import Conflict, InvalidInput, NotFound, StackwrightError
from stackwright.engine.resource import Wish
from stackwright.inventory import instances

UUID = "5d1c7b1e-3c1f-4d7b-9d35-0a8f6c1b2e3d"
FOUND = {
    "id": UUID,
    "vcpus": 2,
    "ram": 1024,
    "disks": [{"target": "vda", "source": "/srv/old-db.qcow2"}],
    "nics": [{"mac_address": "52:54:00:11:22:33", "source": "br0"}],
}


@pytest.fixture
def cloud(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """With a foreign guest on host1."""

    def foreign(host: str, uri: str, name: str) -> dict[str, Any]:
        if (host, name) != ("host1", "legacy"):
            raise NotFound(f"host {host} has no guest {name}; mend the name")
        return FOUND

    monkeypatch.setattr(cloud.drivers["libvirt"], "foreign", foreign, raising=False)
    return cloud


def adopted(**spec: Any) -> Wish:
    return Wish("instance", "old-db", spec={"adopt": "legacy", "host": "host1", **spec})


def test_it_is_recorded_as_it_was_found_and_only_marked(cloud: Sandbox) -> None:
    before = cloud.objects()
    result = cloud.ensure(request(adopted(tags=["db"])))
    assert (result.errors, result.changed) == ([], True)
    (mark,) = (item for item in cloud.objects() if item not in before)
    assert (mark.identity, mark.power) == (("AdoptedDomain", "host1", UUID), "as_is")
    (told,) = cloud.tell("instance", "old-db")
    assert (told["id"], told["host"], told["vcpus"], told["ram"], told["adopt"]) == (UUID, "host1", 2, 1024, "legacy")
    assert (told["adopted"]["disks"], told["addresses"]) == (FOUND["disks"], [])
    assert [(item["name"], item["image"]) for item in instances(cloud)] == [("old-db", "")]
    assert not cloud.drift().changed
    assert flaws(cloud) == []
    assert not cloud.ensure(request(adopted(tags=["db"]))).changed


def test_check_mode_only_looks(cloud: Sandbox) -> None:
    before = portrait(cloud)
    assert cloud.ensure(request(adopted()), check=True).changed
    assert portrait(cloud) == before


def test_its_power_can_be_kept_and_it_is_not_started_because_it_went_down(cloud: Sandbox) -> None:
    cloud.ensure(request(adopted()))
    (mark,) = cloud.objects("AdoptedDomain")
    for power in ("lost", "stopped", "running"):
        cloud.hold(type(mark)(**{**vars(mark), "power": power}))
        assert not cloud.ensure(request(adopted())).changed
    assert cloud.ensure(request(adopted(power="stopped"))).changed
    (mark,) = cloud.objects("AdoptedDomain")
    assert mark.power == "stopped"


def test_absent_gives_it_back(cloud: Sandbox) -> None:
    def known() -> dict[str, list[str]]:
        return {name: rows for name, rows in portrait(cloud).items() if name != "usage"}

    before = known()
    cloud.ensure(request(adopted()))
    assert cloud.drop("instance", "old-db").errors == []
    assert known() == before
    assert flaws(cloud) == []
    assert cloud.ensure(request(adopted())).errors == []


@pytest.mark.parametrize(
    ("spec", "error", "words"),
    [
        ({"image": "guest"}, InvalidInput, "instance old-db is adopted and stays as it was made; leave image out"),
        ({"flavor": "m1.tiny"}, InvalidInput, "leave flavor out"),
        ({"networks": ["net"]}, InvalidInput, "leave networks out"),
        ({"floating_ip": "public"}, InvalidInput, "leave floating_ip out"),
        ({"rebuilds": 1}, InvalidInput, "leave rebuilds out"),
        ({"resize": "trial"}, InvalidInput, "leave resize out"),
        ({"host": ""}, InvalidInput, "instance old-db: adopting needs host, which says where the guest is"),
        ({"host": "host9"}, NotFound, "instance old-db: host host9 does not exist"),
        ({"adopt": "other"}, NotFound, "host host1 has no guest other; mend the name"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(cloud: Sandbox, spec: dict[str, Any], error: type[Exception], words: str) -> None:
    before = portrait(cloud)
    with pytest.raises(error, match=words):
        cloud.ensure(request(adopted(**spec)))
    assert portrait(cloud) == before


@pytest.mark.parametrize(
    "spec", [{"host": "host2"}, {"adopt": "other"}, {"adopt": ""}, {"shelved": True}, {"image": "guest"}], ids=str
)
def test_it_stays_what_it_was_made(cloud: Sandbox, spec: dict[str, Any]) -> None:
    cloud.ensure(request(adopted()))
    before = portrait(cloud)
    with pytest.raises(StackwrightError, match="instance old-db"):
        cloud.ensure(request(Wish("instance", "old-db", spec=spec)))
    assert portrait(cloud) == before


def test_neither_an_instance_of_ours_nor_one_twice_is_adopted(cloud: Sandbox) -> None:
    cloud.ensure(request(server("old-db")))
    with pytest.raises(Conflict, match="instance old-db is there and was made here; choose another name for legacy"):
        cloud.ensure(request(adopted()))
    cloud.ensure(request(Wish("instance", "first", spec={"adopt": "legacy", "host": "host1"})))
    with pytest.raises(Conflict, match="guest legacy on host host1 is instance first already; use that"):
        cloud.ensure(request(Wish("instance", "second", spec={"adopt": "legacy", "host": "host1"})))


def test_an_instance_that_is_made_needs_an_image_and_a_flavor(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="option image is missing"):
        cloud.ensure(request(Wish("instance", "bare", spec={"flavor": "m1.tiny"})))
    with pytest.raises(InvalidInput, match="option flavor is missing"):
        cloud.ensure(request(Wish("instance", "bare", spec={"image": "guest"})))
