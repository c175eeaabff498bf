# SPDX-License-Identifier: Apache-2.0
"""Servers: what their properties become, and what templates learn of servers, ports and networks that exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from typed import Known, asked, errors, resource, spec

from sandbox import Sandbox, request
from stackwright.engine.allocate import Allocation
from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Resource, Wish
from stackwright.orchestration.types import TYPES

SERVER = "OS::Nova::Server"
PLAIN: dict[str, Any] = {
    "image": "i",
    "flavor": "f",
    "keypair": None,
    "security_groups": None,
    "user_data": "",
    "metadata": {},
    "config_drive": True,
    "availability_zone": None,
    "host": None,
    "server_group": None,
    "personality": {},
    "tags": [],
    "power": None,
    "networks": None,
}
CONFIG_ID = "6e0b0c52-5c1a-4f0e-9f5e-0d6f2a1b3c4d"
CONFIG = Known(resource("stack_value", CONFIG_ID, type="config", value={"config": "#!/bin/sh\n"}))


def server(**properties: Any) -> dict[str, Any]:
    return {"image": "i", "flavor": "f", **properties}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, {}),
        ({"name": "web", "key_name": "k", "security_groups": ["g"]}, {"keypair": "k", "security_groups": ["g"]}),
        ({"networks": [{"uuid": "n"}]}, {"networks": [{"network": "n"}]}),
        (
            {"networks": [{"network": "n", "fixed_ip": "10.0.0.7"}, {"port": "p", "network": ""}, {"subnet": "s"}]},
            {"networks": [{"network": "n", "fixed_ip": "10.0.0.7"}, {"port": "p"}, {"subnet": "s"}]},
        ),
        ({"networks": []}, {"networks": None}),
        ({"networks": [{"allocate_network": "none"}]}, {"networks": []}),
        ({"networks": [{"allocate_network": "auto"}]}, {"networks": None}),
        (
            {"metadata": {"a": "b", "c": 1, "d": {"e": [True]}}},
            {"metadata": {"a": "b", "c": "1", "d": '{"e": [true]}'}},
        ),
        ({"availability_zone": "nova"}, {"availability_zone": "nova"}),
        ({"availability_zone": "nova:here"}, {"availability_zone": "nova", "host": "here"}),
        ({"scheduler_hints": {"group": "g"}}, {"server_group": "g"}),
        ({"personality": {"/etc/motd": "hello"}}, {"personality": {"/etc/motd": "hello"}}),
        ({"tags": ["a", "b"]}, {"tags": ["a", "b"]}),
        ({"user_data": "#!/bin/sh\n", "user_data_format": "RAW"}, {"user_data": "#!/bin/sh\n"}),
        ({"config_drive": False, "diskConfig": "AUTO", "admin_pass": "x", "admin_user": "root"}, {}),
        ({"software_config_transport": "POLL_TEMP_URL", "deployment_swift_data": {"container": "c"}}, {}),
        ({"block_device_mapping_v2": [], "reservation_id": ""}, {}),
    ],
)
def test_properties_become_a_spec(properties: dict[str, Any], expected: dict[str, Any]) -> None:
    assert spec(SERVER, server(**properties)) == PLAIN | expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CONFIG_ID, "#!/bin/sh\n"),
        (CONFIG_ID.upper(), CONFIG_ID.upper()),
        ("x" * 36, "x" * 36),
    ],
)
def test_user_data_may_be_the_id_of_a_config(text: str, expected: str) -> None:
    assert spec(SERVER, server(user_data=text), look=CONFIG)["user_data"] == expected


def test_user_data_that_is_the_id_of_something_else_is_text() -> None:
    look = Known(resource("random_string", CONFIG_ID, {"value": "secret"}))
    assert spec(SERVER, server(user_data=CONFIG_ID), look=look)["user_data"] == CONFIG_ID


def test_user_data_may_be_a_value_or_a_structure() -> None:
    look = Known(resource("stack_value", CONFIG_ID, type="config", value={"config": {"a": [1]}}))
    assert spec(SERVER, server(user_data=CONFIG_ID), look=look)["user_data"] == '{"a": [1]}'
    look = Known(resource("stack_value", CONFIG_ID, type="string", value="text"))
    assert spec(SERVER, server(user_data=CONFIG_ID), look=look)["user_data"] == "text"


def before(**recorded: Any) -> Resource:
    return resource("instance", "web", **recorded)


def test_a_port_has_its_network_already() -> None:
    found = spec(SERVER, server(networks=[{"network": "n", "subnet": "s", "port": "p"}]))
    assert found["networks"] == [{"port": "p"}]


def test_networks_that_are_left_open_stay_as_they_are() -> None:
    assert "networks" not in spec(SERVER, server(), before=before(networks=[{"network": "n"}]))


def test_user_data_stays_where_changes_are_ignored() -> None:
    properties = server(user_data="new", user_data_update_policy="IGNORE")
    assert spec(SERVER, properties)["user_data"] == "new"
    assert spec(SERVER, properties, before=before(user_data="old"))["user_data"] == "old"


@pytest.mark.parametrize(
    ("recorded", "suspended", "power"),
    [
        (None, False, None),
        (None, True, "stopped"),
        (before(power=None), False, None),
        (before(power=None), True, "stopped"),
        (before(power="stopped"), False, "running"),
        (before(power="running"), False, "running"),
    ],
)
def test_a_server_is_stopped_and_started_with_its_stack(recorded: Resource, suspended: bool, power: str) -> None:
    assert spec(SERVER, server(), before=recorded, suspended=suspended)["power"] == power


def test_a_server_needs_an_image() -> None:
    with pytest.raises(InvalidInput, match="names no image, and booting from a volume needs the service volumes"):
        TYPES[SERVER].spec(asked(SERVER, {"flavor": "f"}))


def test_allocate_network_is_said_alone() -> None:
    for networks in ([{"allocate_network": "none"}, {"network": "n"}], [{"allocate_network": "auto", "network": "n"}]):
        with pytest.raises(InvalidInput, match="is said alone; remove the other networks"):
            spec(SERVER, server(networks=networks))


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"networks": [{"floating_ip": "f"}]}, "use an OS::Neutron::FloatingIPAssociation"),
        ({"networks": [{"port_extra_properties": {"mac_address": "x"}}]}, "declare an OS::Neutron::Port"),
        ({"networks": [{"tag": "t"}]}, "network cards have no tags"),
        ({"scheduler_hints": {"same_host": ["s"]}}, "is a hint that is not known here"),
        ({"scheduler_hints": {"groop": "g"}}, "is a hint that is not known here; there is group,"),
        ({"user_data_format": "raw"}, "must be one of HEAT_CFNTOOLS, RAW, SOFTWARE_CONFIG"),
        ({"reservation_id": "r"}, "servers are made one by one"),
    ],
)
def test_what_cannot_be_had_is_named(properties: dict[str, Any], words: str) -> None:
    assert words in "; ".join(errors(SERVER, server(**properties)))


# Attributes, of what the real engine made

Ask = Callable[[str, str, str], Any]


@pytest.fixture
def ask(cloud: Sandbox) -> Ask:
    """The value of an attribute: type, name of the resource, attribute."""
    cloud.add_host("here")
    cloud.ensure(
        request(
            Wish("port", "p", spec={"network": "net", "fixed_ips": [{"ip_address": "10.0.0.50"}]}),
            Wish(
                "instance",
                "web",
                spec={
                    "image": "guest",
                    "flavor": "m1.tiny",
                    "networks": [{"port": "p"}, {"network": "net"}],
                    "tags": ["b", "a"],
                    "user_data": "secret",
                },
            ),
            Wish("floating_ip", "f", spec={"network": "public", "port": "p"}),
            Wish("floating_ip", "idle", spec={"network": "public"}),
        )
    )

    def find(type_: str, name: str, attribute: str) -> Any:
        known = TYPES[type_]

        def read(txn: Any) -> Any:
            look = Allocation(txn, cloud.rules.kinds, cloud.rules.scheduler, cloud.rules.mtu)
            (row,) = txn.select(kind=known.kind, name=name)
            return known.attribute(attribute, row, look)

        return cloud.registry.read(read)

    return find


def test_networks_of_a_server(cloud: Sandbox, ask: Ask) -> None:
    outside = cloud.one("floating_ip", "f").attributes["floating_ip_address"]
    addresses = ["10.0.0.50", outside, "10.0.0.2"]
    assert ask(SERVER, "web", "networks") == {"net": addresses, cloud.one("network", "net").id: addresses}
    assert ask(SERVER, "web", "first_address") == "10.0.0.50"


def test_addresses_of_a_server(cloud: Sandbox, ask: Ask) -> None:
    port = cloud.one("port", "p")
    found = ask(SERVER, "web", "addresses")["net"]
    assert [(item["addr"], item["OS-EXT-IPS:type"]) for item in found] == [
        ("10.0.0.50", "fixed"),
        (cloud.one("floating_ip", "f").attributes["floating_ip_address"], "floating"),
        ("10.0.0.2", "fixed"),
    ]
    assert found[0]["port"] == port.id
    assert found[0]["OS-EXT-IPS-MAC:mac_addr"] == port.attributes["mac_address"]
    assert [subnet["cidr"] for subnet in found[0]["subnets"]] == ["10.0.0.0/24"]
    assert found[0]["network"]["name"] == "net"


def test_other_attributes_of_a_server(cloud: Sandbox, ask: Ask) -> None:
    assert ask(SERVER, "web", "name") == "web"
    assert ask(SERVER, "web", "instance_name") == cloud.one("instance", "web").id
    assert ask(SERVER, "web", "tags") == ["a", "b"]
    assert ask(SERVER, "web", "console_urls") == {}
    assert ask(SERVER, "web", "show")["id"] == cloud.one("instance", "web").id
    assert "secret" not in str(ask(SERVER, "web", "show"))


def test_attributes_of_a_port(cloud: Sandbox, ask: Ask) -> None:
    port = "OS::Neutron::Port"
    sub = cloud.one("subnet", "sub").id
    assert ask(port, "p", "fixed_ips") == [{"subnet_id": sub, "ip_address": "10.0.0.50"}]
    assert ask(port, "p", "device_id") == cloud.one("instance", "web").id
    assert ask(port, "p", "device_owner") == "compute:nova"
    assert ask(port, "p", "status") == "ACTIVE"
    assert ask(port, "p", "network_id") == cloud.one("network", "net").id
    assert ask(port, "p", "network")["subnets"] == [sub]
    assert [item["id"] for item in ask(port, "p", "subnets")] == [sub]
    assert ask(port, "p", "security_groups") == [cloud.one("security_group", "default").id]
    cloud.wish("port", "loose", network="net")
    assert (ask(port, "loose", "status"), ask(port, "loose", "device_id")) == ("DOWN", "")


def test_attributes_of_networks_and_routers(cloud: Sandbox, ask: Ask) -> None:
    public, project = cloud.one("network", "public"), cloud.one("network", "net").project
    assert ask("OS::Neutron::Net", "net", "subnets") == [cloud.one("subnet", "sub").id]
    assert ask("OS::Neutron::Net", "net", "tenant_id") == project
    assert ask("OS::Neutron::Subnet", "sub", "gateway_ip") == "10.0.0.1"
    assert ask("OS::Neutron::Subnet", "sub", "allocation_pools") == [{"start": "10.0.0.2", "end": "10.0.0.254"}]
    gateway = ask("OS::Neutron::Router", "router", "external_gateway_info")
    assert (gateway["network_id"], gateway["enable_snat"]) == (public.id, True)
    assert gateway["external_fixed_ips"][0]["ip_address"].startswith("172.24.4.")


def test_attributes_of_floating_ips(cloud: Sandbox, ask: Ask) -> None:
    floating = "OS::Neutron::FloatingIP"
    assert ask(floating, "f", "port_id") == cloud.one("port", "p").id
    assert ask(floating, "f", "fixed_ip_address") == "10.0.0.50"
    assert ask(floating, "f", "router_id") == cloud.one("router", "router").id
    assert ask(floating, "idle", "port_id") is None
    assert ask("OS::Nova::FloatingIP", "idle", "ip") == ask(floating, "idle", "floating_ip_address")
    assert ask("OS::Nova::FloatingIP", "idle", "pool") == "public"
