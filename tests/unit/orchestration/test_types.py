# SPDX-License-Identifier: Apache-2.0
"""The catalogue of resource types as a whole: names, schemas, what is missing, what comes after what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from typed import Known, errors, resource

from stackwright.engine.errors import InvalidInput
from stackwright.kinds import KINDS
from stackwright.orchestration import types
from stackwright.orchestration.interfaces import PropertyType
from stackwright.orchestration.properties import checked
from stackwright.orchestration.types.base import Asked, Lacking, Prop, Rule, Type
from stackwright.orchestration.types.missing import MISSING, SERVICES
from stackwright.orchestration.values import Unknown

HAD = [item for item in types.TYPES.values() if not item.service]
EVERY_TYPE = pytest.mark.parametrize("known", HAD, ids=lambda item: item.name)


def test_types_are_found_by_name() -> None:
    assert types.find("OS::Nova::Server") is types.TYPES["OS::Nova::Server"]
    assert types.find("OS::Nova::Servre") is None
    assert "OS::Neutron::Net" in types.names()
    assert "OS::Cinder::Volume" in types.names()


def test_what_is_missing_says_what_it_needs() -> None:
    volume = types.find("OS::Cinder::Volume")
    assert volume is not None
    assert volume.service == "volumes"
    assert types.TYPES["AWS::EC2::Instance"].service == "CloudFormation"
    assert len(MISSING) == sum(len(names.split()) for names in SERVICES.values()), "a type is listed twice"
    assert not MISSING.keys() & {item.name for item in HAD}


@EVERY_TYPE
def test_a_type_is_of_a_kind_or_made_of_others(known: Type) -> None:
    if known.made_of:
        assert known.kind == ""
        with pytest.raises(InvalidInput, match="cannot be had"):
            known.spec(Asked("it", {}, {}, Known()))
    else:
        assert known.kind in KINDS


def _inside(properties: Mapping[str, Prop]) -> Iterator[Prop]:
    for prop in properties.values():
        yield prop
        if isinstance(prop.schema, Prop):
            yield from _inside({"item": prop.schema})
        elif prop.schema:
            yield from _inside(prop.schema)


SAMPLES: Mapping[PropertyType, object] = {
    "string": "x",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "list": [],
    "map": {},
    "any": None,
}


@EVERY_TYPE
def test_schemas_hold_together(known: Type) -> None:
    for prop in _inside(known.properties):
        assert prop.type in SAMPLES
        assert not (prop.required and prop.default is not None)
        if isinstance(prop.schema, Prop):
            assert prop.type == "list"
        elif prop.schema is not None:
            assert prop.type == "map"
        if prop.default is not None:
            found, wrong = checked({"it": prop}, {"it": prop.default})
            assert (found, wrong) == ({"it": prop.default}, []), "a default must be what may be given"


@EVERY_TYPE
def test_what_means_nothing_here_says_why(known: Type) -> None:
    for prop in _inside(known.properties):
        for rule in prop.constraints:
            if isinstance(rule, Lacking):
                assert rule.words.startswith(("needs ", "cannot be ", "is "))
                assert not rule.words.endswith(".")


def test_a_property_that_means_nothing_is_accepted_where_it_asks_for_nothing() -> None:
    properties = {
        "network": "n",
        "allowed_address_pairs": [],
        "admin_state_up": True,
        "value_specs": {},
        "qos_policy": "",
    }
    assert errors("OS::Neutron::Port", properties) == []
    assert errors("OS::Neutron::Port", {"network": "n", "admin_state_up": False}) == [
        "admin_state_up: the value False cannot be had: what is declared is in operation"
    ]
    assert errors("OS::Nova::Server", {"flavor": "f", "block_device_mapping": [{"volume_id": "v"}]}) == [
        "block_device_mapping: the value [{'volume_id': 'v'}] needs the service volumes, which is not here"
    ]
    [hint] = errors("OS::Nova::Server", {"flavor": "f", "scheduler_hints": {"different_host": [], "reservation": "r"}})
    assert hint.startswith("scheduler_hints.reservation: the value r is a hint that is not known here")
    [option] = errors("OS::Neutron::Net", {"value_specs": {"test:it": 1, "mtu": 1400}})
    assert option.startswith("value_specs.test:it: the value 1 is for an option that is not known here; there are mtu,")
    [stateless] = errors("OS::Neutron::SecurityGroup", {"stateful": False, "rules": [{"description": "Of one rule."}]})
    assert stateless == "stateful: the value False cannot be had: answers are always allowed"


def test_the_old_name_of_neutron_is_known() -> None:
    assert types.find("OS::Quantum::Net") is types.find("OS::Neutron::Net")
    assert types.find("OS::Quantum::Nothing") is None


# Order


def test_a_rule_without_properties_is_for_all() -> None:
    assert Rule(("Any",)).holds({}, {})


@pytest.mark.parametrize(
    ("mine", "theirs", "holds"),
    [
        ({"networks": [{"network": "a"}, {"network": "b"}]}, {"network": "b"}, True),
        ({"networks": [{"network": "a"}]}, {"network": "b"}, False),
        ({"networks": [{"network": Unknown("net", "id")}]}, {"network": Unknown("net", "id")}, True),
        ({"networks": [{"network": Unknown("net", "id")}]}, {"network": Unknown("other", "id")}, False),
        ({"networks": [{"port": "p"}]}, {}, False),
        ({"networks": [{"network": None}]}, {"network": None}, False),
        ({"networks": "what"}, {"network": "what"}, False),
        ({"networks": Unknown("the parameter", "nets")}, {"network": "a"}, False),
        ({}, {"network": "a"}, False),
    ],
)
def test_a_rule_looks_for_the_same_thing_in_both(
    mine: dict[str, object], theirs: dict[str, object], holds: bool
) -> None:
    assert Rule(("OS::Neutron::Subnet",), ("networks.network",), ("network",)).holds(mine, theirs) is holds


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("OS::Nova::Server", {"flavor": "f", "networks": [{"uuid": "n"}]}),
        ("OS::Neutron::Port", {"network_id": "n"}),
        ("OS::Neutron::Router", {"external_gateway_info": {"network": "n"}}),
        ("OS::Neutron::RouterGateway", {"router_id": "r", "network_id": "n"}),
        ("OS::Neutron::FloatingIP", {"floating_network_id": "n"}),
        ("OS::Nova::FloatingIP", {"pool": "n"}),
    ],
)
def test_who_takes_an_address_of_a_network_comes_after_its_subnets(name: str, properties: dict[str, object]) -> None:
    mine, wrong = checked(types.TYPES[name].properties, properties)
    theirs = checked(types.TYPES["OS::Neutron::Subnet"].properties, {"network_id": "n", "cidr": "10.0.0.0/24"})[0]
    assert wrong == []
    rules = [rule for rule in types.TYPES[name].after if "OS::Neutron::Subnet" in rule.types]
    assert [rule.holds(mine, theirs) for rule in rules] == [True]
    assert [rule.holds(mine, {**theirs, "network": "m"}) for rule in rules] == [False]


def test_who_leads_an_address_through_a_router_comes_after_all_of_them() -> None:
    names = ("OS::Neutron::FloatingIP", "OS::Neutron::FloatingIPAssociation", "OS::Nova::FloatingIPAssociation")
    for name in names:
        (rule,) = [rule for rule in types.TYPES[name].after if not rule.here]
        assert set(rule.types) == {f"OS::Neutron::{kind}" for kind in ("Router", "RouterInterface", "RouterGateway")}


# Attributes


def test_show_has_what_was_declared_and_allocated_and_every_attribute() -> None:
    network = resource("network", "n", {"mtu": 1442}, shared=False)
    shown = types.TYPES["OS::Neutron::Net"].attribute("show", network, Known(network))
    assert shown.items() >= {"id": "n", "name": "n-name", "mtu": 1442, "shared": False, "subnets": []}.items()


def test_show_has_no_secrets() -> None:
    known = types.TYPES["OS::Nova::KeyPair"]
    keypair = resource("keypair", "k", {"public_key": "ssh-ed25519 x", "private_key": "secret"}, public_key=None)
    assert "secret" not in str(known.attribute("show", keypair, Known()))
    assert known.attribute("private_key", keypair, Known()) == "secret"
    server = resource("instance", "s", {}, user_data="secret", personality={"/a": "secret"})
    assert "secret" not in str(types.TYPES["OS::Nova::Server"].attribute("show", server, Known()))


def test_an_unknown_attribute_names_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="no attribute of OS::Neutron::Net is called subnet; did you mean subnets"):
        types.TYPES["OS::Neutron::Net"].attribute("subnet", resource("network", "n"), Known())


@EVERY_TYPE
def test_attributes_are_described(known: Type) -> None:
    assert all(text.endswith(".") for text in known.attributes.values())


def test_the_package_has_no_type_twice() -> None:
    listed = [item.name for module in types.MODULES for item in module.TYPES]
    assert len(listed) == len(set(listed))
