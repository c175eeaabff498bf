# SPDX-License-Identifier: Apache-2.0
"""What the engine declares, renders and applies does to packets: northd's logical flows, followed by ovn-trace."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import BASE, Place, Sandbox, drivers, request, server
from stackwright.drivers.ovn.driver import OvnDriver
from stackwright.engine.resource import Wish

from .conftest import Ovn

SSH = {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}


@pytest.fixture
def cloud(ovn: Ovn, northd: None, tmp_path: Path) -> Iterator[Sandbox]:
    """The real engine and the real OVN driver; hypervisors in memory."""
    ovn.gateway("gw1")
    place = Place(f"sqlite:///{tmp_path}/registry.sqlite", tmp_path / "world.sqlite")
    made = {**drivers(place), "ovn": OvnDriver(ovn.northbound, ovn.southbound, None)}
    with Sandbox(place, drivers=made) as opened:
        opened.initialise()
        opened.add_host("host1")
        yield opened


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No port ever comes up here."""
    monkeypatch.setattr("stackwright.converge.SETTLE_S", 0.0)


@pytest.fixture
def web(cloud: Sandbox) -> Sandbox:
    """Two instances with a group that opens SSH, and one with a floating IP."""
    wishes = [*BASE, group("ssh", SSH)]
    wishes += [server("web1", security_groups=["ssh"], floating_ip="public"), server("web2", security_groups=["ssh"])]
    result = cloud.ensure(request(*wishes))
    assert not result.errors
    assert not cloud.ensure(request(*wishes)).changed
    return cloud


def group(name: str, *rules: dict[str, Any]) -> Wish:
    """A security group with these rules."""
    return Wish("security_group", name, spec={"rules": list(rules)})


def packet(cloud: Sandbox, source: str, target: str, rest: str) -> str:
    """An IP packet from one guest to another, in ovn-trace's words."""
    here, there = port(cloud, source), port(cloud, target)
    return (
        f'inport == "{here.id}" && eth.src == {mac(here)} && eth.dst == {mac(there)} && '
        f"ip4.src == {address(here)} && ip4.dst == {address(there)} && ip.ttl == 64 && {rest}"
    )


def port(cloud: Sandbox, name: str) -> Any:
    return cloud.one("port", f"{name}-nic0")


def out_of(of: Any) -> str:
    """How a trace says that a packet comes out of a port."""
    return f'output("{of.id}")'


def mac(of: Any) -> str:
    return str(of.attributes["mac_address"])


def address(of: Any) -> str:
    return str(of.attributes["addresses"][0]["ip_address"])


def switch(cloud: Sandbox) -> str:
    return str(cloud.one("network", "net").id)


@pytest.mark.parametrize(
    ("rest", "passes"),
    [("tcp.dst == 22", True), ("tcp.dst == 80", False), ("udp.dst == 22", False), ("icmp4.type == 8", False)],
)
def test_only_what_a_group_opens_passes(ovn: Ovn, web: Sandbox, rest: str, passes: bool) -> None:
    seen = ovn.trace(switch(web), packet(web, "web1", "web2", rest))
    assert (out_of(port(web, "web2")) in seen) is passes


def test_the_source_cannot_be_forged(ovn: Ovn, web: Sandbox) -> None:
    forged = packet(web, "web1", "web2", "tcp.dst == 22").replace(address(port(web, "web1")), "10.0.0.99")
    assert out_of(port(web, "web2")) not in ovn.trace(switch(web), forged)


def test_a_guest_gets_its_address_even_where_no_egress_is_allowed(ovn: Ovn, web: Sandbox) -> None:
    assert not web.ensure(request(group("ssh", {**SSH, "direction": "egress"}))).errors
    here = port(web, "web1")
    discover = (
        f'inport == "{here.id}" && eth.src == {mac(here)} && eth.dst == ff:ff:ff:ff:ff:ff && ip4.src == 0.0.0.0 && '
        "ip4.dst == 255.255.255.255 && udp.src == 68 && udp.dst == 67 && ip.ttl == 64"
    )
    seen = ovn.trace(switch(web), discover)
    assert f"offerip = {address(here)}" in seen
    assert "mtu = 1400" in seen
    assert out_of(here) in seen


def test_arp_passes(ovn: Ovn, web: Sandbox) -> None:
    here, there = port(web, "web1"), port(web, "web2")
    asked = (
        f'inport == "{here.id}" && eth.src == {mac(here)} && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && '
        f"arp.sha == {mac(here)} && arp.spa == {address(here)} && arp.tpa == {address(there)}"
    )
    assert out_of(here) in ovn.trace(switch(web), asked)


def test_a_floating_ip_leads_to_its_guest_and_no_further_than_the_group(ovn: Ovn, web: Sandbox) -> None:
    outside, floating = web.one("network", "public").id, web.one("floating_ip", "web1-floating")
    router = web.one("router", "router")
    towards = (
        f'inport == "localnet-{outside}" && eth.src == 02:00:00:00:00:01 && '
        f"eth.dst == {router.attributes['gateway']['mac_address']} && ip4.src == 172.24.4.1 && "
        f"ip4.dst == {floating.attributes['floating_ip_address']} && ip.ttl == 64 && "
    )
    assert out_of(port(web, "web1")) in ovn.trace(outside, towards + "tcp.dst == 22")
    assert out_of(port(web, "web1")) not in ovn.trace(outside, towards + "tcp.dst == 80")


def test_members_of_a_remote_group_may_come_in_and_others_not(ovn: Ovn, web: Sandbox) -> None:
    both = [
        group("friends"),
        group("inner", {"protocol": "udp", "remote_group": "friends"}),
        server("db", security_groups=["inner"]),
        server("friend", security_groups=["friends"]),
    ]
    assert not web.ensure(request(*both)).errors
    assert out_of(port(web, "db")) in ovn.trace(switch(web), packet(web, "friend", "db", "udp.dst == 53"))
    assert out_of(port(web, "db")) not in ovn.trace(switch(web), packet(web, "web1", "db", "udp.dst == 53"))


def test_northd_understands_every_rule(ovn: Ovn, web: Sandbox) -> None:
    rules: list[dict[str, Any]] = [
        {"protocol": "icmp", "port_range_min": 8, "port_range_max": 0},
        {"protocol": "icmp", "ethertype": "IPv6", "direction": "egress"},
        {"protocol": "sctp", "port_range_min": 1000, "port_range_max": 2000, "remote_ip_prefix": "10.1.0.0/16"},
        {"remote_group": "ssh", "ethertype": "IPv6"},
        {"direction": "egress", "remote_ip_prefix": "0.0.0.0/0"},
    ]
    assert not web.ensure(request(group("all", *rules), server("any", security_groups=["all"]))).errors
    answer = ovn.trace(switch(web), packet(web, "web1", "any", "icmp4.type == 8 && icmp4.code == 0"))
    assert out_of(port(web, "any")) in answer
    assert "syntax error" not in ovn.log("northd")


def test_everything_can_be_removed_again(ovn: Ovn, web: Sandbox) -> None:
    gone = [("instance", "web1"), ("instance", "web2"), ("router", "router"), ("security_group", "ssh")]
    gone += [("subnet", "sub"), ("subnet", "public-subnet"), ("network", "net"), ("network", "public")]
    for kind, name in gone:
        assert not web.drop(kind, name).errors
    left = [row for row in ovn.marked() if web.one("security_group", "default").id not in row]
    assert left == []
