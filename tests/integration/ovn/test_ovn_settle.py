# SPDX-License-Identifier: Apache-2.0
"""Waiting for what hosts do. The hosts are played by this test; northd is real."""

import dataclasses
import time
from collections.abc import Callable

from stackwright.drivers.ovn import objects as o
from stackwright.drivers.ovn.driver import OvnDriver
from stackwright.engine.objects import Action, Change, Object

from .conftest import Ovn

OWN = {"resource": "r", "title": "web1"}
SWITCH = o.Switch(name="switch", **OWN)
PORT = o.SwitchPort(name="port", switch="switch", addresses=("fa:16:3e:00:00:01",), expects_up=True, **OWN)
GROUP = o.PortGroup(name=o.group_name("group"), resource="group")
MEMBER = dataclasses.replace(PORT, groups=("group",))
RULE = o.acl(GROUP.name, o.TO_PORT, "ip4", priority=1, action="drop", resource="group", title="")
ROUTER = o.Router(name="router", **OWN)
GATEWAY = o.RouterPort(
    name=o.gateway_port("router"),
    router="router",
    mac="fa:16:3e:00:00:03",
    networks=("172.24.4.2/24",),
    gateway=True,
    **OWN,
)

Connect = Callable[[], OvnDriver]


def create(driver: OvnDriver, *items: Object) -> None:
    driver.apply([Change(Action.CREATE, item) for item in items])


def test_northd_that_does_nothing_is_named(connect: Connect) -> None:
    driver = connect()
    create(driver, SWITCH, PORT)
    assert driver.settle([PORT], 0.1) == [
        "ovn-northd has not taken over the changes; look at ovn-central on the controller"
    ]


def test_a_port_that_nobody_plugs_in_is_named_after_a_bounded_time(ovn: Ovn, northd: None, connect: Connect) -> None:
    driver = connect()
    create(driver, SWITCH, PORT)
    ovn.northd_has_it()
    began = time.monotonic()
    assert driver.settle([SWITCH, PORT], 2.0) == [
        "port web1 (port) is not up; look at ovn-controller on the host of its instance"
    ]
    assert 2.0 <= time.monotonic() - began < 30.0


def test_the_host_of_a_port_is_waited_for_and_no_other(ovn: Ovn, northd: None, connect: Connect) -> None:
    ovn.chassis("hv1")
    ovn.chassis("hv2")
    driver = connect()
    create(driver, SWITCH, PORT)
    ovn.plug("port", "hv1")
    (missing,) = driver.settle([SWITCH, PORT], 2.0)
    assert missing.startswith("chassis hv1 has not carried out the changes yet")
    ovn.caught_up("hv1")
    assert driver.settle([SWITCH, PORT], 60.0) == []


def test_a_new_rule_waits_for_the_hosts_of_the_groups_ports(ovn: Ovn, northd: None, connect: Connect) -> None:
    ovn.chassis("hv1")
    ovn.chassis("hv2")
    create(connect(), SWITCH, GROUP, MEMBER)
    ovn.plug("port", "hv1")
    driver = connect()
    create(driver, RULE)
    ovn.northd_has_it()
    (missing,) = driver.settle([RULE], 1.0)
    assert missing.startswith("chassis hv1 ")
    ovn.caught_up("hv1")
    assert driver.settle([RULE], 60.0) == []


def test_a_router_waits_for_the_host_of_its_gateway(ovn: Ovn, northd: None, connect: Connect) -> None:
    ovn.gateway("gw1")
    driver = connect()
    create(driver, ROUTER, GATEWAY)
    ovn.northd_has_it()
    ovn.sbctl("lsp-bind", f"cr-{GATEWAY.name}", "gw1")
    (missing,) = driver.settle([ROUTER, GATEWAY], 1.0)
    assert missing.startswith("chassis gw1 ")
    ovn.caught_up("gw1")
    assert driver.settle([ROUTER, GATEWAY], 60.0) == []


def test_a_port_changed_while_its_guest_is_off_is_not_waited_for(ovn: Ovn, northd: None, connect: Connect) -> None:
    create(connect(), SWITCH, GROUP, PORT)
    driver = connect()
    driver.apply([Change(Action.UPDATE, MEMBER, before=PORT)])
    assert driver.settle([MEMBER], 60.0) == []


def test_what_other_drivers_hold_is_none_of_its_business(connect: Connect) -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Domain(Object):
        driver = "libvirt"

    assert connect().settle([Domain(name="x", resource="y")], 1.0) == []
