# SPDX-License-Identifier: Apache-2.0
"""What each resource type makes of its properties, and that its kind takes that."""

from __future__ import annotations

from typing import Any

import pytest
from test_types_configs import CONFIGS
from typed import Known, asked, resource, spec

from sandbox import KEY
from stackwright.engine.errors import InvalidInput
from stackwright.orchestration.types import TYPES

NO_EXTERNAL = {"external_network": None, "external_ip": None, "enable_snat": True, "interfaces": []}
ANY_RULE = {
    "direction": "ingress",
    "ethertype": "IPv4",
    "protocol": None,
    "port_range_min": None,
    "port_range_max": None,
    "remote_ip_prefix": None,
    "remote_group": None,
}
UNLED = {"port": None, "instance": None, "fixed_address": None, "floating_ip_address": None}

CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("OS::Neutron::Net", {}, {"shared": False}),
    ("OS::Neutron::Net", {"name": "n", "shared": "true", "admin_state_up": True}, {"shared": True}),
    (
        "OS::Neutron::Net",
        {
            "value_specs": {
                "mtu": "1400",
                "router:external": "True",
                "provider:network_type": "vlan",
                "provider:physical_network": "physnet1",
                "provider:segmentation_id": "7",
            }
        },
        {
            "shared": False,
            "external": True,
            "mtu": 1400,
            "provider_physical_network": "physnet1",
            "provider_segmentation_id": 7,
        },
    ),
    (
        "OS::Neutron::ProviderNet",
        {"network_type": "flat", "physical_network": "physnet1", "router_external": True, "shared": False},
        {
            "shared": False,
            "external": True,
            "provider_physical_network": "physnet1",
            "provider_segmentation_id": None,
        },
    ),
    (
        "OS::Neutron::ProviderNet",
        {"network_type": "vlan", "physical_network": "physnet1", "segmentation_id": "104"},
        {
            "shared": True,
            "external": False,
            "provider_physical_network": "physnet1",
            "provider_segmentation_id": 104,
        },
    ),
    (
        "OS::Neutron::ProviderNet",
        {"network_type": "geneve"},
        {"shared": True, "external": False, "provider_physical_network": "", "provider_segmentation_id": None},
    ),
    (
        "OS::Neutron::Subnet",
        {"network_id": "n", "cidr": "10.0.0.1/24"},
        {
            "network": "n",
            "cidr": "10.0.0.0/24",
            "ip_version": 4,
            "gateway_ip": None,
            "enable_dhcp": True,
            "allocation_pools": [],
            "dns_nameservers": [],
            "host_routes": [],
        },
    ),
    (
        "OS::Neutron::Subnet",
        {
            "network": "n",
            "cidr": "10.0.0.0/24",
            "gateway_ip": None,
            "enable_dhcp": False,
            "allocation_pools": [{"start": "10.0.0.10", "end": "10.0.0.20"}],
            "dns_nameservers": ["10.0.0.9"],
            "host_routes": [{"destination": "10.9.0.1/16", "nexthop": "10.0.0.8"}],
        },
        {
            "network": "n",
            "cidr": "10.0.0.0/24",
            "ip_version": 4,
            "gateway_ip": "",
            "enable_dhcp": False,
            "allocation_pools": [{"start": "10.0.0.10", "end": "10.0.0.20"}],
            "dns_nameservers": ["10.0.0.9"],
            "host_routes": [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.8"}],
        },
    ),
    (
        "OS::Neutron::Port",
        {"network": "n"},
        {"network": "n", "fixed_ips": [], "mac_address": None, "security_groups": None, "port_security": True},
    ),
    (
        "OS::Neutron::Port",
        {
            "network_id": "n",
            "fixed_ips": [{"subnet_id": "s"}, {"ip_address": "10.0.0.7"}, {"subnet": "s", "ip_address": "10.0.0.8"}],
            "mac_address": "FA-16-3E-00-00-01",
            "security_groups": [],
            "port_security_enabled": False,
        },
        {
            "network": "n",
            "fixed_ips": [
                {"subnet": "s", "ip_address": None},
                {"subnet": None, "ip_address": "10.0.0.7"},
                {"subnet": "s", "ip_address": "10.0.0.8"},
            ],
            "mac_address": "FA:16:3E:00:00:01",
            "security_groups": [],
            "port_security": False,
        },
    ),
    ("OS::Neutron::Router", {"distributed": True}, NO_EXTERNAL),
    (
        "OS::Neutron::Router",
        {
            "external_gateway_info": {
                "network": "public",
                "enable_snat": False,
                "external_fixed_ips": [{"ip_address": "172.24.4.9"}],
            }
        },
        NO_EXTERNAL | {"external_network": "public", "external_ip": "172.24.4.9", "enable_snat": False},
    ),
    (
        "OS::Neutron::RouterInterface",
        {"router_id": "r", "subnet_id": "s"},
        {"router": "r", "subnet": "s", "port": None, "ip_address": None},
    ),
    (
        "OS::Neutron::RouterInterface",
        {"router": "r", "port": "p"},
        {"router": "r", "subnet": None, "port": "p", "ip_address": None},
    ),
    (
        "OS::Neutron::RouterGateway",
        {"router_id": "r", "network_id": "public"},
        {"router": "r", "network": "public", "external_ip": None, "enable_snat": True},
    ),
    ("OS::Neutron::FloatingIP", {"floating_network": "public"}, {"network": "public"} | UNLED),
    (
        "OS::Neutron::FloatingIP",
        {
            "floating_network_id": "public",
            "port_id": "p",
            "fixed_ip_address": "10.0.0.7",
            "floating_ip_address": "172.24.4.9",
        },
        {
            "network": "public",
            "port": "p",
            "instance": None,
            "fixed_address": "10.0.0.7",
            "floating_ip_address": "172.24.4.9",
        },
    ),
    (
        "OS::Neutron::FloatingIPAssociation",
        {"floatingip_id": "f", "port_id": "p"},
        {"floating_ip": "f", "port": "p", "instance": None, "fixed_address": None},
    ),
    ("OS::Nova::FloatingIP", {"pool": "public"}, {"network": "public"} | UNLED),
    (
        "OS::Nova::FloatingIPAssociation",
        {"server_id": "s", "floating_ip": "f"},
        {"floating_ip": "f", "port": None, "instance": "s", "fixed_address": None},
    ),
    ("OS::Neutron::SecurityGroup", {}, {"rules": [], "description": ""}),
    (
        "OS::Neutron::SecurityGroup",
        {
            "rules": [
                {"ethertype": "IPv6", "remote_ip_prefix": "::/0"},
                {"ethertype": "IPv6", "protocol": "ipv6-icmp"},
                {"remote_ip_prefix": "10.0.0.5/8"},
            ]
        },
        {
            "description": "",
            "rules": [
                {**ANY_RULE, "ethertype": "IPv6"},
                {**ANY_RULE, "ethertype": "IPv6", "protocol": "icmp"},
                {**ANY_RULE, "remote_ip_prefix": "10.0.0.0/8"},
            ],
        },
    ),
    (
        "OS::Neutron::SecurityGroup",
        {
            "description": "Web",
            "rules": [
                {"protocol": "tcp", "port_range_min": "80", "port_range_max": 80, "remote_ip_prefix": "10.0.0.0/8"},
                {"protocol": "ICMP"},
                {"protocol": "17", "direction": "egress", "ethertype": "IPv6"},
                {"remote_mode": "remote_group_id", "remote_group_id": "g"},
                {"remote_mode": "remote_group_id"},
                {"remote_group_id": "g"},
            ],
        },
        {
            "description": "Web",
            "rules": [
                ANY_RULE
                | {"protocol": "tcp", "port_range_min": 80, "port_range_max": 80, "remote_ip_prefix": "10.0.0.0/8"},
                ANY_RULE | {"protocol": "icmp"},
                ANY_RULE | {"protocol": "udp", "direction": "egress", "ethertype": "IPv6"},
                ANY_RULE | {"remote_group": "g"},
                ANY_RULE | {"remote_group": "stack-it-0a1b2c3d"},
                ANY_RULE,
            ],
        },
    ),
    (
        "OS::Neutron::SecurityGroupRule",
        {"security_group": "g", "remote_group": "h", "port_range_min": 22, "port_range_max": 22},
        ANY_RULE
        | {
            "security_group": "g",
            "remote_group": "h",
            "protocol": "tcp",
            "port_range_min": 22,
            "port_range_max": 22,
            "description": "",
        },
    ),
    (
        "OS::Nova::KeyPair",
        {"name": "k", "public_key": KEY, "save_private_key": True},
        {"public_key": KEY, "generate": False, "save_private_key": False},
    ),
    (
        "OS::Nova::KeyPair",
        {"name": "k", "save_private_key": True},
        {"public_key": None, "generate": True, "save_private_key": True},
    ),
    ("OS::Nova::ServerGroup", {}, {"policy": "anti-affinity", "max_server_per_host": None}),
    (
        "OS::Nova::ServerGroup",
        {"policies": ["soft-affinity"]},
        {"policy": "soft-affinity", "max_server_per_host": None},
    ),
    (
        "OS::Nova::ServerGroup",
        {"rules": {"max_server_per_host": 3}},
        {"policy": "anti-affinity", "max_server_per_host": 3},
    ),
    (
        "OS::Nova::Flavor",
        {"ram": 512, "vcpus": 1, "flavorid": "auto", "extra_specs": {"a": 1}},
        {"flavorid": "", "ram": 512, "vcpus": 1, "disk": 0, "ephemeral": 0, "extra_specs": {"a": "1"}},
    ),
    (
        "OS::Heat::RandomString",
        {},
        {"length": 32, "character_classes": [], "character_sequences": [], "salt": ""},
    ),
    (
        "OS::Heat::RandomString",
        {"length": 8, "sequence": "digits", "salt": "s"},
        {
            "length": 8,
            "character_classes": [{"name": "digits", "min": 1}],
            "character_sequences": [],
            "salt": "s",
        },
    ),
    (
        "OS::Heat::RandomString",
        {"character_classes": [{}, {"class": "hexdigits", "min": 3}], "character_sequences": [{"sequence": "!?"}]},
        {
            "length": 32,
            "character_classes": [{"name": "lettersdigits", "min": 1}, {"name": "hexdigits", "min": 3}],
            "character_sequences": [{"sequence": "!?", "min": 1}],
            "salt": "",
        },
    ),
    ("OS::Heat::Value", {"value": {"a": [1]}}, {"type": "", "value": {"a": [1]}}),
    ("OS::Heat::Value", {"value": "7", "type": "number"}, {"type": "number", "value": 7}),
    ("OS::Heat::Value", {"value": "no-number", "type": "string"}, {"type": "string", "value": "no-number"}),
    ("OS::Heat::Value", {"value": False, "type": "boolean"}, {"type": "boolean", "value": False}),
    ("OS::Heat::Value", {"value": None}, {"type": "", "value": None}),
    ("OS::Heat::None", {"whatever": 1}, {"type": "", "value": None}),
    ("OS::Heat::TestResource", {}, {"type": "string", "value": "test_string"}),
]


