# SPDX-License-Identifier: Apache-2.0
"""What an instance becomes on its host."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from stackwright.drivers.libvirt.objects import ConfigDrive, Disk, Domain, Hypervisor, ImageCopy, Nic, Object, Volume
from stackwright.engine.compare import compare
from stackwright.engine.objects import Identity
from stackwright.engine.resource import Resource
from stackwright.render.configdrive import files, host_name
from stackwright.render.libvirt import RENDER

GIB = 1024**3


def uid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def resource(number: int, kind: str, spec: Mapping[str, Any], **fields: Any) -> Resource:
    common = {"project": uid(99), "owner": "", "key": f"{kind}-{number}", "name": f"{kind}-{number}"}
    return Resource(id=uid(number), kind=kind, spec=spec, **{**common, **fields})


IMAGE = resource(
    1,
    "image",
    {"checksum": "0123456789ab" + "c" * 52, "disk_format": "raw", "size": 4096, "virtual_size": 4096},
)
FLAVOR = resource(2, "flavor", {"vcpus": 1, "ram": 512, "disk": 1})
KEYPAIR = resource(3, "keypair", {"public_key": "ssh-ed25519 AAAA someone"})
NETWORK = resource(4, "network", {})
SUBNET = resource(
    5,
    "subnet",
    {
        "network": uid(4),
        "cidr": "10.0.0.0/24",
        "enable_dhcp": False,
        "dns_nameservers": ["10.0.0.2"],
        "host_routes": [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.3"}],
    },
    attributes={"gateway_ip": "10.0.0.1"},
)
PORT = resource(
    6, "port", {"network": uid(4)}, attributes={"addresses": [{"subnet": uid(5), "ip_address": "10.0.0.7"}]}
)
INSTANCE = resource(
    7,
    "instance",
    {
        "image": uid(1),
        "flavor": uid(2),
        "keypair": uid(3),
        "networks": [{"port": uid(6)}],
        "metadata": {"role": "web"},
        "user_data": "#!/bin/sh\n",
    },
    name="Web <1>",
    host="compute1",
    attributes={
        "nics": [{"port": uid(6), "mac_address": "fa:16:3e:00:00:01", "mtu": 1400}],
        "vcpus": 1,
        "ram": 512,
        "root_gib": 1,
        "ephemeral_gib": 0,
        "started": False,
    },
)


@dataclass(frozen=True)
class Known:
    """A view of these resources."""

    resources: tuple[Resource, ...] = (IMAGE, FLAVOR, KEYPAIR, NETWORK, SUBNET, PORT)
    domain_type: str = "qemu"

    def host(self, name: str) -> Resource:
        spec = {"uri": "qemu:///system", "checksum_offload": self.domain_type != "lxc"}
        return resource(11, "host", spec, name=name, attributes={"domain_type": self.domain_type})

    def get(self, resource_id: str) -> Resource:
        return next(item for item in self.resources if item.id == resource_id)

    def children(self, owner: str, kind: str) -> list[Resource]:
        return []


def rendered(item: Resource, view: Known | None = None) -> dict[str, Any]:
    """By type name; of the volumes the last."""
    return {type(found).__name__: found for found in RENDER[item.kind](item, view or Known())}


def with_spec(item: Resource, **fields: Any) -> Resource:
    return dataclasses.replace(item, spec={**item.spec, **fields})


def with_attributes(item: Resource, **fields: Any) -> Resource:
    return dataclasses.replace(item, attributes={**item.attributes, **fields})


def test_an_instance_is_a_domain_and_its_volumes() -> None:
    found = rendered(INSTANCE)
    about = {"source": IMAGE.spec["checksum"], "title": IMAGE.name}
    copy = ImageCopy(place="compute1", name=f"{uid(1)}_0123456789ab", resource=uid(1), **about)
    drive = found["ConfigDrive"]
    assert found == {
        "ImageCopy": copy,
        "Volume": Volume(
            place="compute1",
            name=f"{uid(7)}_root",
            resource=uid(7),
            capacity=GIB,
            backing=copy.name,
            backing_format="raw",
        ),
        "ConfigDrive": ConfigDrive(place="compute1", name=drive.name, resource=uid(7), files=drive.files),
        "Domain": Domain(
            place="compute1",
            name=uid(7),
            resource=uid(7),
            title="Web <1>",
            project=uid(99),
            flavor="flavor-2",
            vcpus=1,
            memory=512,
            disks=(Disk("vda", f"{uid(7)}_root", "00000000-root"), Disk("sda", drive.name, cdrom=True)),
            nics=(Nic(uid(6), "fa:16:3e:00:00:01", 1400),),
            power="running",
        ),
    }


def test_a_domain_needs_its_volumes_and_ports() -> None:
    found = rendered(INSTANCE)
    assert set(found["Domain"].needs()) == {
        Identity("Volume", "compute1", f"{uid(7)}_root"),
        found["ConfigDrive"].identity,
        Identity("SwitchPort", "", uid(6)),
    }
    assert list(found["Volume"].needs()) == [found["ImageCopy"].identity]


def test_an_ephemeral_disk_starts_empty() -> None:
    found = rendered(with_attributes(INSTANCE, ephemeral_gib=3))
    assert (found["Volume"].capacity, found["Volume"].backing) == (3 * GIB, "")
    assert found["Domain"].disks[1] == Disk("vdb", f"{uid(7)}_ephemeral", "00000000-ephemeral")
    assert len(found["Domain"].disks[1].serial) <= 20


def test_without_a_config_drive_there_is_no_drive() -> None:
    found = rendered(with_spec(INSTANCE, config_drive=False))
    assert "ConfigDrive" not in found
    assert [disk.target for disk in found["Domain"].disks] == ["vda"]


@pytest.mark.parametrize(
    ("power", "started", "wanted", "left_alone"),
    [
        (None, False, "running", {"running"}),
        (None, True, "as_is", {"running", "paused", "stopped"}),
        ("stopped", False, "stopped", {"stopped", "lost"}),
        ("stopped", True, "stopped", {"stopped", "lost"}),
        ("running", True, "running", {"running"}),
    ],
)
def test_power_is_changed_only_when_asked(power: str | None, started: bool, wanted: str, left_alone: set[str]) -> None:
    domain = rendered(with_attributes(with_spec(INSTANCE, power=power), started=started))["Domain"]
    assert domain.power == wanted
    seen = {state: dataclasses.replace(domain, power=state) for state in ("running", "paused", "stopped", "lost")}
    assert {state for state, item in seen.items() if not compare([domain], [item], ())} == left_alone


def change_of(desired: Object, **found: Any) -> tuple[str, str] | None:
    """(action, what would be lost) where this was found instead."""
    changes = compare([desired], [dataclasses.replace(desired, **found)], ())
    return (str(changes[0].action), changes[0].loses) if changes else None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, None),
        ({"capacity": GIB // 2}, ("update", "")),
        ({"capacity": 2 * GIB}, ("update", "its disk's content (from 2 to 1 GiB)")),
        ({"backing": f"{uid(8)}_0123456789ab"}, ("replace", "its disk's content (it would start from another image)")),
        ({"backing": ""}, None),
        ({"complete": False, "capacity": 0, "backing": ""}, ("update", "")),
    ],
)
def test_what_becomes_of_a_disk(found: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert change_of(rendered(INSTANCE)["Volume"], **found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"resource": ""}, None),
        ({"reboots": 0}, None),
        ({"reboots": -1}, ("update", "")),
        ({"disks": ()}, ("update", "")),
        ({"vcpus": 2}, ("update", "")),
    ],
)
def test_what_becomes_of_a_domain(found: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert change_of(rendered(INSTANCE)["Domain"], **found) == expected


def test_the_order_of_devices_does_not_matter() -> None:
    domain = rendered(INSTANCE)["Domain"]
    nics = (*domain.nics, Nic(uid(8), "fa:16:3e:00:00:02", 1400))
    assert change_of(dataclasses.replace(domain, nics=nics), nics=nics[::-1], disks=domain.disks[::-1]) is None


def test_a_host_is_only_asked() -> None:
    host = resource(9, "host", {"uri": "qemu+tls://compute1/system"}, name="compute1")
    [found] = RENDER["host"](host, Known())
    assert isinstance(found, Hypervisor)
    assert (found.place, found.uri, found.facts()) == ("compute1", "qemu+tls://compute1/system", {})
    learned = dataclasses.replace(found, resource="", vcpus=4, ram=8192, disk=100)
    assert compare([found], [learned], ()) == []
    assert learned.facts()["ram"] == 8192


def test_an_image_is_nowhere_until_it_is_needed() -> None:
    assert list(RENDER["image"](IMAGE, Known())) == []


def drive(item: Resource, view: Known | None = None) -> dict[str, Any]:
    content = dict(files(item, view or Known()))
    return {
        "meta_data": json.loads(content["openstack/latest/meta_data.json"]),
        "network_data": json.loads(content["openstack/latest/network_data.json"]),
        "user_data": content.get("openstack/latest/user_data"),
    }


def test_the_config_drive_tells_the_guest_who_it_is() -> None:
    found = drive(INSTANCE)
    assert found["user_data"] == "#!/bin/sh\n"
    assert found["meta_data"] == {
        "uuid": uid(7),
        "name": "Web <1>",
        "hostname": "web-1",
        "project_id": uid(99),
        "availability_zone": "nova",
        "launch_index": 0,
        "public_keys": {"keypair-3": "ssh-ed25519 AAAA someone"},
        "keys": [{"name": "keypair-3", "type": "ssh", "data": "ssh-ed25519 AAAA someone"}],
        "meta": {"role": "web"},
    }


def test_the_guest_is_called_what_was_asked_for() -> None:
    assert drive(with_spec(INSTANCE, hostname="www.example.org"))["meta_data"]["hostname"] == "www.example.org"


def test_files_for_the_guest_are_listed_and_there_once() -> None:
    texts = {"/etc/motd": "hello\n", "/etc/empty": "", "/root/ü": "ü"}
    instance = with_spec(INSTANCE, personality=texts)
    content = dict(files(instance, Known()))
    listed = drive(instance)["meta_data"]["files"]
    assert [item["path"] for item in listed] == sorted(texts)
    assert {item["path"]: content[f"openstack{item['content_path']}"] for item in listed} == texts
    assert [path for path in content if "/content/" in path] == [f"openstack/content/000{n}" for n in range(3)]
    assert files(with_spec(INSTANCE, personality=dict(reversed(texts.items()))), Known()) == files(instance, Known())


def test_the_config_drive_tells_static_addresses() -> None:
    assert drive(INSTANCE)["network_data"] == {
        "links": [
            {
                "id": "tap00000000-00",
                "vif_id": uid(6),
                "type": "ovs",
                "mtu": 1400,
                "ethernet_mac_address": "fa:16:3e:00:00:01",
            }
        ],
        "networks": [
            {
                "id": "network0",
                "type": "ipv4",
                "link": "tap00000000-00",
                "network_id": uid(4),
                "ip_address": "10.0.0.7",
                "netmask": "255.255.255.0",
                "routes": [
                    {"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "10.0.0.1"},
                    {"network": "10.9.0.0", "netmask": "255.255.0.0", "gateway": "10.0.0.3"},
                ],
            }
        ],
        "services": [{"type": "dns", "address": "10.0.0.2"}],
    }


def test_where_dhcp_answers_the_guest_asks_it() -> None:
    view = Known((*(item for item in Known().resources if item is not SUBNET), with_spec(SUBNET, enable_dhcp=True)))
    assert drive(INSTANCE, view)["network_data"]["networks"] == [
        {"id": "network0", "type": "ipv4_dhcp", "link": "tap00000000-00", "network_id": uid(4)}
    ]


def test_every_version_holds_the_same() -> None:
    content = dict(files(INSTANCE, Known()))
    latest = {path.split("/")[-1]: text for path, text in content.items() if "/latest/" in path}
    dated = {path.split("/")[-1]: text for path, text in content.items() if "/2018-08-27/" in path}
    assert latest == dated
    assert len(latest) == 3


def test_other_content_is_another_drive_and_the_same_is_the_same() -> None:
    names = [
        rendered(item)["ConfigDrive"].name
        for item in (
            INSTANCE,
            INSTANCE,
            with_spec(INSTANCE, metadata={"role": "db"}),
            with_spec(INSTANCE, user_data=""),
        )
    ]
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_what_is_on_the_drive_is_never_shown() -> None:
    assert "someone" not in str(rendered(INSTANCE)["ConfigDrive"].describe())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web", "web"),
        ("Web 1", "web-1"),
        ("a.b_c", "a-b-c"),
        ("---", "instance"),
        ("ü", "instance"),
        ("x" * 99, "x" * 63),
    ],
)
def test_host_names_are_ones(name: str, expected: str) -> None:
    assert host_name(name) == expected


def test_an_instance_on_a_host_of_containers_is_one() -> None:
    found = rendered(INSTANCE, Known(domain_type="lxc"))
    root, drive, domain = found["Volume"], found["ConfigDrive"], found["Domain"]
    assert (root.content, root.backing) == (found["ImageCopy"].name, "")
    assert all(len(f"/srv/sw/{volume.name}") < 64 for volume in (root, drive)), "the kernel takes no longer paths"
    assert domain.disks == (Disk("/", root.name), Disk("/var/lib/cloud/seed/config_drive", drive.name, cdrom=True))
    assert [nic.offload for nic in domain.nics] == [True]
