# SPDX-License-Identifier: Apache-2.0
"""libvirt networks: the only place that reads and writes their XML. What does not carry our mark is never touched."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import libvirt
from lxml import etree

from stackwright.drivers.legacy.objects import Bridge, LegacyObject, Reservation
from stackwright.drivers.libvirt.connections import Connection
from stackwright.drivers.libvirt.errors import is_code
from stackwright.engine.errors import Conflict, Refused

if TYPE_CHECKING:
    from jinja2 import Template

MARK = "urn:stackwright:network:1"
DNSMASQ = "http://libvirt.org/schemas/network/dnsmasq/1.0"
ID_LENGTH = 36
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
_BOTH = libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE | libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("stackwright.drivers.legacy")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {"mark": MARK, "dnsmasq": DNSMASQ}
    return environment.get_template("network.xml")


def observe_networks(connection: Connection) -> Iterator[LegacyObject]:
    """All networks of ours, with their reservations."""
    for network in connection.libvirt.listAllNetworks():
        try:
            active = bool(network.isActive())
            element = etree.fromstring(network.XMLDesc(), _PARSER)
        except libvirt.libvirtError as error:
            if is_code(error, libvirt.VIR_ERR_NO_NETWORK):
                continue
            raise
        mark = element.find(f"metadata/{{{MARK}}}network")
        if mark is not None:
            yield _bridge(connection.place, element, int(mark.get("segment", "0")), active=active)
            yield from _reservations(connection.place, element)


def _bridge(place: str, element: etree._Element, segment: int, *, active: bool) -> Bridge:
    name = element.findtext("name") or ""
    return Bridge(
        place=place,
        name=name,
        resource=name,
        title=element.findtext("title") or "",
        segment=segment,
        gateway=_get(element, "ip", "address"),
        prefix=int(_get(element, "ip", "prefix") or 0),
        mac=_get(element, "mac", "address"),
        mtu=int(_get(element, "mtu", "size") or 0),
        options=tuple(item.get("value", "") for item in element.iterfind(f"{{{DNSMASQ}}}options/{{{DNSMASQ}}}option")),
        active=active,
    )


def _get(element: etree._Element, path: str, name: str) -> str:
    found = element.find(path)
    return found.get(name, "") if found is not None else ""


def _reservations(place: str, element: etree._Element) -> Iterator[Reservation]:
    network = element.findtext("name") or ""
    for host in element.iterfind("ip/dhcp/host"):
        owner = host.get("name", "")[:ID_LENGTH]
        mac, address = host.get("mac", ""), host.get("ip", "")
        yield Reservation(place=place, name=mac, resource=owner, network=network, address=address)


def make_bridge(connection: Connection, bridge: Bridge) -> None:
    """Define a network, or define it anew, and start it. Raises Conflict for a stranger, Refused if guests use it."""
    found = _ours(connection, bridge.name)
    kept = _kept(found) if found else ""
    if found and found.isActive():
        if _used(found):
            raise Refused(
                f"network {bridge.title} on host {connection.place} is in use by guests there, and libvirt changes "
                "gateway, MTU and DHCP's options of a network only without any; stop them and run this again"
            )
        found.destroy()
    defined = connection.libvirt.networkDefineXML(_template().render(bridge=bridge, kept=kept))
    defined.setAutostart(True)
    if not defined.isActive():
        defined.create()


def _kept(network: libvirt.virNetwork) -> str:
    """The reservations that it has, as XML."""
    hosts = etree.fromstring(network.XMLDesc(), _PARSER).iterfind("ip/dhcp/host")
    return "".join(etree.tostring(host, encoding="unicode", with_tail=False) for host in hosts)


def _used(network: libvirt.virNetwork) -> bool:
    return bool(network.listAllPorts())


def drop_bridge(connection: Connection, name: str) -> None:
    """Stop a network and forget it."""
    found = _ours(connection, name)
    if found:
        if found.isActive():
            found.destroy()
        found.undefine()


def put_reservation(connection: Connection, reservation: Reservation) -> None:
    """Reserve an address; DHCP takes it over at once."""
    drop_reservation(connection, reservation)
    found = _ours(connection, reservation.network)
    if found is None:
        raise Refused(f"network {reservation.network} is not on host {connection.place}; run this again")
    _update(found, libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, _host_xml(reservation))


def drop_reservation(connection: Connection, reservation: Reservation) -> None:
    """Free an address."""
    found = _ours(connection, reservation.network)
    element = etree.fromstring(found.XMLDesc(), _PARSER) if found else None
    for host in element.iterfind("ip/dhcp/host") if element is not None else ():
        if reservation.name == host.get("mac") and found:
            xml = etree.tostring(host, encoding="unicode", with_tail=False)
            _update(found, libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE, xml)


def _update(network: libvirt.virNetwork, command: int, xml: str) -> None:
    sides = _BOTH if network.isActive() else libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG
    network.update(command, libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST, -1, xml, sides)


def _host_xml(reservation: Reservation) -> str:
    """Its name is a host's for DHCP, and tells us whose it is."""
    name = f"{reservation.resource}-{reservation.name.replace(':', '')[-6:]}"
    host = etree.Element("host", mac=reservation.name, ip=reservation.address, name=name)
    return etree.tostring(host, encoding="unicode")


def _ours(connection: Connection, name: str) -> libvirt.virNetwork | None:
    """The network, if it is there. Raises Conflict if it is there and not ours."""
    try:
        found = connection.libvirt.networkLookupByName(name)
    except libvirt.libvirtError as error:
        if is_code(error, libvirt.VIR_ERR_NO_NETWORK):
            return None
        raise
    if etree.fromstring(found.XMLDesc(), _PARSER).find(f"metadata/{{{MARK}}}network") is None:
        raise Conflict(f"host {connection.place} has a libvirt network {name} that is not ours; rename that one")
    return found