@pytest.mark.parametrize(("name", "properties", "expected"), CASES)
def test_properties_become_a_spec(name: str, properties: dict[str, Any], expected: dict[str, Any]) -> None:
    assert spec(name, properties) == expected


def test_a_floating_ip_without_a_pool_is_of_the_only_external_network() -> None:
    one, other = resource("network", "one", external=True), resource("network", "other", external=True)
    inside = resource("network", "inside", external=False)
    assert spec("OS::Nova::FloatingIP", {}, look=Known(one, inside))["network"] == "one"
    with pytest.raises(InvalidInput, match=r"not just one external network \(one-name, other-name\); name one"):
        spec("OS::Nova::FloatingIP", {}, look=Known(one, other))
    before = resource("floating_ip", "f", network="one")
    assert spec("OS::Nova::FloatingIP", {}, look=Known(one, other), before=before)["network"] == "one"


def test_every_type_with_a_kind_is_tried() -> None:
    tried = {name for name, _, _ in CASES} | {"OS::Nova::Server"} | CONFIGS.keys()
    assert tried == {item.name for item in TYPES.values() if item.kind}


def test_a_name_is_the_template_s_or_made() -> None:
    net = TYPES["OS::Neutron::Net"]
    assert net.label(asked("OS::Neutron::Net", {"name": "mine"})) == "mine"
    assert net.label(asked("OS::Neutron::Net", {"name": ""})) == "stack-it-0a1b2c3d"


