# SPDX-License-Identifier: Apache-2.0
"""The driver against real databases: what is written is read back, and what was broken by hand is mended."""

import dataclasses
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from stackwright.drivers.ovn import objects as o
from stackwright.drivers.ovn.driver import OvnDriver
from stackwright.engine.compare import compare
from stackwright.engine.errors import Conflict, Refused, Unreachable
from stackwright.engine.objects import Action, Change, Object
from stackwright.engine.resource import Scope

from .conftest import Ovn

NET, OUTSIDE, SUBNET, PORT, GROUP, ROUTER, FLOATING = (
    f"{number}0000000-0000-4000-8000-000000000000" for number in range(1, 8)
)
MAC = "fa:16:3e:00:00:01"
PORT_GROUP = o.group_name(GROUP)
GATEWAY = o.gateway_port(ROUTER)

Connect = Callable[[], OvnDriver]


def cloud() -> list[Object]:
    """One of everything."""
    return [*switching(), *routing()]


def switching() -> list[Object]:
    """Networks with what is plugged into them, and what filters that."""
    net = {"resource": NET, "title": "web"}
    outside = {"resource": OUTSIDE, "title": "public"}
    return [
        o.Switch(name=NET, **net),
        o.Switch(name=OUTSIDE, **outside),
        o.SwitchPort(
            name=f"localnet-{OUTSIDE}",
            switch=OUTSIDE,
            type="localnet",
            addresses=("unknown",),
            options={"network_name": "physnet1"},
            tag=7,
            **outside,
        ),
        o.DhcpOptions(name=SUBNET, cidr="10.0.0.0/24", options={"server_id": "10.0.0.1"}, resource=SUBNET, title="s"),
        o.SwitchPort(
            name=PORT,
            switch=NET,
            addresses=(f"{MAC} 10.0.0.5",),
            port_security=(f"{MAC} 10.0.0.5",),
            dhcp=SUBNET,
            groups=(GROUP,),
            filtered=True,
            resource=PORT,
            title="web1",
        ),
        o.PortGroup(name=PORT_GROUP, resource=GROUP, title="ssh"),
        rule(22),
    ]


def routing() -> list[Object]:
    """A router between them, with both its sides."""
    router = {"resource": ROUTER, "title": "edge"}
    return [
        o.Router(name=ROUTER, **router),
        o.RouterPort(name="inside", router=ROUTER, mac="fa:16:3e:00:00:02", networks=("10.0.0.1/24",), **router),
        o.SwitchPort(
            name="inside-peer",
            switch=NET,
            type="router",
            addresses=("router",),
            options={"router-port": "inside"},
            **router,
        ),
        o.RouterPort(
            name=GATEWAY, router=ROUTER, mac="fa:16:3e:00:00:03", networks=("172.24.4.2/24",), gateway=True, **router
        ),
        o.SwitchPort(
            name=f"{GATEWAY}-peer",
            switch=OUTSIDE,
            type="router",
            addresses=("router",),
            options={"router-port": GATEWAY, "nat-addresses": "router"},
            **router,
        ),
        o.StaticRoute(
            name=o.route_name(ROUTER, "0.0.0.0/0"),
            router=ROUTER,
            prefix="0.0.0.0/0",
            nexthop="172.24.4.1",
            output_port=GATEWAY,
            **router,
        ),
        nat("snat", "172.24.4.2", "10.0.0.0/24", ROUTER),
        nat("dnat_and_snat", "172.24.4.9", "10.0.0.5", FLOATING),
    ]


def rule(port: int) -> o.Acl:
    match = f"outport == @{PORT_GROUP} && ip4 && tcp && tcp.dst == {port}"
    return o.acl(PORT_GROUP, o.TO_PORT, match, priority=1002, action="allow-related", resource=GROUP, title="ssh")


def nat(kind: str, external_ip: str, logical_ip: str, resource: str) -> o.Nat:
    name = o.nat_name(ROUTER, kind, external_ip, logical_ip)
    return o.Nat(
        name=name,
        router=ROUTER,
        type=kind,
        external_ip=external_ip,
        logical_ip=logical_ip,
        resource=resource,
        title="n",
    )


EVERYTHING = frozenset({NET, OUTSIDE, SUBNET, PORT, GROUP, ROUTER, FLOATING})


def changes(driver: OvnDriver, desired: Iterable[Object], scope: frozenset[str] = EVERYTHING) -> list[Change]:
    found = driver.observe(Scope(scope, {}))
    assert not found.unreachable
    return compare(desired, found.objects, scope)


