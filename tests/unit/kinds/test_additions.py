# SPDX-License-Identifier: Apache-2.0
"""What is declared apart and added to something else: legs, gateways, rules, and what a floating IP leads to."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import Sandbox, flaws, portrait, request, server
from stackwright.engine.errors import Conflict, InvalidInput, StackwrightError
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish
from stackwright.present import affected, report


def _settled(cloud: Sandbox, result: Result) -> None:
    """It worked, and nothing is left that another run would find."""
    assert result.errors == []
    seen = cloud.drift()
    assert [str(change.object.identity) for outcome in seen.outcomes.values() for change in outcome.changes] == []
    assert flaws(cloud) == []


def _recorded(cloud: Sandbox) -> dict[str, list[str]]:
    """What is recorded, and what OVN holds; a counter that is back at nothing is as good as none."""
    seen = portrait(cloud)
    world = [item for item in seen["world"] if "place=''" in item]
    return {**{name: seen[name] for name in ("resource", "allocation", "reference")}, "world": world}


def _gone(*things: tuple[str, str]) -> list[Wish]:
    return [Wish(kind, name, present=False) for kind, name in things]


def _rule(port: int) -> dict[str, Any]:
    return {"security_group": "web", "protocol": "tcp", "port_range_min": port, "port_range_max": port}


@pytest.fixture
def wide(cloud: Sandbox) -> Sandbox:
    """With everything that something can be added to."""
    _settled(
        cloud,
        cloud.ensure(
            request(
                Wish("network", "other"),
                Wish("subnet", "other-sub", spec={"network": "other", "cidr": "10.1.0.0/24"}),
                Wish("port", "p", spec={"network": "other"}),
                Wish("port", "q", spec={"network": "other"}),
                Wish("network", "far"),
                Wish("subnet", "far-sub", spec={"network": "far", "cidr": "10.2.0.0/24"}),
                Wish("router", "bare", spec={"interfaces": ["far-sub"]}),
                Wish("security_group", "web"),
                Wish("floating_ip", "f", spec={"network": "public"}),
                Wish("floating_ip", "g", spec={"network": "public"}),
                server("one"),
                server("two"),
            )
        ),
    )
    return cloud


CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "leg": ("router_interface", {"router": "router", "subnet": "other-sub"}, {"ip_address": "10.1.0.9"}),
    "leg at a port": ("router_interface", {"router": "router", "port": "p"}, {"port": "q"}),
    "leg that moves": ("router_interface", {"router": "router", "subnet": "other-sub"}, {"router": "bare"}),
    "gateway": ("router_gateway", {"router": "bare", "network": "public"}, {"enable_snat": False}),
    "gateway address": ("router_gateway", {"router": "bare", "network": "public"}, {"external_ip": "172.24.4.150"}),
    "rule": ("security_group_rule", _rule(80), {"port_range_max": 90}),
    "rule that moves": ("security_group_rule", _rule(80), {"security_group": "default"}),
    "rule about a group": ("security_group_rule", {"security_group": "web"}, {"remote_group": "default"}),
    "association": ("floating_ip_association", {"floating_ip": "f", "port": "one-nic0"}, {"port": "two-nic0"}),
    "association to an instance": (
        "floating_ip_association",
        {"floating_ip": "f", "instance": "one"},
        {"instance": "two"},
    ),
    "association that moves": (
        "floating_ip_association",
        {"floating_ip": "f", "instance": "one"},
        {"floating_ip": "g"},
    ),
}
EVERY = pytest.mark.parametrize(("kind", "create", "modify"), CASES.values(), ids=CASES)


@EVERY
def test_it_comes_changes_and_goes(wide: Sandbox, kind: str, create: dict[str, Any], modify: dict[str, Any]) -> None:
    before = _recorded(wide)
    for spec in (create, modify):
        held = sorted(map(repr, wide.objects()))
        wish = request(Wish(kind, "x", spec=spec))
        seen = _recorded(wide)
        assert wide.ensure(wish, check=True).changed
        assert _recorded(wide) == seen
        done = wide.ensure(wish)
        _settled(wide, done)
        assert [entry["action"] for entry in report(done)] == ["created" if spec is create else "updated"]
        assert sorted(map(repr, wide.objects())) != held
        assert not wide.ensure(wish).changed
    gone = wide.drop(kind, "x")
    assert report(gone)[0]["action"] == "deleted"
    _settled(wide, gone)
    assert not wide.drop(kind, "x").changed
    assert _recorded(wide) == before


@EVERY
def test_drift_is_mended_by_declaring_it_again(
    wide: Sandbox, kind: str, create: dict[str, Any], modify: dict[str, Any]
) -> None:
    held = {item.identity for item in wide.objects("Nat") + wide.objects("RouterPort") + wide.objects("Acl")}
    wide.wish(kind, "x", **create)
    added = [item for item in wide.objects() if type(item).__name__ in ("Nat", "RouterPort", "Acl")]
    added = [item for item in added if item.identity not in held]
    assert added
    for item in added:
        wide.lose(item)
    again = wide.wish(kind, "x")
    assert [entry["action"] for entry in affected(again)] == ["repaired"]
    _settled(wide, again)


@EVERY
def test_what_failed_is_gone_on_with(wide: Sandbox, kind: str, create: dict[str, Any], modify: dict[str, Any]) -> None:
    before = _recorded(wide)
    ovn: Any = wide.drivers["ovn"]
    ovn.unreachable = {"": "OVN does not answer"}
    assert report(wide.wish(kind, "x", **create))[0]["error"] == "OVN does not answer"
    ovn.unreachable = {}
    _settled(wide, wide.wish(kind, "x"))
    ovn.unreachable = {"": "OVN does not answer"}
    assert report(wide.drop(kind, "x"))[0]["error"] == "OVN does not answer"
    ovn.unreachable = {}
    _settled(wide, wide.drop(kind, "x"))
    assert wide.find(kind) == []
    assert _recorded(wide) == before


# Together


WORLD = (
    Wish("network", "n"),
    Wish("subnet", "s", spec={"network": "n", "cidr": "10.3.0.0/24"}),
    Wish("subnet", "t", spec={"network": "n", "cidr": "10.4.0.0/24"}),
    Wish("port", "leg", spec={"network": "n", "fixed_ips": [{"subnet": "t"}]}),
    Wish("router", "r"),
    Wish("router_gateway", "out", spec={"router": "r", "network": "public"}),
    Wish("router_interface", "in", spec={"router": "r", "subnet": "s"}),
    Wish("router_interface", "in-t", spec={"router": "r", "port": "leg"}),
    Wish("security_group", "group"),
    *(Wish("security_group_rule", f"rule{port}", spec={**_rule(port), "security_group": "group"}) for port in (80, 81)),
    server("vm", networks=["n"], security_groups=["group"]),
    Wish("floating_ip", "shop", spec={"network": "public"}),
    Wish("floating_ip_association", "way", spec={"floating_ip": "shop", "instance": "vm"}),
)


def test_all_of_it_comes_and_goes_in_one_request(cloud: Sandbox) -> None:
    before = _recorded(cloud)
    made = cloud.ensure(request(*WORLD))
    _settled(cloud, made)
    router, port = cloud.one("router", "r"), cloud.one("port", "leg")
    assert [leg["ip_address"] for leg in router.attributes["interfaces"]] == ["10.3.0.1", "10.4.0.2"]
    assert router.attributes["interfaces"][1]["mac_address"] == port.attributes["mac_address"]
    assert router.attributes["gateway"]["ip_address"] == "172.24.4.101"
    rules = cloud.one("security_group", "group").attributes["added_rules"]
    assert [rule["port_range_min"] for rule in rules] == [80, 81]
    assert cloud.one("floating_ip", "shop").attributes["router"] == router.id
    assert not cloud.ensure(request(*WORLD)).changed
    _settled(cloud, cloud.ensure(request(*_gone(*((wish.kind, wish.key) for wish in WORLD)))))
    assert _recorded(cloud) == before


def test_a_leg_goes_with_its_subnet_while_the_router_stays(wide: Sandbox) -> None:
    wide.wish("router_interface", "leg", router="router", subnet="other-sub")
    with pytest.raises(Conflict, match=r"subnet other-sub is used by .*router router, router_interface leg; delete"):
        wide.drop("subnet", "other-sub")
    things = ("router_interface", "leg"), ("subnet", "other-sub"), ("port", "p"), ("port", "q"), ("network", "other")
    _settled(wide, wide.ensure(request(*_gone(*things))))
    assert len(wide.one("router", "router").attributes["interfaces"]) == 1


def test_a_gateway_goes_with_its_network_while_the_router_stays(wide: Sandbox) -> None:
    wide.ensure(
        request(
            Wish("network", "street", spec={"external": True}),
            Wish("subnet", "street-sub", spec={"network": "street", "cidr": "192.0.2.0/24", "enable_dhcp": False}),
            Wish("router_gateway", "out", spec={"router": "bare", "network": "street"}),
        )
    )
    with pytest.raises(Conflict, match="network street must stay external while it is used by router bare"):
        wide.wish("network", "street", external=False)
    things = ("router_gateway", "out"), ("subnet", "street-sub"), ("network", "street")
    _settled(wide, wide.ensure(request(*_gone(*things))))
    assert wide.one("router", "bare").attributes["gateway"] is None


def test_rules_go_with_the_group_that_they_are_about(wide: Sandbox) -> None:
    wide.ensure(request(Wish("security_group", "office"), Wish("security_group_rule", "r", spec=_rule(22))))
    wide.wish("security_group_rule", "r", remote_group="office")
    with pytest.raises(Conflict, match="security_group office is used by security_group web, security_group_rule r"):
        wide.drop("security_group", "office")
    _settled(wide, wide.ensure(request(*_gone(("security_group", "office"), ("security_group_rule", "r")))))


def test_an_association_goes_with_its_instance_while_the_floating_ip_stays(wide: Sandbox) -> None:
    wide.wish("floating_ip_association", "a", floating_ip="f", instance="one")
    with pytest.raises(Conflict, match="instance one is used by floating_ip f, floating_ip_association a"):
        wide.drop("instance", "one")
    _settled(wide, wide.ensure(request(*_gone(("floating_ip_association", "a"), ("instance", "one")))))
    assert "port" not in wide.one("floating_ip", "f").attributes


def test_a_leg_that_a_floating_ip_needs_goes_only_with_the_association(wide: Sandbox) -> None:
    wide.ensure(
        request(
            Wish("router_interface", "leg", spec={"router": "router", "subnet": "other-sub"}),
            Wish("floating_ip_association", "a", spec={"floating_ip": "f", "port": "p"}),
        )
    )
    with pytest.raises(Conflict, match="router router: floating IP f needs this leg; remove that first"):
        wide.drop("router_interface", "leg")
    _settled(wide, wide.ensure(request(*_gone(("router_interface", "leg"), ("floating_ip_association", "a")))))


def test_a_router_hands_its_legs_over_under_a_floating_ip(wide: Sandbox) -> None:
    wide.wish("floating_ip", "f", instance="one")
    address = wide.one("router", "router").attributes["gateway"]["ip_address"]
    apart = (
        Wish("router", "router", spec={"interfaces": [], "external_network": ""}),
        Wish("router_interface", "leg", spec={"router": "router", "subnet": "sub"}),
        Wish("router_gateway", "out", spec={"router": "router", "network": "public", "external_ip": address}),
    )
    _settled(wide, wide.ensure(request(*apart)))
    assert wide.one("router", "router").attributes["gateway"]["ip_address"] == address
    assert wide.one("floating_ip", "f").attributes["router"] == wide.one("router", "router").id


# What follows when something else changes


def test_a_leg_follows_its_port_and_its_subnet(wide: Sandbox) -> None:
    def leg(name: str) -> str:
        (port,) = [item for item in wide.objects("RouterPort") if wide.one("subnet", name).id in item.name]
        return str(port.networks[0])

    wide.wish("router_interface", "at-p", router="router", port="p")
    _settled(wide, wide.wish("port", "p", fixed_ips=[{"ip_address": "10.1.0.77"}]))
    assert leg("other-sub") == "10.1.0.77/24"
    wide.ensure(request(Wish("network", "new"), Wish("subnet", "new", spec={"network": "new", "cidr": "10.5.0.0/24"})))
    wide.wish("router_interface", "in-new", router="router", subnet="new")
    _settled(wide, wide.wish("subnet", "new", gateway_ip="10.5.0.254"))
    assert leg("new") == "10.5.0.254/24"


def test_a_port_may_be_the_gateway_of_its_subnet(wide: Sandbox) -> None:
    """A guest that routes, or a leg: one of them, and no router beside it."""
    gateway = Wish("port", "gw", spec={"network": "other", "fixed_ips": [{"ip_address": "10.1.0.1"}]})
    leg = Wish("router_interface", "leg", spec={"router": "router", "subnet": "other-sub"})
    _settled(wide, wide.ensure(request(gateway)))
    assert not wide.ensure(request(gateway)).changed
    for other in (Wish("port", "gw2", spec=gateway.spec), leg):
        with pytest.raises(Conflict, match=r"10\.1\.0\.1 is taken by port gw"):
            wide.ensure(request(other))
    _settled(wide, wide.ensure(request(Wish("router_interface", "leg", spec={"router": "router", "port": "gw"}))))
    assert "10.1.0.1" in [item["ip_address"] for item in wide.one("router", "router").attributes["interfaces"]]
    _settled(wide, wide.ensure(request(*_gone(("router_interface", "leg"), ("port", "gw")))))
    _settled(wide, wide.ensure(request(leg)))
    with pytest.raises(Conflict, match=r"10\.1\.0\.1 is taken by router_interface leg"):
        wide.ensure(request(gateway))


def test_a_port_is_a_leg_and_no_guests(wide: Sandbox) -> None:
    guest = wide.one("port", "p").id
    assert [item for item in wide.objects("SwitchPort") if item.name == guest]
    wide.wish("router_interface", "leg", router="router", port="p")
    assert [item for item in wide.objects("SwitchPort") if item.name == guest] == []
    assert wide.tell("port", "p")[0]["router"] == "router"
    with pytest.raises(Conflict, match=r"instance three: .* is taken by router_interface leg"):
        wide.ensure(request(server("three", networks=[{"port": "p"}])))
    wide.ensure(request(server("three", networks=[{"port": "q"}])))
    with pytest.raises(Conflict, match=r"router_interface other: .* is taken by instance three"):
        wide.wish("router_interface", "other", router="bare", port="q")


def test_an_association_follows_its_instance(wide: Sandbox) -> None:
    wide.ensure(
        request(
            Wish("port", "home", spec={"network": "net"}),
            Wish("floating_ip_association", "a", spec={"floating_ip": "f", "instance": "one"}),
        )
    )
    _settled(wide, wide.ensure(request(server("one", networks=[{"port": "home"}]))))
    assert wide.one("floating_ip", "f").attributes["port"] == wide.one("port", "home").id
    assert wide.tell("floating_ip", "f")[0]["instance"] == "one"
    assert wide.tell("instance", "one")[0]["addresses"][0]["floating_ip_address"] == "172.24.4.101"


def test_rules_add_to_those_of_the_group(wide: Sandbox) -> None:
    group = wide.one("security_group", "web").id
    before = {item.match for item in wide.objects("Acl") if item.resource == group}
    wide.wish("security_group_rule", "out", security_group="web", direction="egress", protocol="udp")
    wide.wish("security_group_rule", "twin", security_group="web", direction="egress", protocol="udp")
    after = {item.match for item in wide.objects("Acl") if item.resource == group}
    assert before < after
    assert len(after - before) == 1
    _settled(wide, wide.drop("security_group_rule", "out"))
    assert {item.match for item in wide.objects("Acl") if item.resource == group} == after


# What contradicts


REFUSED: dict[str, tuple[list[Wish], str]] = {
    "two gateways": (
        [Wish("router_gateway", "x", spec={"router": "router", "network": "public"})],
        "router router has 2 gateways: its external_network and router_gateway x; keep one of them",
    ),
    "two gateways apart": (
        [Wish("router_gateway", name, spec={"router": "bare", "network": "public"}) for name in "xy"],
        "router bare has 2 gateways: router_gateway x and router_gateway y; keep one of them",
    ),
    "a gateway inside": (
        [Wish("router_gateway", "x", spec={"router": "bare", "network": "net"})],
        "router_gateway x: network net is not external; declare it with external: true",
    ),
    "a leg that the router has": (
        [Wish("router_interface", "x", spec={"router": "router", "subnet": "sub"})],
        "router_interface x: 10.0.0.1 is taken by router router; choose another or free it",
    ),
    "a second leg": (
        [Wish("router_interface", "x", spec={"router": "router", "subnet": "sub", "ip_address": "10.0.0.200"})],
        "router router joins subnet sub twice; one leg is enough",
    ),
    "a leg outside of its subnet": (
        [Wish("router_interface", "x", spec={"router": "router", "subnet": "sub", "ip_address": "10.9.0.1"})],
        "router_interface x: 10.9.0.1 is no host of 10.0.0.0/24, the range of subnet sub; choose another ip_address",
    ),
    "legs that overlap": (
        [
            Wish("network", "twin"),
            Wish("subnet", "twin", spec={"network": "twin", "cidr": "10.0.0.0/25"}),
            Wish("router_interface", "x", spec={"router": "router", "subnet": "twin"}),
        ],
        "router router: 10.0.0.0/24 of subnet sub overlaps 10.0.0.0/25 of subnet twin",
    ),
    "a leg of nothing": (
        [Wish("router_interface", "x", spec={"router": "router"})],
        "router_interface x: a router interface has a subnet or a port, and not both; name one of them",
    ),
    "a leg of both": (
        [Wish("router_interface", "x", spec={"router": "router", "subnet": "sub", "port": "p"})],
        "router_interface x: a router interface has a subnet or a port, and not both; name one of them",
    ),
    "a leg's address at a port": (
        [Wish("router_interface", "x", spec={"router": "router", "port": "p", "ip_address": "10.1.0.9"})],
        "router_interface x: ip_address goes with a subnet; a port has its address already",
    ),
    "a leg at a port with two addresses": (
        [
            Wish("port", "p", spec={"fixed_ips": [{"ip_address": "10.1.0.8"}, {"ip_address": "10.1.0.9"}]}),
            Wish("router_interface", "x", spec={"router": "router", "port": "p"}),
        ],
        "router interface x: port p has 2 addresses and a leg has one; name a port with one",
    ),
    "an association of nothing": (
        [Wish("floating_ip_association", "x", spec={"floating_ip": "f"})],
        "floating_ip_association x: an association has a port or an instance, and not both; name one of them",
    ),
    "an association of what leads somewhere": (
        [
            Wish("floating_ip", "f", spec={"instance": "one"}),
            Wish("floating_ip_association", "x", spec={"floating_ip": "f", "instance": "two"}),
        ],
        "floating IP f leads to instance one by itself; clear that or remove floating_ip_association x",
    ),
    "two associations": (
        [Wish("floating_ip_association", name, spec={"floating_ip": "f", "instance": "one"}) for name in "xy"],
        "floating IP f is led somewhere by floating_ip_association x and floating_ip_association y; keep one of them",
    ),
    "an association without a way": (
        [Wish("floating_ip_association", "x", spec={"floating_ip": "f", "port": "p"})],
        "floating IP f: no router with a gateway on public joins the subnet of port p; add the subnet to such a",
    ),
    "a rule without its group": (
        [Wish("security_group_rule", "x", spec={"protocol": "tcp"})],
        "security_group_rule x: option security_group is missing",
    ),
    "a rule of half a range": (
        [Wish("security_group_rule", "x", spec={**_rule(80), "port_range_max": None})],
        "security_group_rule x: a rule has both port_range_min and port_range_max, or neither",
    ),
}


@pytest.mark.parametrize(("wishes", "words"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_in_one_sentence(wide: Sandbox, wishes: list[Wish], words: str) -> None:
    before = _recorded(wide)
    with pytest.raises(StackwrightError) as caught:
        wide.ensure(request(*wishes))
    assert isinstance(caught.value, (Conflict, InvalidInput))
    assert str(caught.value).startswith(words)
    assert _recorded(wide) == before


# What belongs to an instance


def test_what_an_instance_made_can_be_led_to_and_is_not_led_elsewhere(wide: Sandbox) -> None:
    wide.ensure(request(server("one", floating_ip="public")))
    with pytest.raises(Conflict, match="floating IP one-floating leads to instance one by itself; clear that or"):
        wide.wish("floating_ip_association", "x", floating_ip="one-floating", instance="two")
    with pytest.raises(Conflict, match=r"router_interface x: .* is taken by instance two"):
        wide.wish("router_interface", "x", router="bare", port="two-nic0")
    wide.wish("floating_ip_association", "x", floating_ip="f", port="two-nic0")
    with pytest.raises(Conflict, match="port two-nic0 is used by floating_ip f, floating_ip_association x; delete or"):
        wide.ensure(request(server("two", networks=["other"])))
    things = _gone(("floating_ip_association", "x"))
    _settled(wide, wide.ensure(request(server("two", networks=["other"]), *things)))
