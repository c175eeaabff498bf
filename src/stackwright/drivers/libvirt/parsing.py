# SPDX-License-Identifier: Apache-2.0
"""libvirt's XML as values. Elements that libvirt fills in by itself are not looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from lxml import etree

from stackwright.drivers.libvirt.objects import AdoptedDomain, Disk, Domain, Nic, Power, Volume, owner_of
from stackwright.drivers.libvirt.xml import ALIAS, BRIDGE, NAMESPACE, Host

RUNNING_ONLY = "running guest only"
DEFINITION_ONLY = "definition only"

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)


def _parse(xml: str) -> etree._Element:
    return etree.fromstring(xml, _PARSER)


def _mark(domain: etree._Element) -> etree._Element | None:
    return domain.find(f"metadata/{{{NAMESPACE}}}instance")


@dataclass(frozen=True, slots=True)
class Devices:
    """What is plugged in, in one of a guest's two descriptions: each with its own XML."""

    disks: dict[Disk, str]
    nics: dict[Nic, str]


def parse_devices(xml: str, host: Host) -> Devices:
    """The disks and network cards of a running guest, or of a definition."""
    return _devices(_parse(xml), host)


def _devices(domain: etree._Element, host: Host) -> Devices:
    return Devices(
        {_disk(element, host): _text(element) for element in domain.iterfind("devices/disk")}
        | {_mount(element, host): _text(element) for element in domain.iterfind("devices/filesystem")},
        {_nic(element): _text(element) for element in domain.iterfind("devices/interface")},
    )


def _text(element: etree._Element) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)


def _disk(element: etree._Element, host: Host) -> Disk:
    return Disk(
        target=_get(element, "target", "dev"),
        volume=host.volume_at(_source(element.find("source"))),
        serial=element.findtext("serial") or "",
        cdrom=element.get("device") == "cdrom",
    )


def _mount(element: etree._Element, host: Host) -> Disk:
    """What a container has in place of a disk."""
    return Disk(
        target=_get(element, "target", "dir"),
        volume=host.volume_at(_source(element.find("source"))),
        cdrom=element.find("readonly") is not None,
    )


def _source(element: etree._Element | None) -> str:
    """A file's path; of what is no file, its attributes, which is enough to see that it is not ours."""
    if element is None:
        return ""
    return element.get("file") or " ".join(str(value) for value in element.attrib.values())


def _nic(element: etree._Element) -> Nic:
    on_bridge = _get(element, "source", "bridge") == BRIDGE
    alias = _get(element, "alias", "name")
    in_network = _get(element, "source", "network") if alias.startswith(ALIAS) else ""
    interface_id = _get(element, "virtualport/parameters", "interfaceid") if on_bridge else ""
    allowed = element.iterfind("filterref[@filter='clean-traffic']/parameter[@name='IP']")
    return Nic(
        port=alias.removeprefix(ALIAS) if in_network else interface_id,
        network=in_network,
        addresses=tuple(item.get("value", "") for item in allowed) if in_network else (),
        mac=_get(element, "mac", "address"),
        mtu=int(_get(element, "mtu", "size") or 0),
        offload=_get(element, "driver/host", "csum") != "off",
    )


def _get(element: etree._Element, path: str, name: str) -> str:
    found = element.find(path)
    return found.get(name, "") if found is not None else ""


def parse_domain(place: str, power: Power, host: Host, definition: str, running: str) -> Domain | None:
    """A guest out of its definition and, where it runs, what runs; either may be ''. None if it is not ours."""
    main = _parse(definition or running)
    mark = _mark(main)
    if mark is None:
        return None
    first = _devices(main, host)
    second = _devices(_parse(running), host) if definition and running else first
    name = main.findtext("uuid") or ""
    return Domain(
        place=place,
        name=name,
        resource=name,
        title=main.findtext("title") or "",
        project=mark.get("project", ""),
        flavor=mark.get("flavor", ""),
        vcpus=int(main.findtext("vcpu") or 0),
        memory=int(main.findtext("memory") or 0) // 1024,
        disks=tuple(_merged(first.disks, second.disks)),
        nics=tuple(_merged(first.nics, second.nics)),
        power=power,
        reboots=int(mark.get("reboots", "0")),
        rebuilds=int(mark.get("rebuilds", "0")),
        defined=bool(definition),
    )