def converge(driver: OvnDriver, desired: list[Object], scope: frozenset[str] = EVERYTHING) -> list[Change]:
    """Apply what differs; the same driver then sees no difference, at once."""
    needed = changes(driver, desired, scope)
    driver.apply(needed)
    assert changes(driver, desired, scope) == []
    return needed


@pytest.fixture
def standing(ovn: Ovn, connect: Connect) -> list[Object]:
    """The whole cloud, applied."""
    ovn.gateway("gw1")
    ovn.gateway("gw2")
    converge(connect(), cloud())
    return cloud()


def edit(desired: list[Object], name: str, **fields: object) -> list[Object]:
    return [dataclasses.replace(item, **fields) if item.name == name else item for item in desired]


def test_everything_is_created_in_one_go_and_read_back_by_another_run(
    ovn: Ovn, connect: Connect, standing: list[Object]
) -> None:
    assert changes(connect(), standing) == []
    assert ovn.nbctl("get", "Logical_Switch_Port", PORT, "external_ids:stackwright-id") == f'"{PORT}"'
    assert ovn.nbctl("get", "NB_Global", ".", "nb_cfg") == "1"


def test_the_second_of_two_same_applies_changes_nothing(ovn: Ovn, connect: Connect, standing: list[Object]) -> None:
    everything = [Change(Action.CREATE, item) for item in standing]
    before = ovn.marked()
    connect().apply(everything)
    assert ovn.marked() == before
    assert changes(connect(), standing) == []


def test_apply_goes_on_from_what_is_half_done(connect: Connect, ovn: Ovn) -> None:
    ovn.gateway("gw1")
    everything = [Change(Action.CREATE, item) for item in cloud()]
    first = connect()
    first.apply([change for change in everything if isinstance(change.object, o.Switch | o.PortGroup | o.DhcpOptions)])
    connect().apply(everything)
    assert changes(connect(), cloud()) == []


def test_deleting_everything_leaves_no_marked_row(ovn: Ovn, connect: Connect, standing: list[Object]) -> None:
    driver = connect()
    deletions = changes(driver, [])
    assert len(deletions) == len(standing)
    driver.apply(deletions)
    assert changes(driver, []) == []
    assert ovn.marked() == []
    assert ovn.nbctl("get", "Port_Group", "pg_stackwright_drop", "ports") == "[]"
    driver.apply(deletions)


DRIFT = {
    "port deleted": (["lsp-del", PORT], {f"create SwitchPort {PORT}"}),
    "address edited": (["lsp-set-addresses", PORT, "fa:16:3e:00:00:09"], {f"update SwitchPort {PORT}: addresses"}),
    "port security lifted": (["lsp-set-port-security", PORT], {f"update SwitchPort {PORT}: port_security"}),
    "port disabled": (["lsp-set-enabled", PORT, "disabled"], {f"update SwitchPort {PORT}: enabled"}),
    "DHCP taken away": (["lsp-set-dhcpv4-options", PORT], {f"update SwitchPort {PORT}: dhcp"}),
    "taken out of its group": (["clear", "Port_Group", PORT_GROUP, "ports"], {f"update SwitchPort {PORT}: groups"}),
    "taken out of the drop group": (
        ["clear", "Port_Group", "pg_stackwright_drop", "ports"],
        {f"update SwitchPort {PORT}: filtered"},
    ),
    "a drop rule deleted": (
        ["acl-del", "pg_stackwright_drop", "to-lport"],
        {f"update SwitchPort {PORT}: filtered"},
    ),
    "drop group deleted": (["pg-del", "pg_stackwright_drop"], {f"update SwitchPort {PORT}: filtered"}),
    "rule deleted": (["acl-del", PORT_GROUP], {f"create Acl {rule(22).name}"}),
    "group deleted": (
        ["pg-del", PORT_GROUP],
        {f"create PortGroup {PORT_GROUP}", f"create Acl {rule(22).name}", f"update SwitchPort {PORT}: groups"},
    ),
    "switch deleted": (
        ["ls-del", OUTSIDE],
        {f"create Switch {OUTSIDE}", f"create SwitchPort localnet-{OUTSIDE}", f"create SwitchPort {GATEWAY}-peer"},
    ),
    "floating IP deleted": (
        ["lr-nat-del", ROUTER, "dnat_and_snat", "172.24.4.9"],
        {f"create Nat {ROUTER} dnat_and_snat 172.24.4.9"},
    ),
    "route deleted": (["lr-route-del", ROUTER], {f"create StaticRoute {ROUTER} 0.0.0.0/0"}),
    "gateway chassis removed": (["lrp-del-gateway-chassis", GATEWAY, "gw1"], {f"update RouterPort {GATEWAY}: gateway"}),
    "gateway chassis added": (["lrp-set-gateway-chassis", "inside", "gw1"], {"update RouterPort inside: gateway"}),
    "DHCP options deleted": (
        ["--", "--all", "destroy", "DHCP_Options"],
        {f"create DhcpOptions {SUBNET}", f"update SwitchPort {PORT}: dhcp"},
    ),
}


