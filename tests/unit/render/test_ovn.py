# SPDX-License-Identifier: Apache-2.0
"""What networks become in OVN: cases of resource in, objects out."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from stackwright.drivers.ovn import objects as o
from stackwright.engine.objects import Object
from stackwright.engine.resource import Resource
from stackwright.render.ovn import RENDER

MAC = "fa:16:3e:00:00:01"


class Known:
    """A view of these resources."""

    def __init__(self, *resources: Resource) -> None:
        self.resources = {item.id: item for item in resources}

    def get(self, resource_id: str) -> Resource:
        return self.resources[resource_id]

    def children(self, owner: str, kind: str) -> list[Resource]:
        return []

    def holder(self, resource_id: str) -> Resource | None:
        return next((item for item in self.resources.values() if item.kind == "instance"), None)

    def leaving(self, resource_id: str) -> Mapping[str, bool]:
        return self.resources[resource_id].attributes.get("leaving", {})

    def host(self, name: str) -> Resource:
        return self.resources[name]


def resource(kind: str, name: str, spec: Mapping[str, Any], owner: str = "", **attributes: Any) -> Resource:
    return Resource(name, kind, "project", owner, name, name, spec, attributes)


def network(**spec: Any) -> Resource:
    return resource("network", "net", spec, mtu=1400)


def subnet(name: str = "sub", net: str = "net", gateway: str = "10.0.0.1", **spec: Any) -> Resource:
    return resource("subnet", name, {"network": net, "cidr": "10.0.0.0/24", **spec}, gateway_ip=gateway)


def port(owner: str = "", addresses: tuple[tuple[str, str], ...] = (("sub", "10.0.0.5"),), **spec: Any) -> Resource:
    has = [{"subnet": where, "ip_address": address} for where, address in addresses]
    wish = {"network": "net", "security_groups": ["b", "a"], **spec}
    return resource("port", "port", wish, owner, mac_address=MAC, addresses=has)


def instance(**spec: Any) -> Resource:
    return resource("instance", "web1", {"power": None, **spec})


def instance_leaving(**hosts: bool) -> Resource:
    return dataclasses.replace(resource("instance", "web1", {"power": None}, leaving=hosts), host="host2")


def hypervisor(name: str, chassis: str = "") -> Resource:
    return resource("host", name, {"uri": "test:///", "chassis": chassis})


def render(item: Resource, *others: Resource) -> list[Object]:
    return list(RENDER[item.kind](item, Known(item, *others)))


def dhcp(item: Resource) -> dict[str, str]:
    (options,) = render(item, network())
    assert isinstance(options, o.DhcpOptions)
    return dict(options.options)


def one_port(item: Resource, *others: Resource) -> o.SwitchPort:
    (found,) = render(item, subnet(), *others)
    assert isinstance(found, o.SwitchPort)
    return found


def test_a_network_is_a_switch() -> None:
    assert render(network()) == [o.Switch(name="net", resource="net", title="net")]


def test_a_provider_network_leads_to_its_physical_network() -> None:
    switch, out = render(network(provider_physical_network="physnet1", provider_segmentation_id=7))
    assert out == o.SwitchPort(
        name="localnet-net",
        switch=switch.name,
        type="localnet",
        addresses=("unknown",),
        options={"network_name": "physnet1"},
        tag=7,
        resource="net",
        title="net",
    )


def test_dhcp_speaks_as_the_gateway() -> None:
    options = dhcp(subnet(dns_nameservers=["9.9.9.9", "1.1.1.1"]))
    assert options.pop("server_mac").startswith("02:00:")
    assert options == {
        "server_id": "10.0.0.1",
        "router": "10.0.0.1",
        "lease_time": "43200",
        "mtu": "1400",
        "dns_server": "{9.9.9.9, 1.1.1.1}",
    }


def test_without_a_gateway_no_router_is_told() -> None:
    options = dhcp(subnet(gateway="", host_routes=[{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}]))
    assert "router" not in options
    assert options["server_id"] == "169.254.1.1"
    assert options["classless_static_route"] == "{10.9.0.0/16,10.0.0.9}"


def test_host_routes_repeat_the_default_route() -> None:
    routes = [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}]
    assert dhcp(subnet(host_routes=routes))["classless_static_route"] == "{10.9.0.0/16,10.0.0.9, 0.0.0.0/0,10.0.0.1}"
    routes = [{"destination": "0.0.0.0/0", "nexthop": "10.0.0.9"}]
    assert dhcp(subnet(host_routes=routes))["classless_static_route"] == "{0.0.0.0/0,10.0.0.9}"


def test_subnets_answer_with_macs_of_their_own() -> None:
    assert dhcp(subnet("one"))["server_mac"] != dhcp(subnet("two"))["server_mac"]


def test_without_dhcp_there_is_nothing() -> None:
    assert render(subnet(enable_dhcp=False), network()) == []


def test_a_port_may_use_its_own_addresses_alone() -> None:
    assert one_port(port()) == o.SwitchPort(
        name="port",
        switch="net",
        addresses=(f"{MAC} 10.0.0.5",),
        port_security=(f"{MAC} 10.0.0.5",),
        dhcp="sub",
        groups=("a", "b"),
        filtered=True,
        resource="port",
        title="port",
    )


def test_a_port_without_port_security_may_do_anything() -> None:
    seen = one_port(port(port_security=False))
    assert seen.addresses == (f"{MAC} 10.0.0.5", "unknown")
    assert (seen.port_security, seen.groups, seen.filtered) == ((), (), False)


def test_a_port_without_groups_is_closed() -> None:
    seen = one_port(port(security_groups=[]))
    assert (seen.groups, seen.filtered) == ((), True)


def test_a_port_without_addresses_has_its_mac() -> None:
    seen = one_port(port(addresses=()))
    assert (seen.addresses, seen.port_security, seen.dhcp) == ((MAC,), (MAC,), "")


def test_a_port_is_answered_by_its_first_subnet_with_dhcp() -> None:
    both = port(addresses=(("quiet", "10.1.0.5"), ("sub", "10.0.0.5")))
    seen = one_port(both, subnet("quiet", enable_dhcp=False))
    assert seen.dhcp == "sub"
    assert seen.addresses == (f"{MAC} 10.1.0.5 10.0.0.5",)


@pytest.mark.parametrize(
    ("leaving", "options"),
    [
        ({}, {}),
        ({"host1": False}, {"requested-chassis": "one,host2", "activation-strategy": "rarp"}),
        ({"host1": True}, {"requested-chassis": "host2"}),
        ({"host0": True, "host1": False}, {"requested-chassis": "one,host2", "activation-strategy": "rarp"}),
    ],
    ids=["settled", "moving", "given up", "moving on"],
)
def test_a_port_follows_its_instance(leaving: dict[str, bool], options: dict[str, str]) -> None:
    hosts = hypervisor("host0"), hypervisor("host1", "one"), hypervisor("host2")
    (found,) = render(port("web1"), network(), subnet(), instance_leaving(**leaving), *hosts)
    assert isinstance(found, o.SwitchPort)
    assert dict(found.options) == options


@pytest.mark.parametrize(
    ("owner", "others", "expected"),
    [
        ("", [], False),
        ("web1", [instance()], True),
        ("web1", [instance(power="running")], True),
        ("web1", [instance(power="stopped")], False),
        ("web1", [], False),
    ],
    ids=["nobody's", "an instance's", "a running one's", "a stopped one's", "of an instance out of sight"],
)
def test_who_is_expected_to_come_up(owner: str, others: list[Resource], expected: bool) -> None:
    assert one_port(port(owner), *others).expects_up is expected


def test_a_port_that_is_a_leg_is_the_routers_to_render() -> None:
    leg = port()
    assert render(dataclasses.replace(leg, attributes={**leg.attributes, "router": "r"}), subnet()) == []


INSIDE = {"subnet": "sub", "ip_address": "10.0.0.1", "mac_address": "fa:16:3e:00:00:0a"}
OUTSIDE = {"subnet": "out", "ip_address": "172.24.4.2", "mac_address": "fa:16:3e:00:00:0b"}


def router(gateway: Mapping[str, str] | None, **spec: Any) -> list[Object]:
    item = resource("router", "r", spec, interfaces=[INSIDE], gateway=gateway)
    return render(item, subnet(), subnet("out", "public", "172.24.4.1", cidr="172.24.4.0/22"))


def test_a_router_joins_switches() -> None:
    mark = {"resource": "r", "title": "r"}
    assert router(None) == [
        o.Router(name="r", **mark),
        o.RouterPort(
            name="lrp-r-sub", router="r", mac=INSIDE["mac_address"], networks=("10.0.0.1/24",), gateway=False, **mark
        ),
        o.SwitchPort(
            name="lrp-r-sub-peer",
            switch="net",
            type="router",
            addresses=("router",),
            options={"router-port": "lrp-r-sub"},
            **mark,
        ),
    ]


def test_a_gateway_hides_every_subnet_and_has_a_default_route() -> None:
    found = {str(item.identity): item for item in router(OUTSIDE)}
    leg: Any = found["RouterPort lrp-r-gateway"]
    peer: Any = found["SwitchPort lrp-r-gateway-peer"]
    nat: Any = found["Nat r snat 10.0.0.0/24"]
    route: Any = found["StaticRoute r 0.0.0.0/0"]
    assert (leg.networks, leg.gateway) == (("172.24.4.2/22",), True)
    assert peer.switch == "public"
    assert peer.options == {"router-port": "lrp-r-gateway", "nat-addresses": "router"}
    assert (nat.external_ip, nat.logical_ip) == ("172.24.4.2", "10.0.0.0/24")
    assert (route.nexthop, route.output_port) == ("172.24.4.1", "lrp-r-gateway")


def test_without_snat_nothing_is_hidden() -> None:
    assert not [item for item in router(OUTSIDE, enable_snat=False) if isinstance(item, o.Nat)]


def test_a_gateway_from_elsewhere_says_itself_whether_it_hides() -> None:
    item = resource("router", "r", {}, interfaces=[INSIDE], gateway=OUTSIDE, enable_snat=False)
    found = render(item, subnet(), subnet("out", "public", "172.24.4.1", cidr="172.24.4.0/22"))
    assert [item for item in found if isinstance(item, o.RouterPort) and item.gateway]
    assert not [item for item in found if isinstance(item, o.Nat)]


def test_an_outside_without_a_gateway_gives_no_default_route() -> None:
    item = resource("router", "r", {}, interfaces=[], gateway=OUTSIDE)
    found = render(item, subnet("out", "public", "", cidr="172.24.4.0/22"))
    assert not [item for item in found if isinstance(item, o.StaticRoute)]


def test_a_floating_ip_is_a_translation_once_it_leads_somewhere() -> None:
    item = resource("floating_ip", "f", {}, floating_ip_address="172.24.4.9", router="r", fixed_address="10.0.0.5")
    assert render(item) == [
        o.Nat(
            name="r dnat_and_snat 172.24.4.9",
            router="r",
            type="dnat_and_snat",
            external_ip="172.24.4.9",
            logical_ip="10.0.0.5",
            resource="f",
            title="f",
        )
    ]
    assert render(resource("floating_ip", "f", {}, floating_ip_address="172.24.4.9")) == []


RULES = {
    "all": ({}, "outport == @pg_g && ip4"),
    "IPv6": ({"ethertype": "IPv6"}, "outport == @pg_g && ip6"),
    "one port": (
        {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22},
        "outport == @pg_g && ip4 && tcp && tcp.dst == 22",
    ),
    "ports": (
        {"protocol": "udp", "port_range_min": 1, "port_range_max": 9},
        "outport == @pg_g && ip4 && udp && udp.dst >= 1 && udp.dst <= 9",
    ),
    "protocol": ({"protocol": "sctp"}, "outport == @pg_g && ip4 && sctp"),
    "ping": (
        {"protocol": "icmp", "port_range_min": 8, "port_range_max": 0},
        "outport == @pg_g && ip4 && icmp4 && icmp4.type == 8 && icmp4.code == 0",
    ),
    "ICMP type": (
        {"protocol": "icmp", "ethertype": "IPv6", "port_range_min": 128},
        "outport == @pg_g && ip6 && icmp6 && icmp6.type == 128",
    ),
    "from a range": ({"remote_ip_prefix": "10.9.0.0/16"}, "outport == @pg_g && ip4 && ip4.src == 10.9.0.0/16"),
    "from anywhere": ({"remote_ip_prefix": "0.0.0.0/0"}, "outport == @pg_g && ip4"),
    "from a group": ({"remote_group": "a-b"}, "outport == @pg_g && ip4 && ip4.src == $pg_a_b_ip4"),
    "from a group, IPv6": (
        {"remote_group": "a-b", "ethertype": "IPv6"},
        "outport == @pg_g && ip6 && ip6.src == $pg_a_b_ip6",
    ),
    "to a range": (
        {"direction": "egress", "remote_ip_prefix": "10.9.0.0/16"},
        "inport == @pg_g && ip4 && ip4.dst == 10.9.0.0/16",
    ),
}


@pytest.mark.parametrize(("rule", "match"), RULES.values(), ids=RULES.keys())
def test_a_rule_allows_what_it_says(rule: dict[str, Any], match: str) -> None:
    group, first, *_ = render(resource("security_group", "g", {"rules": [rule]}))
    direction = "from-lport" if match.startswith("inport") else "to-lport"
    assert group == o.PortGroup(name="pg_g", resource="g", title="g")
    assert first == o.Acl(
        name=f"pg_g {direction} {match}",
        group="pg_g",
        direction=direction,
        match=match,
        priority=1002,
        action="allow-related",
        resource="g",
        title="g",
    )


def test_a_group_without_egress_rules_lets_everything_out() -> None:
    matches = [item.match for item in render(resource("security_group", "g", {})) if isinstance(item, o.Acl)]
    assert matches == ["inport == @pg_g && ip4", "inport == @pg_g && ip6"]


def test_an_added_egress_rule_takes_nothing_away() -> None:
    group = resource("security_group", "g", {}, added_rules=[{"direction": "egress", "protocol": "udp"}, {}])
    matches = [item.match for item in render(group) if isinstance(item, o.Acl)]
    assert matches == [
        "inport == @pg_g && ip4",
        "inport == @pg_g && ip6",
        "inport == @pg_g && ip4 && udp",
        "outport == @pg_g && ip4",
    ]


def test_rules_that_mean_the_same_are_one() -> None:
    rules = [{}, {"remote_ip_prefix": "0.0.0.0/0"}, {"direction": "egress"}]
    found = {item.identity for item in render(resource("security_group", "g", {"rules": rules}))}
    assert len(found) == 3


def test_every_object_can_be_hashed_and_told() -> None:
    for item in (*router(OUTSIDE), one_port(port()), *render(subnet(), network())):
        assert isinstance(hash(item), int)
        assert item.describe()["title"] == item.title  # type: ignore[attr-defined]
