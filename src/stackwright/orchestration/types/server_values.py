# SPDX-License-Identifier: Apache-2.0
"""What templates may know about a server: its addresses, above all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stackwright.engine.resource import Resource
from stackwright.orchestration.types import common, ports
from stackwright.orchestration.types.base import Attribute, Look


def _ports(server: Resource, look: Look) -> list[Resource]:
    return [look.get(nic["port"]) for nic in server.attributes.get("nics", [])]


def _outside(port: Resource, address: str, look: Look) -> Iterator[str]:
    """Floating IPs that lead to an address of a port."""
    for item in look.referrers(port.id, "floating_ip"):
        has = item.attributes
        if (has.get("port"), has.get("fixed_address")) == (port.id, address):
            yield has["floating_ip_address"]


def _of_port(port: Resource, look: Look) -> Iterator[tuple[str, str]]:
    """A port's addresses, each followed by those that lead to it, with what Nova calls their type."""
    for fixed in port.attributes.get("addresses", []):
        yield fixed["ip_address"], "fixed"
        for address in _outside(port, fixed["ip_address"], look):
            yield address, "floating"


def _by_network(found: Mapping[str, list[Any]], look: Look) -> dict[str, list[Any]]:
    """Under the name of each network, and under its id."""
    return {key: items for network, items in found.items() for key in (look.get(network).name, network)}


def _addresses(server: Resource, look: Look) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for port in _ports(server, look):
        more = {
            "OS-EXT-IPS-MAC:mac_addr": port.attributes["mac_address"],
            "port": port.id,
            "subnets": ports.subnets_of(port, look),
            "network": ports.network_of(port, look),
        }
        found.setdefault(port.spec["network"], []).extend(
            {"addr": address, "version": 4, "OS-EXT-IPS:type": type_} | more for address, type_ in _of_port(port, look)
        )
    return _by_network(found, look)


def _networks(server: Resource, look: Look) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for port in _ports(server, look):
        found.setdefault(port.spec["network"], []).extend(address for address, _ in _of_port(port, look))
    return _by_network(found, look)


def _first(server: Resource, look: Look) -> str:
    addresses = (address for port in _ports(server, look) for address, _ in _of_port(port, look))
    return next(addresses, "")


VALUES: Mapping[str, Attribute] = {
    "name": common.called(),
    "addresses": Attribute("Its addresses by network, each with its port, subnets and network.", _addresses),
    "networks": Attribute("Its addresses by network.", _networks),
    "first_address": Attribute("Its first address.", _first),
    "instance_name": Attribute("What the hypervisor calls it.", lambda server, look: server.id),
    "accessIPv4": common.always("", "An IPv4 address that somebody chose for it; nobody does."),
    "accessIPv6": common.always("", "An IPv6 address that somebody chose for it; nobody does."),
    "console_urls": common.always({}, "Where its consoles are: not on the web."),
    "tags": common.told("tags", "Its tags.", []),
    "os_collect_config": common.always({}, "How it asks for software deployments: not at all."),
}