def described(change: Change) -> str:
    fields = f": {', '.join(sorted(change.fields))}" if change.fields else ""
    return f"{change.action} {change.object.identity}{fields}"


@pytest.mark.parametrize(("command", "expected"), DRIFT.values(), ids=DRIFT.keys())
def test_drift_made_by_hand_is_found_and_mended(
    ovn: Ovn, connect: Connect, standing: list[Object], command: list[str], expected: set[str]
) -> None:
    ovn.nbctl(*command)
    driver = connect()
    assert {described(change) for change in changes(driver, standing)} == expected
    converge(driver, standing)


CHANGED = {
    "address": (PORT, {"addresses": (f"{MAC} 10.0.0.6",)}),
    "no groups": (PORT, {"groups": ()}),
    "no filter": (PORT, {"filtered": False, "groups": (), "port_security": ()}),
    "no DHCP": (PORT, {"dhcp": ""}),
    "moved to another switch": (PORT, {"switch": OUTSIDE}),
    "VLAN": (f"localnet-{OUTSIDE}", {"tag": None}),
    "lease": (SUBNET, {"options": {"server_id": "10.0.0.1", "mtu": "1400"}}),
    "no gateway": (GATEWAY, {"gateway": False}),
    "router address": (GATEWAY, {"networks": ("172.24.4.3/24",)}),
    "floating target": (f"{ROUTER} dnat_and_snat 172.24.4.9", {"logical_ip": "10.0.0.7"}),
    "name": (NET, {"title": "renamed"}),
}


@pytest.mark.parametrize(("name", "fields"), CHANGED.values(), ids=CHANGED.keys())
def test_a_changed_wish_is_one_change(
    connect: Connect, standing: list[Object], name: str, fields: dict[str, object]
) -> None:
    assert len(converge(connect(), edit(standing, name, **fields))) == 1
    assert len(converge(connect(), standing)) == 1


def test_a_rule_more_is_one_row_more(ovn: Ovn, connect: Connect, standing: list[Object]) -> None:
    before = set(ovn.nbctl("--bare", "--columns=_uuid", "list", "ACL").split())
    assert len(converge(connect(), [*standing, rule(80)])) == 1
    after = set(ovn.nbctl("--bare", "--columns=_uuid", "list", "ACL").split())
    assert before < after
    assert len(after) == len(before) + 1


def test_one_port_is_seen_without_reading_the_others(ovn: Ovn, connect: Connect, standing: list[Object]) -> None:
    driver = connect()
    own = [item for item in standing if item.resource == PORT]
    assert changes(driver, own, frozenset({PORT})) == []
    ovn.nbctl("lsp-del", PORT)
    other = connect()
    assert [described(change) for change in converge(other, own, frozenset({PORT}))] == [f"create SwitchPort {PORT}"]
    assert changes(other, standing) == []


def test_apply_also_finds_rows_that_were_not_observed(connect: Connect, standing: list[Object]) -> None:
    driver = connect()
    driver.observe(Scope(frozenset({NET}), {}))
    moved = edit(standing, PORT, addresses=(f"{MAC} 10.0.0.8",))
    driver.apply([Change(Action.UPDATE, item) for item in moved if item.name == PORT])
    assert changes(connect(), moved) == []


def test_an_unscoped_observation_finds_orphans(connect: Connect, standing: list[Object]) -> None:
    found = connect().observe(Scope(None, {})).objects
    assert {item.identity for item in found} == {item.identity for item in standing}


def test_another_gateway_host_is_used(ovn: Ovn, connect: Connect, standing: list[Object]) -> None:
    ovn.gateway("gw3")
    assert [described(change) for change in converge(connect(), standing)] == [f"update RouterPort {GATEWAY}: gateway"]
    assert len(ovn.nbctl("lrp-get-gateway-chassis", GATEWAY).splitlines()) == 3


def test_a_gateway_stays_while_no_host_is_there_to_take_it(ovn: Ovn, connect: Connect, standing: list[Object]) -> None:
    ovn.sbctl("chassis-del", "gw1", "--", "chassis-del", "gw2")
    assert changes(connect(), standing) == []
    converge(connect(), edit(standing, GATEWAY, networks=("172.24.4.3/24",)))
    assert len(ovn.nbctl("lrp-get-gateway-chassis", GATEWAY).splitlines()) == 2


