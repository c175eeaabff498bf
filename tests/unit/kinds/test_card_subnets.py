# SPDX-License-Identifier: Apache-2.0
"""Network cards that name the subnet of their address."""

from __future__ import annotations

import pytest

from sandbox import Sandbox
from stackwright.engine.errors import InvalidInput


@pytest.fixture
def two(cloud: Sandbox) -> Sandbox:
    """A cloud whose network has a second subnet."""
    cloud.add_host("here")
    cloud.wish("subnet", "upper", network="net", cidr="10.1.0.0/24")
    cloud.wish("network", "other")
    return cloud


def addresses(cloud: Sandbox) -> list[str]:
    instance = cloud.one("instance", "web")
    ports = {port.id: port for port in cloud.find("port")}
    return [
        item["ip_address"] for nic in instance.attributes["nics"] for item in ports[nic["port"]].attributes["addresses"]
    ]


def declare(cloud: Sandbox, **card: str) -> bool:
    result = cloud.wish("instance", "web", image="guest", flavor="m1.tiny", networks=[card])
    return any(item.changed for item in result.outcomes.values())


def test_a_subnet_stands_for_its_network(two: Sandbox) -> None:
    assert declare(two, subnet="upper")
    assert addresses(two) == ["10.1.0.2"]
    assert not declare(two, subnet="upper")


def test_a_subnet_beside_its_network(two: Sandbox) -> None:
    declare(two, network="net", subnet="upper", fixed_ip="10.1.0.77")
    assert addresses(two) == ["10.1.0.77"]


def test_a_card_moves_to_another_subnet_and_keeps_its_port(two: Sandbox) -> None:
    declare(two, network="net")
    before = two.one("instance", "web").attributes["nics"][0]["port"]
    assert declare(two, network="net", subnet="upper")
    assert addresses(two) == ["10.1.0.2"]
    assert two.one("instance", "web").attributes["nics"][0]["port"] == before


def test_a_subnet_of_another_network_is_refused(two: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="subnet upper is on another network; name that, or none"):
        declare(two, network="other", subnet="upper")


def test_a_subnet_beside_a_port_is_refused(two: Sandbox) -> None:
    two.wish("port", "p", network="net")
    with pytest.raises(InvalidInput, match="names a network or a port, and not both"):
        declare(two, port="p", subnet="upper")
