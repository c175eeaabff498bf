# SPDX-License-Identifier: Apache-2.0
"""Networks without OVN, through the whole engine on memory drivers: what hosts get, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import BASE, Place, Sandbox, request, server
from stackwright.backends import renderers
from stackwright.drivers.memory import MemoryDriver
from stackwright.engine.errors import Conflict, InvalidInput
from stackwright.engine.resource import Wish
from stackwright.render.legacy_limits import TRAITS

PER_HOST = {"Firewall", "Group", "Member", "SourceNat", "Floating"}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Sandbox]:
    """Two hosts, and what instances need."""
    place = Place(f"sqlite:///{tmp_path}/registry.sqlite", tmp_path / "world.sqlite")
    known = renderers("legacy")
    drivers = {name: MemoryDriver(name, place.world) for name in known}
    with Sandbox(place, drivers=drivers, renderers=known, traits=TRAITS) as made:
        made.initialise()
        for name in ("host1", "host2"):
            made.add_host(name)
        assert made.ensure(request(*BASE)).errors == []
        yield made


def placed(cloud: Sandbox, kind: str) -> list[tuple[str, Any]]:
    return sorted(((item.place, item) for item in cloud.objects(kind)), key=lambda found: found[1].identity)


def have(cloud: Sandbox, name: str = "web", host: str = "host1", **spec: Any) -> Any:
    assert cloud.ensure(request(server(name, host=host, **spec))).errors == []
    return cloud.one("instance", name)


def test_a_guest_has_its_network_on_its_host_alone(cloud: Sandbox) -> None:
    web = have(cloud)
    ((_, bridge),) = placed(cloud, "Bridge")
    ((_, reservation),) = placed(cloud, "Reservation")
    ((_, guard),) = placed(cloud, "Guard")
    assert {bridge.place, reservation.place, guard.place} == {"host1"}
    assert (bridge.segment, bridge.gateway, bridge.prefix) == (1, "10.0.0.1", 24)
    assert (reservation.address, reservation.name) == (guard.address, web.attributes["nics"][0]["mac_address"])
    ((_, domain),) = placed(cloud, "Domain")
    assert domain.nics[0].network == bridge.name
    assert domain.nics[0].addresses == (guard.address,)


def test_what_guests_anywhere_may_need_is_on_every_host(cloud: Sandbox) -> None:
    have(cloud, floating_ip="public")
    for kind in PER_HOST:
        assert [place for place, _ in placed(cloud, kind)] == ["host1", "host2"]
    default = cloud.one("security_group", "default").id
    assert placed(cloud, "Group")[0][1].ingress == (f"ip saddr @members_{default} accept",)


def test_a_second_run_changes_nothing_and_nothing_is_left_behind(cloud: Sandbox) -> None:
    before = {str(item.identity) for item in cloud.objects()}
    wish = server("web", floating_ip="public")
    assert cloud.ensure(request(wish)).changed
    assert not cloud.ensure(request(wish)).changed
    assert cloud.drop("instance", "web").errors == []
    left = {str(item.identity) for item in cloud.objects()} - before
    assert {item.split()[0] for item in left} == {"ImageCopy", "Bridge"}, "the network keeps its bridge"
    for kind, name in (("router", "router"), ("subnet", "sub"), ("network", "net"), ("image", "guest")):
        assert cloud.drop(kind, name).errors == []
    assert {item.identity[0] for item in cloud.objects()} == {"Firewall", "Group", "Hypervisor"}


def test_a_lost_reservation_or_rule_is_found_and_made_again(cloud: Sandbox) -> None:
    have(cloud, floating_ip="public")
    lost = [placed(cloud, kind)[0][1] for kind in ("Reservation", "Guard", "Floating", "SourceNat")]
    for item in lost:
        cloud.lose(item)
    found = [change.object for outcome in cloud.drift().outcomes.values() for change in outcome.changes]
    assert {item.identity for item in found} == {item.identity for item in lost}
    cloud.ensure(request(server("web", host="host1", floating_ip="public"), BASE[-1]))
    assert not cloud.drift().changed


def test_a_new_host_gets_what_every_host_has(cloud: Sandbox) -> None:
    have(cloud, floating_ip="public")
    cloud.add_host("host3")
    for kind in PER_HOST:
        assert "host3" in [place for place, _ in placed(cloud, kind)]
    assert not cloud.drift().changed


def test_a_host_that_is_away_stands_in_nobodys_way_and_gets_it_later(cloud: Sandbox) -> None:
    for name in ("legacy", "libvirt"):
        cloud.drivers[name].unreachable["host2"] = "host host2 does not answer"  # type: ignore[attr-defined]
    have(cloud)
    for name in ("legacy", "libvirt"):
        cloud.drivers[name].unreachable.clear()  # type: ignore[attr-defined]
    assert cloud.drift().changed
    cloud.wish("host", "host2")
    assert not cloud.drift().changed


def test_a_changed_rule_is_on_every_host(cloud: Sandbox) -> None:
    cloud.wish("security_group", "web", rules=[{"protocol": "tcp", "port_range_min": 80, "port_range_max": 80}])
    have(cloud, security_groups=["web"])
    cloud.wish("security_group", "web", rules=[{"protocol": "icmp", "port_range_min": 8}])
    web = cloud.one("security_group", "web").id
    lines = [(place, item.ingress) for place, item in placed(cloud, "Group") if item.name == web]
    assert lines == [("host1", ("icmp type 8 accept",)), ("host2", ("icmp type 8 accept",))]


def test_an_instance_stays_on_its_host(cloud: Sandbox) -> None:
    have(cloud)
    with pytest.raises(Conflict, match="instance web is on host host1 and cannot move: without OVN"):
        cloud.wish("instance", "web", host="host2")


def test_without_port_security_nothing_stands_before_a_guest(cloud: Sandbox) -> None:
    cloud.wish("port", "open", network="net", port_security=False)
    have(cloud, networks=[{"port": "open"}])
    ((_, guard),) = placed(cloud, "Guard")
    assert (guard.open, guard.groups) == (True, ())
    assert placed(cloud, "Domain")[0][1].nics[0].addresses == ()


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ([Wish("network", "x", spec={"provider_physical_network": "p"})], "provider_physical_network"),
        ([Wish("subnet", "x", spec={"network": "net", "cidr": "10.9.0.0/24"})], "one subnet"),
        ([Wish("network", "x"), Wish("subnet", "x", spec={"network": "x", "cidr": "10.0.0.0/16"})], "overlaps"),
        (
            [Wish("network", "x"), Wish("subnet", "x", spec={"network": "x", "cidr": "10.9.0.0/24", "gateway_ip": ""})],
            "are the gateway",
        ),
        ([Wish("network", "x"), Wish("port", "x", spec={"network": "x"})], "has one address"),
        ([Wish("port", "x", spec={"network": "public"})], "use a floating IP"),
        (
            [
                Wish("network", "x"),
                Wish("subnet", "x", spec={"network": "x", "cidr": "10.9.0.0/24"}),
                Wish("port", "x", spec={"network": "x", "fixed_ips": [{"ip_address": "10.9.0.1"}]}),
            ],
            "are the gateway",
        ),
        (
            [
                Wish("network", "x"),
                Wish("subnet", "x", spec={"network": "x", "cidr": "10.9.0.0/24"}),
                Wish("router", "router", spec={"interfaces": ["sub", "x"]}),
            ],
            "do not route between networks",
        ),
        ([Wish("router", "router", spec={"external_ip": "172.24.4.120"})], "leave external_ip out"),
        ([Wish("security_group", "x", spec={"rules": [{"ethertype": "IPv6", "protocol": "tcp"}]})], "IPv4 alone"),
    ],
)
def test_what_hosts_cannot_do_is_refused_before_anything_is_touched(
    cloud: Sandbox, wishes: list[Wish], words: str
) -> None:
    before = sorted(map(str, cloud.objects()))
    with pytest.raises(InvalidInput, match=words) as refused:
        cloud.ensure(request(*wishes))
    assert str(refused.value).startswith(f"{wishes[-1].kind} {wishes[-1].key}: ")
    assert sorted(map(str, cloud.objects())) == before