def test_an_open_connection_hears_at_once_what_others_do(ovn: Ovn, connect: Connect, standing: list[Object]) -> None:
    driver = connect()
    for _ in range(20):
        assert converge(driver, standing, EVERYTHING) is not None
        ovn.nbctl("lsp-del", PORT)
        assert [described(change) for change in changes(driver, standing)] == [f"create SwitchPort {PORT}"]


def test_a_server_that_went_away_is_reported_and_found_again(
    ovn: Ovn, connect: Connect, standing: list[Object], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = connect()
    assert changes(driver, standing) == []
    monkeypatch.setattr("stackwright.drivers.ovn.database.SECONDS", 1.0)
    ovn.stop("nb")
    for _ in range(2):
        found = driver.observe(Scope(EVERYTHING, {}))
        assert found.objects == ()
        assert "OVN northbound database" in found.unreachable[""]
    with pytest.raises(Unreachable):
        driver.apply([Change(Action.CREATE, item) for item in standing])
    ovn.start("nb")
    monkeypatch.undo()
    assert changes(driver, standing) == []


def test_a_gateway_without_a_host_is_refused(ovn: Ovn, connect: Connect) -> None:
    with pytest.raises(Refused, match="router edge leads outside and no chassis is enabled"):
        connect().apply([Change(Action.CREATE, item) for item in cloud()])
    assert ovn.marked() == []


def test_what_is_not_ours_survives(ovn: Ovn, connect: Connect, standing: list[Object]) -> None:
    ovn.nbctl("ls-add", "theirs", "--", "lsp-add", "theirs", "their-port")
    ovn.nbctl("lr-add", "their-router", "--", "acl-add", PORT_GROUP, "to-lport", "1", "ip4", "drop")
    driver = connect()
    assert changes(driver, standing) == []
    with pytest.raises(Conflict, match=r"PortGroup pg_\S+ \(ssh\) cannot be deleted: 1 of its acls are not ours"):
        driver.apply(changes(driver, []))
    ovn.nbctl("acl-del", PORT_GROUP, "to-lport", "1", "ip4")
    driver = connect()
    driver.apply(changes(driver, []))
    assert ovn.nbctl("--bare", "--columns=name", "list", "Logical_Switch_Port") == "their-port"
    assert ovn.nbctl("--bare", "--columns=name", "list", "Logical_Router") == "their-router"


@pytest.mark.parametrize("command", [["ls-add", NET], ["lr-add", ROUTER], ["pg-add", PORT_GROUP]])
def test_an_unmarked_row_of_our_name_is_a_conflict(ovn: Ovn, connect: Connect, command: list[str]) -> None:
    ovn.gateway("gw1")
    ovn.nbctl(*command)
    driver = connect()
    with pytest.raises(Conflict, match="has that name, not our mark; rename or remove that row"):
        driver.apply(changes(driver, cloud()))
    assert ovn.marked() == []


def test_a_strangers_port_of_our_name_is_a_conflict_even_when_it_was_not_read(ovn: Ovn, connect: Connect) -> None:
    ovn.nbctl("ls-add", "theirs", "--", "lsp-add", "theirs", PORT)
    own = [item for item in cloud() if item.name in (NET, PORT)]
    plain = edit(own, PORT, groups=(), dhcp="")
    driver = connect()
    with pytest.raises(Conflict, match="northbound database holds something else of that name"):
        driver.apply(changes(driver, plain, frozenset({NET, PORT})))
    assert ovn.marked() == []


def test_a_port_without_its_switch_is_refused(connect: Connect) -> None:
    lonely = o.SwitchPort(name=PORT, switch=NET, resource=PORT, title="web1")
    with pytest.raises(
        Refused, match=f"SwitchPort {PORT} .web1. needs Switch {NET}, which OVN has lost; declare that again"
    ):
        connect().apply([Change(Action.CREATE, lonely)])


def test_runs_that_all_make_the_first_filtered_port(connect: Connect) -> None:
    drivers = {str(number): connect() for number in range(6)}
    for driver in drivers.values():
        driver.observe(Scope(None, {}))

    def make(name: str) -> None:
        own = {"resource": name, "title": "x"}
        switch = o.Switch(name=f"switch{name}", **own)
        port = o.SwitchPort(name=name, switch=switch.name, filtered=True, **own)
        drivers[name].apply([Change(Action.CREATE, switch), Change(Action.CREATE, port)])

    with ThreadPoolExecutor(len(drivers)) as pool:
        list(pool.map(make, drivers))
    found = [item for item in connect().observe(Scope(None, {})).objects if isinstance(item, o.SwitchPort)]
    assert [item.filtered for item in found] == [True] * len(drivers)
