# SPDX-License-Identifier: Apache-2.0
"""Adopting guests that others made, on a real libvirtd: a mark comes and goes, and nothing else is different."""

from __future__ import annotations

import re
import uuid

import pytest
from hypervisor import PLACE, Cloud, domain_of

from stackwright.drivers.libvirt import power
from stackwright.drivers.libvirt.objects import AdoptedDomain
from stackwright.engine.errors import Conflict, NotFound
from stackwright.engine.objects import Action

METADATA = re.compile(r"\s*<metadata(/>|>.*?</metadata>)", re.DOTALL)


@pytest.fixture
def legacy(cloud: Cloud) -> AdoptedDomain:
    """The wish to adopt somebody else's running guest."""
    uid = str(uuid.uuid4())
    cloud.foreign_guest("legacy", uid)
    return AdoptedDomain(place=PLACE, name=uid, resource=uid, called="legacy", project="p")


def shape(cloud: Cloud) -> list[str]:
    """All that is known of the guest but for its metadata, running and defined."""
    return [METADATA.sub("", cloud.daemon.virsh("dumpxml", "legacy", *side)) for side in ([], ["--inactive"])]


def test_it_is_marked_and_nothing_else_and_given_back(cloud: Cloud, legacy: AdoptedDomain) -> None:
    before = shape(cloud)
    assert [change.action for change in cloud.converge([legacy])] == [Action.CREATE]
    assert cloud.differences([legacy]) == []
    assert shape(cloud) == before
    for side in ([], ["--inactive"]):
        assert 'adopted="yes"' in cloud.daemon.virsh("dumpxml", "legacy", *side).replace("'", '"')
    assert [change.action for change in cloud.converge([], frozenset({legacy.name}))] == [Action.DELETE]
    assert shape(cloud) == before
    assert "stackwright" not in cloud.daemon.virsh("dumpxml", "legacy")
    assert [item for item in cloud.observe([legacy]) if item.resource] == []


@pytest.mark.parametrize("by", ["name", "uuid"])
def test_it_is_found_by_name_and_by_uuid(cloud: Cloud, legacy: AdoptedDomain, by: str) -> None:
    asked = "legacy" if by == "name" else legacy.name
    found = cloud.driver.foreign(PLACE, cloud.daemon.uri, asked)
    assert found == {"id": legacy.name, "vcpus": 2, "ram": 48, "disks": [], "nics": []}


def test_what_is_not_there_or_ours_is_refused(cloud: Cloud, legacy: AdoptedDomain) -> None:
    with pytest.raises(NotFound, match="has no guest nobody; mend the name, or see virsh list --all there"):
        cloud.driver.foreign(PLACE, cloud.daemon.uri, "nobody")
    wanted = cloud.instance(cloud.image(), power="stopped")
    cloud.converge(wanted)
    uid = domain_of(wanted).name
    with pytest.raises(Conflict, match="was made here; see stackwright drift"):
        cloud.driver.foreign(PLACE, cloud.daemon.uri, uid)
    with pytest.raises(Conflict, match="was made here, so it is not adopted"):
        cloud.converge([AdoptedDomain(place=PLACE, name=uid, resource=uid, called="ours")])


def test_one_that_is_gone_is_not_made_anew(cloud: Cloud, legacy: AdoptedDomain) -> None:
    cloud.converge([legacy])
    cloud.daemon.virsh("destroy", "legacy")
    cloud.daemon.virsh("undefine", "legacy")
    with pytest.raises(NotFound, match=r"has no guest legacy .* any more, and it was not made here"):
        cloud.converge([legacy])
    assert cloud.converge([], frozenset({legacy.name})) == []


def test_it_is_switched(cloud: Cloud, legacy: AdoptedDomain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "SHUTDOWN_S", 0.5)
    cloud.converge([legacy])
    for wanted, state in (("stopped", "shut off"), ("as_is", "shut off"), ("running", "running")):
        cloud.converge([_kept(legacy, wanted)])
        assert cloud.daemon.virsh("domstate", "legacy") == state
        assert cloud.differences([_kept(legacy, wanted)]) == []
    cloud.daemon.virsh("destroy", "legacy")
    assert cloud.differences([legacy]) == []


def _kept(item: AdoptedDomain, wanted: str) -> AdoptedDomain:
    return AdoptedDomain(**{**vars(item), "power": wanted})


def test_it_is_rebooted_once(cloud: Cloud, legacy: AdoptedDomain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "SHUTDOWN_S", 0.5)
    cloud.converge([legacy])
    before = cloud.daemon.virsh("domid", "legacy")
    once = AdoptedDomain(**{**vars(legacy), "reboots": 1})
    cloud.converge([once])
    assert cloud.daemon.virsh("domid", "legacy") != before
    assert cloud.differences([once]) == []