def parse_adopted(place: str, power: Power, xml: str) -> AdoptedDomain | None:
    """A guest that others made and that was adopted. None for every other."""
    main = _parse(xml)
    mark = _mark(main)
    if mark is None or not mark.get("adopted"):
        return None
    name = main.findtext("uuid") or ""
    return AdoptedDomain(
        place=place,
        name=name,
        resource=name,
        called=main.findtext("name") or "",
        project=mark.get("project", ""),
        power=power,
        reboots=int(mark.get("reboots", "0")),
    )


def parse_is_adopted(mark: str) -> bool:
    """Whether a guest was adopted, by the mark that libvirt keeps for us."""
    return bool(_parse(mark).get("adopted"))


def parse_foreign(xml: str) -> dict[str, Any]:
    """What is remembered of a guest that others made; see `kinds.compute.adopt.Adopted`."""
    main = _parse(xml)
    return {
        "id": main.findtext("uuid") or "",
        "vcpus": int(main.findtext("vcpu") or 1),
        "ram": int(main.findtext("memory") or 0) // 1024,
        "disks": [
            {"target": _get(element, "target", "dev"), "source": _source(element.find("source"))}
            for element in main.iterfind("devices/disk")
        ],
        "nics": [
            {"mac_address": _get(element, "mac", "address"), "source": _source(element.find("source"))}
            for element in main.iterfind("devices/interface")
        ],
    }


_Device = TypeVar("_Device", Disk, Nic)


def _merged(definition: Iterable[_Device], running: Iterable[_Device]) -> list[_Device]:
    """Every device once; one that only one side has says so."""
    both = [item for item in definition if item in running]
    only = [replace(item, held=DEFINITION_ONLY) for item in definition if item not in running]
    return both + only + [replace(item, held=RUNNING_ONLY) for item in running if item not in definition]


def parse_reboots(mark: str) -> int:
    """How often a guest was rebooted on demand, by the mark that libvirt keeps for us."""
    return int(_parse(mark).get("reboots", "0"))


def parse_volume(place: str, xml: str, host: Host) -> Volume:
    """A disk of ours. It has its format as soon as it is whole."""
    element = _parse(xml)
    name = element.findtext("name") or ""
    whole = _get(element, "target/format", "type") == host.disk_format
    return Volume(
        place=place,
        name=name,
        resource=(owner_of(name) or ("", ""))[1],
        capacity=int(element.findtext("capacity") or 0) if whole else 0,
        backing=host.volume_at(element.findtext("backingStore/path") or ""),
        backing_format=_get(element, "backingStore/format", "type"),
        complete=whole,
    )


def parse_modified(xml: str) -> float:
    """When a volume was last written to, in seconds since 1970."""
    return float(_parse(xml).findtext("target/timestamps/mtime") or 0)


def parse_pool_path(xml: str) -> str:
    """Directory of a storage pool."""
    return _parse(xml).findtext("target/path") or ""


def parse_capabilities(xml: str) -> tuple[str, bool, str]:
    """(architecture, whether KVM is offered, the CPU's own XML) of a host."""
    element = _parse(xml)
    arch = element.findtext("host/cpu/arch") or ""
    offers = element.find(f"guest/arch[@name='{arch}']/domain[@type='kvm']") is not None
    cpu = element.find("host/cpu")
    return arch, offers, _text(cpu) if cpu is not None else ""


def has_virtualisation(cpu: str) -> bool:
    """Whether an expanded CPU description has Intel's or AMD's virtualisation."""
    return any(feature.get("name") in ("vmx", "svm") for feature in _parse(cpu).iterfind("feature"))
