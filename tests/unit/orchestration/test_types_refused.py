# SPDX-License-Identifier: Apache-2.0
"""What resource types refuse of their properties, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from typed import errors, spec

from stackwright.engine.errors import InvalidInput

REFUSED = [
    ("OS::Neutron::ProviderNet", {"network_type": "flat"}, "a network of the type flat needs physical_network"),
    (
        "OS::Neutron::ProviderNet",
        {"network_type": "vlan", "physical_network": "p"},
        "a network of the type vlan needs segmentation_id",
    ),
    (
        "OS::Neutron::ProviderNet",
        {"network_type": "flat", "physical_network": "p", "segmentation_id": 4},
        "a network of the type flat has no segmentation_id",
    ),
    (
        "OS::Neutron::Net",
        {"value_specs": {"provider:network_type": "flat"}},
        "a network of the type flat needs physical_network",
    ),
    ("OS::Neutron::Subnet", {"network": "n"}, "names no cidr"),
    ("OS::Neutron::RouterInterface", {"router": "r"}, "has none of subnet, port; give one of them"),
    (
        "OS::Neutron::RouterInterface",
        {"router": "r", "subnet": "s", "port": "p"},
        "has subnet and port; give one of them",
    ),
    (
        "OS::Neutron::Router",
        {"external_gateway_info": {"network": "n", "external_fixed_ips": [{}, {}]}},
        "a gateway has one external fixed IP, and not 2",
    ),
    (
        "OS::Neutron::FloatingIP",
        {"floating_network": "n", "fixed_ip_address": "10.0.0.7"},
        "fixed_ip_address is an address of a port; give port_id as well",
    ),
    ("OS::Nova::FloatingIP", {}, r"names no pool, and there is not just one external network \(none\); name one"),
    ("OS::Neutron::SecurityGroup", {"name": "default"}, "cannot be called default"),
    ("OS::Neutron::SecurityGroup", {"rules": [{"protocol": "icmpv6"}]}, "icmpv6 is one for IPv6; say so by ethertype"),
    ("OS::Nova::ServerGroup", {"policies": ["affinity", "anti-affinity"]}, "policies must be a list of one, and has 2"),
    ("OS::Heat::RandomString", {"sequence": "digits", "character_classes": [{}]}, "exclude each other"),
    ("OS::Heat::RandomString", {"length": 2, "character_classes": [{"min": 3}]}, "less than the 3 characters"),
    ("OS::Heat::Value", {"value": "x", "type": "number"}, "must be a number"),
    ("OS::Heat::TestResource", {"fail": True}, "fails, as its property fail asks for"),
]


@pytest.mark.parametrize(("name", "properties", "words"), REFUSED)
def test_what_makes_no_sense_is_refused_in_a_sentence(name: str, properties: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        spec(name, properties)


@pytest.mark.parametrize(
    ("name", "properties", "words"),
    [
        ("OS::Neutron::Subnet", {"network": "n", "gateway_ip": "10"}, "gateway_ip: the value 10 must be an IP address"),
        ("OS::Neutron::Subnet", {"network": "n", "ip_version": 6}, "the value 6 needs IPv6, which is not here"),
        ("OS::Neutron::Port", {}, "the property network is missing"),
        ("OS::Neutron::Port", {"network": "n", "binding:vnic_type": "direct"}, "network cards are virtual ones"),
        ("OS::Neutron::Router", {"ha": True}, "no other host takes over for a router's gateway"),
        ("OS::Neutron::SecurityGroupRule", {"security_group": "g", "protocol": "vrrp"}, "a rule is for tcp, udp, sctp"),
        ("OS::Nova::KeyPair", {"name": "k", "type": "x509"}, "keypairs are for SSH"),
        ("OS::Nova::ServerGroup", {"policies": ["together"]}, "must be one of anti-affinity"),
        ("OS::Heat::Stack", {"template": "t", "context": {"region_name": "Mars"}}, "the stack is made in this cloud"),
        ("OS::Heat::ResourceGroup", {}, "the property resource_def is missing"),
        ("OS::Heat::ResourceGroup", {"resource_def": {}}, "resource_def: the property type is missing"),
    ],
)
def test_wrong_properties_are_named_with_their_place(name: str, properties: dict[str, Any], words: str) -> None:
    assert words in "; ".join(errors(name, properties))