def test_a_group_that_exists_refers_to_itself_by_its_id() -> None:
    properties = {"rules": [{"remote_mode": "remote_group_id"}]}
    made = spec("OS::Neutron::SecurityGroup", properties, before=resource("security_group", "the-id"))
    assert made["rules"][0]["remote_group"] == "the-id"


@pytest.mark.parametrize(
    ("name", "row", "reference"),
    [
        ("OS::Neutron::Net", resource("network", "n"), "n"),
        ("OS::Nova::KeyPair", resource("keypair", "k"), "k-name"),
        ("OS::Heat::RandomString", resource("random_string", "r", {"value": "abc"}), "abc"),
        ("OS::Heat::Value", resource("stack_value", "v", value=1), "v-name"),
        ("OS::Heat::SoftwareConfig", resource("stack_value", "c"), "c"),
        ("OS::Neutron::RouterInterface", resource("router_interface", "i", router="r", subnet="s"), "r:subnet_id=s"),
        ("OS::Neutron::RouterInterface", resource("router_interface", "i", router="r", port="p"), "r:port_id=p"),
        ("OS::Neutron::RouterGateway", resource("router_gateway", "g", router="r", network="n"), "r:n"),
    ],
)
def test_what_get_resource_gives(name: str, row: Any, reference: str) -> None:
    assert TYPES[name].reference(row, Known(row)) == reference
