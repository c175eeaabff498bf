# SPDX-License-Identifier: Apache-2.0
"""libvirt's XML, out and in."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from stackwright.drivers.libvirt.objects import Disk, Domain, Nic, Volume, owner_of
from stackwright.drivers.libvirt.parsing import (
    DEFINITION_ONLY,
    RUNNING_ONLY,
    has_virtualisation,
    parse_capabilities,
    parse_devices,
    parse_domain,
    parse_reboots,
    parse_volume,
)
from stackwright.drivers.libvirt.xml import Host, disk_xml, domain_xml, mark_xml, nic_xml, upload_xml, volume_xml
from stackwright.engine.compare import compare

CASES = Path(__file__).with_name("cases")
ID = "8c2f4b0e-5d6a-4c1b-9a57-0d3c1b2a4f5e"
PORT = "6f6d488a-6f96-4e93-8a6b-a60a88de0371"
IMAGE = "530e6cc0-86b6-427b-a3af-4a5e5525516f_33fafcf6c8d9"
HOST = Host("qemu", "x86_64", "/var/lib/stackwright/volumes", "/var/log/stackwright/console")
ROOT = Disk("vda", f"{ID}_root", serial="8c2f4b0e-root")
DRIVE = Disk("sda", f"{ID}_config-0123456789ab.iso", cdrom=True)
NIC = Nic(PORT, "fa:16:3e:14:31:e5", 1400)
DOMAIN = Domain(
    place="compute1",
    name=ID,
    resource=ID,
    title="web",
    project="a-project",
    flavor="m1.tiny",
    vcpus=2,
    memory=512,
    disks=(ROOT, DRIVE),
    nics=(NIC,),
    power="running",
    reboots=3,
)
NASTY = "</title><script>&\"'$(reboot)`{{ 7 * 7 }}ü"


def case(name: str) -> str:
    return (CASES / name).read_text()


def seen(definition: str, running: str = "") -> Domain:
    found = parse_domain("compute1", "running", HOST, definition, running)
    assert found
    return found


def as_libvirt_tells(xml: str) -> str:
    """libvirt gives memory in KiB, whatever it was told in."""
    element = etree.fromstring(xml)
    memory = element.find("memory")
    assert memory is not None
    memory.text = str(int(memory.text or 0) * 1024)
    return etree.tostring(element, encoding="unicode")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"nics": (), "disks": (ROOT,)},
        {"nics": (NIC, Nic(ID, "fa:16:3e:00:00:01", 9000))},
        {"nics": (Nic(PORT, "fa:16:3e:14:31:e5", 1400, offload=False),)},
        {"nics": (Nic(PORT, "fa:16:3e:14:31:e5", 1400, network=ID, addresses=("10.0.0.5",)),)},
        {"nics": (Nic(PORT, "fa:16:3e:14:31:e5", 1400, network=ID),)},
        {"disks": (ROOT, Disk("vdb", f"{ID}_ephemeral", serial="8c2f4b0e-ephemeral"), DRIVE)},
        {"title": NASTY, "project": NASTY, "flavor": NASTY},
        {"vcpus": 512, "memory": 16, "reboots": 0},
    ],
)
def test_a_domain_comes_back_as_it_went_out(fields: dict[str, Any]) -> None:
    wanted = dataclasses.replace(DOMAIN, **fields)
    xml = as_libvirt_tells(domain_xml(wanted, HOST))
    assert seen(xml) == wanted
    assert compare([wanted], [seen(xml, xml)], {ID}) == []


def test_a_container_comes_back_as_it_went_out() -> None:
    host = dataclasses.replace(HOST, domain_type="lxc")
    mounted = (Disk("/", f"{ID}_root"), Disk("/var/lib/cloud/seed/config_drive", DRIVE.volume, cdrom=True))
    wanted = dataclasses.replace(DOMAIN, disks=mounted, title=NASTY)
    written = domain_xml(wanted, host)
    assert seen(as_libvirt_tells(written)) == wanted
    element = etree.fromstring(written)
    assert (element.get("type"), element.findtext("os/type"), element.findtext("os/init")) == (
        "lxc",
        "exe",
        "/sbin/init",
    )
    assert [mount.find("readonly") is not None for mount in element.iterfind("devices/filesystem")] == [False, True]


@pytest.mark.parametrize("domain_type", ["qemu", "kvm"])
def test_a_domain_is_written_so(domain_type: str) -> None:
    host = dataclasses.replace(HOST, domain_type=domain_type)
    written = etree.canonicalize(domain_xml(DOMAIN, host), strip_text=True)
    assert written == etree.canonicalize(case(f"domain-{domain_type}.xml"), strip_text=True)


def test_there_is_room_to_plug_devices_in() -> None:
    def ports(domain: Domain) -> int:
        return domain_xml(domain, HOST).count("pcie-root-port")

    assert ports(DOMAIN) >= 8 + len(("scsi", "root", "nic", "rng", "balloon"))
    assert ports(dataclasses.replace(DOMAIN, nics=(NIC, NIC, NIC))) == ports(DOMAIN) + 2


def test_what_libvirt_tells_of_a_running_guest_is_understood() -> None:
    found = seen(case("definition.xml"), case("running.xml"))
    assert (found.title, found.vcpus, found.memory, found.reboots) == ("web", 1, 192, 0)
    assert found.nics == (NIC,)
    assert [(disk.target, disk.volume, disk.cdrom, disk.held) for disk in found.disks] == [
        ("vda", f"{ID}_root", False, ""),
        ("sda", f"{ID}_config-afb6f9616e3c.iso", True, ""),
    ]


def test_a_device_on_one_side_alone_is_told() -> None:
    with_nic = as_libvirt_tells(domain_xml(DOMAIN, HOST))
    without = as_libvirt_tells(domain_xml(dataclasses.replace(DOMAIN, nics=()), HOST))
    assert seen(with_nic, without).nics == (dataclasses.replace(NIC, held=DEFINITION_ONLY),)
    assert seen(without, with_nic).nics == (dataclasses.replace(NIC, held=RUNNING_ONLY),)
    [change] = compare([DOMAIN], [seen(with_nic, without)], {ID})
    assert change.fields == {"nics"}


def test_a_guest_without_a_definition_is_told() -> None:
    [change] = compare([DOMAIN], [seen("", as_libvirt_tells(domain_xml(DOMAIN, HOST)))], {ID})
    assert change.fields == {"defined"}


@pytest.mark.parametrize("name", ["foreign.xml", "foreign-mark.xml"])
def test_a_guest_without_our_mark_is_not_ours(name: str) -> None:
    assert parse_domain("compute1", "running", HOST, case(name), "") is None


def test_devices_that_others_plugged_in_are_told_by_what_they_are() -> None:
    found = parse_devices(case("plugged-by-hand.xml"), HOST)
    assert [disk.volume for disk in found.disks] == ["/srv/other.qcow2", "rbd rbd/volume", ""]
    assert list(found.nics) == [Nic("", "52:54:00:00:00:01", 0), Nic("", "52:54:00:00:00:02", 0)]


def test_entities_are_not_expanded() -> None:
    assert "root:" not in repr(parse_domain("compute1", "running", HOST, case("entity.xml"), ""))


def test_parts_are_written_so() -> None:
    assert parse_devices(f"<domain><devices>{disk_xml(ROOT, HOST)}</devices></domain>", HOST).disks.keys() == {ROOT}
    assert parse_devices(f"<domain><devices>{nic_xml(NIC)}</devices></domain>", HOST).nics.keys() == {NIC}
    assert 'cache="writeback"' in disk_xml(ROOT, HOST)
    assert "readonly" in disk_xml(DRIVE, HOST)
    assert parse_reboots(mark_xml(DOMAIN)) == 3


@pytest.mark.parametrize("backing", ["", IMAGE])
def test_a_disk_comes_back_as_it_went_out(backing: str) -> None:
    wanted = Volume(
        place="compute1",
        name=f"{ID}_root",
        resource=ID,
        capacity=10 * 1024**3,
        backing=backing,
        backing_format="raw" if backing else "",
    )
    assert parse_volume("compute1", volume_xml(wanted, HOST), HOST) == wanted


def test_a_file_that_is_no_disk_yet_is_unfinished() -> None:
    found = parse_volume("compute1", upload_xml(f"{ID}_root"), HOST)
    assert (found.resource, found.complete, found.capacity) == (ID, False, 0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"{ID}_root", ("Volume", ID)),
        (f"{ID}_root-12", ("Volume", ID)),
        (f"{ID}_ephemeral", ("Volume", ID)),
        (f"{ID}_config-0123456789ab.iso", ("ConfigDrive", ID)),
        (f"{ID}_0123456789ab", ("ImageCopy", ID)),
        (f"{ID}_root.bak", None),
        (f"{ID}_root-0", None),
        (f"{ID}_ephemeral-1", None),
        (f"{ID}_snapshot", None),
        (f"x{ID}_root", None),
        (f"{ID.upper()}_root", None),
        ("debian-12.qcow2", None),
        ("", None),
    ],
)
def test_volumes_are_known_by_their_names(name: str, expected: tuple[str, str] | None) -> None:
    assert owner_of(name) == expected


def test_capabilities_are_understood() -> None:
    arch, offers_kvm, cpu = parse_capabilities(case("capabilities.xml"))
    assert (arch, offers_kvm) == ("x86_64", True)
    assert not has_virtualisation(cpu)
    assert has_virtualisation("<cpu><feature name='svm'/></cpu>")


def test_disks_of_containers_are_raw() -> None:
    host = dataclasses.replace(HOST, domain_type="lxc")
    wanted = Volume(place="compute1", name=f"{ID}_root", resource=ID, capacity=2**30, content=IMAGE)
    assert compare([wanted], [parse_volume("compute1", volume_xml(wanted, host), host)], {ID}) == []
    assert not parse_volume("compute1", volume_xml(wanted, HOST), host).complete
