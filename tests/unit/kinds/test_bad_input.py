# SPDX-License-Identifier: Apache-2.0
"""Bad input: one sentence that names the thing and the way out, and nothing half-done."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import IMAGE, Sandbox, portrait, request, server
from stackwright.engine.errors import InvalidInput, StackwrightError
from stackwright.engine.resource import Wish


def _pool(start: str, end: str) -> dict[str, Any]:
    return {"network": "other", "cidr": "10.1.0.0/24", "allocation_pools": [{"start": start, "end": end}]}


def _rule(**rule: Any) -> dict[str, Any]:
    return {"rules": [rule]}


SERVER = {"image": "guest", "flavor": "m1.tiny", "networks": ["net"]}
CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown option with a near name": (
        "subnet",
        {"network": "net", "cider": "10.1.0.0/24"},
        "subnet x: unknown option cider; did you mean cidr?",
    ),
    "unknown option": (
        "project",
        {"colour": "red"},
        "project x: unknown option colour; known are: description, enabled",
    ),
    "unknown option of a nested one": (
        "security_group",
        _rule(portocol="tcp"),
        "security_group x: unknown option rules.0.portocol; did you mean protocol?",
    ),
    "missing option": ("subnet", {"network": "net"}, "subnet x: option cidr is missing"),
    "empty option": ("instance", {"image": "", "flavor": "1"}, "option image: names no image; give a name or an id"),
    "host name with an underscore": (
        "instance",
        {**SERVER, "hostname": "web_1"},
        "option hostname: web_1 is no host name",
    ),
    "host name that is too long": (
        "instance",
        {**SERVER, "hostname": "a." * 127 + "b"},
        "is no host name; use letters",
    ),
    "tag with a comma": ("instance", {**SERVER, "tags": ["a", "b,c"]}, "option tags.1: 'b,c' is no tag; use 1 to 60"),
    "empty tag": ("instance", {**SERVER, "tags": [""]}, "option tags.0: '' is no tag"),
    "file without a folder": (
        "instance",
        {**SERVER, "personality": {"motd": ""}},
        "'motd' is no absolute path of a file",
    ),
    "file that is a folder": ("instance", {**SERVER, "personality": {"/etc/": ""}}, "'/etc/' is no absolute path"),
    "file that climbs": ("instance", {**SERVER, "personality": {"/a/../b": ""}}, "'/a/../b' is no absolute path"),
    "files without a drive": (
        "instance",
        {**SERVER, "personality": {"/etc/motd": ""}, "config_drive": False},
        "instance x: personality needs the config drive; keep that, or leave the files out",
    ),
    "server group without a policy": ("server_group", {}, "server_group x: option policy is missing"),
    "server group with an unknown policy": ("server_group", {"policy": "near"}, "server_group x: option policy: "),
    "server group with a number that has no meaning": (
        "server_group",
        {"policy": "soft-anti-affinity", "max_server_per_host": 2},
        "server_group x: max_server_per_host goes with policy anti-affinity alone; leave it out of a new group",
    ),
    "wrong CIDR": (
        "subnet",
        {"network": "other", "cidr": "10.1.0.0/33"},
        "subnet x: option cidr: 10.1.0.0/33 is not an IPv4 network",
    ),
    "CIDR with host bits": ("subnet", {"network": "other", "cidr": "10.1.0.1/24"}, "write it like 10.0.0.0/24"),
    "CIDR of one host": (
        "subnet",
        {"network": "other", "cidr": "10.1.0.0/31"},
        "subnet x: 10.1.0.0/31 is too small; a /30 is the smallest",
    ),
    "overlapping subnets": (
        "subnet",
        {"network": "net", "cidr": "10.0.0.128/25"},
        "subnet x: 10.0.0.128/25 overlaps 10.0.0.0/24 of subnet sub on the same network; choose another range",
    ),
    "pool outside the subnet": (
        "subnet",
        _pool("10.1.0.10", "10.1.1.20"),
        "subnet x: 10.1.1.20 is no host of 10.1.0.0/24; choose one from 10.1.0.1 to 10.1.0.254",
    ),
    "pool with the broadcast address": ("subnet", _pool("10.1.0.10", "10.1.0.255"), "10.1.0.255 is no host of"),
    "pool upside down": (
        "subnet",
        _pool("10.1.0.20", "10.1.0.10"),
        "option allocation_pools.0: the pool's start 10.1.0.20 is above its end 10.1.0.10; swap them",
    ),
    "gateway outside the subnet": (
        "subnet",
        {"network": "other", "cidr": "10.1.0.0/24", "gateway_ip": "10.0.0.1"},
        "subnet x: 10.0.0.1 is no host of 10.1.0.0/24",
    ),
    "gateway that is no address": (
        "subnet",
        {"network": "other", "cidr": "10.1.0.0/24", "gateway_ip": "first"},
        "option gateway_ip: first is not an IPv4 address",
    ),
    "port with an address of another subnet": (
        "port",
        {"network": "net", "fixed_ips": [{"ip_address": "10.1.0.5"}]},
        "port x: 10.1.0.5 fits no subnet of its network (there is: sub 10.0.0.0/24)",
    ),
    "port on a subnet of another network": (
        "port",
        {"network": "net", "fixed_ips": [{"subnet": "public-subnet"}]},
        "port x: it names a subnet of another network (there is: sub 10.0.0.0/24)",
    ),
    "port with an address that is taken": (
        "port",
        {"network": "net", "fixed_ips": [{"ip_address": "10.0.0.1"}]},
        "port x: 10.0.0.1 is taken by router router; choose another or free it",
    ),
    "port with a wrong MAC": (
        "port",
        {"network": "net", "mac_address": "01:00:00:00:00:00"},
        "option mac_address: 01:00:00:00:00:00 is not a unicast MAC address; write it like fa:16:3e:12:34:56",
    ),
    "router leg outside its subnet": (
        "router",
        {"interfaces": [{"subnet": "sub", "ip_address": "10.7.0.9"}]},
        "router x: 10.7.0.9 is no host of 10.0.0.0/24, the range of subnet sub; choose another ip_address",
    ),
    "router leg that another router has": (
        "router",
        {"interfaces": ["sub"]},
        "router x: 10.0.0.1 is taken by router router; choose another or free it",
    ),
    "router with a leg twice": (
        "router",
        {"interfaces": ["sub", "sub"]},
        "router x joins subnet sub twice; one leg is enough",
    ),
    "router to an internal network": (
        "router",
        {"external_network": "net"},
        "router x: network net is not external; declare it with external: true",
    ),
    "router address outside the pool": (
        "router",
        {"external_network": "public", "external_ip": "172.24.4.7"},
        "router x: 172.24.4.7 is in no allocation pool of network public; choose one that is",
    ),
    "floating address outside the pool": (
        "floating_ip",
        {"network": "public", "floating_ip_address": "8.8.8.8"},
        "floating_ip x: 8.8.8.8 is in no allocation pool of network public; choose one that is",
    ),
    "floating IP of an internal network": ("floating_ip", {"network": "net"}, "network net is not external"),
    "floating IP without a way": (
        "instance",
        {"image": "guest", "flavor": "1", "networks": ["other"], "floating_ip": "public"},
        "no router with a gateway on public joins the subnet of port x-nic0",
    ),
    "rule with two remotes": (
        "security_group",
        _rule(remote_ip_prefix="10.0.0.0/8", remote_group="default"),
        "a rule has remote_ip_prefix or remote_group, not both; write two rules",
    ),
    "rule with ports and no protocol": (
        "security_group",
        _rule(port_range_min=80, port_range_max=80),
        "ports need a protocol; add protocol: tcp, udp or sctp",
    ),
    "rule with half a range": (
        "security_group",
        _rule(protocol="tcp", port_range_min=80),
        "a rule has both port_range_min and port_range_max, or neither",
    ),
    "rule with a range upside down": (
        "security_group",
        _rule(protocol="tcp", port_range_min=80, port_range_max=22),
        "port_range_min 80 is above port_range_max 22; swap them",
    ),
    "rule for IPv6 with an IPv4 range": (
        "security_group",
        _rule(ethertype="IPv6", remote_ip_prefix="0.0.0.0/0"),
        "remote_ip_prefix 0.0.0.0/0 is IPv4 and the rule is for IPv6; leave it out",
    ),
    "rule with an impossible ICMP type": (
        "security_group",
        _rule(protocol="icmp", port_range_min=256),
        "type and code of icmp go up to 255; mend port_range_min and port_range_max",
    ),
    "MTU that nothing fits into": ("network", {"mtu": 67}, "mtu 67 is too small for IPv4, which needs 68"),
    "rule with an impossible port": (
        "security_group",
        _rule(protocol="tcp", port_range_min=1, port_range_max=70000),
        "security_group x: option rules.0.port_range_max: Input should be less than or equal to 65535",
    ),
    "nic with network and port": (
        "instance",
        {"image": "guest", "flavor": "1", "networks": [{"network": "net", "port": "free"}]},
        "instance x: option networks.0: an entry of networks names a network or a port, and not both",
    ),
    "nic with neither": (
        "instance",
        {"image": "guest", "flavor": "1", "networks": [{}]},
        "names a network or a port, and not both",
    ),
    "image that needs a larger disk": (
        "instance",
        {"image": "large", "flavor": "m1.tiny", "networks": ["net"]},
        "instance x: image large needs a disk of 3 GiB and the flavor has 1 GiB; choose a larger flavor",
    ),
    "image that needs more memory": (
        "instance",
        {"image": "hungry", "flavor": "m1.tiny", "networks": ["net"]},
        "instance x: image hungry needs 1024 MiB of memory and the flavor has 512 MiB; choose a larger flavor",
    ),
    "no host in the zone": (
        "instance",
        {"image": "guest", "flavor": "1", "networks": ["net"], "availability_zone": "moon"},
        "instance x: no host can take it (host1: in zone nova, not moon; host2: in zone nova, not moon)",
    ),
    "keypair that is none": (
        "keypair",
        {"public_key": "ssh-rsa nonsense"},
        "keypair x: option public_key: is not one OpenSSH public key; give the content of a .pub file",
    ),
    "flavor without processors": (
        "flavor",
        {"vcpus": 0, "ram": 512},
        "flavor x: option vcpus: Input should be greater than or equal to 1",
    ),
    "VLAN without a physical network": (
        "network",
        {"provider_segmentation_id": 7},
        "provider_segmentation_id needs provider_physical_network",
    ),
    "image of an unknown format": ("image", {**IMAGE, "disk_format": "vmdk"}, "image x: option disk_format: Input"),
    "reference to nothing": (
        "port",
        {"network": "nowhere"},
        "port x: network nowhere does not exist; declare it first or mend the name",
    ),
}


@pytest.fixture
def filled(cloud: Sandbox) -> Sandbox:
    """With what the cases refer to."""
    images = [Wish("image", "large", spec={**IMAGE, "virtual_size": 3 * 1024**3 - 1})]
    images.append(Wish("image", "hungry", spec={**IMAGE, "min_ram": 1024}))
    others = [Wish("network", "other"), Wish("subnet", "lonely", spec={"network": "other", "cidr": "10.8.0.0/24"})]
    cloud.ensure(request(*images, *others, Wish("port", "free", spec={"network": "net"})))
    return cloud


def test_each_is_one_sentence_and_leaves_nothing_behind(filled: Sandbox) -> None:
    before = portrait(filled)
    wrong = {}
    for name, (kind, spec, words) in CASES.items():
        with pytest.raises(StackwrightError) as caught:
            filled.ensure(request(Wish("network", "dragged-along"), Wish(kind, "x", spec=spec)))
        sentence = str(caught.value)
        if words not in sentence or "\n" in sentence or "x" not in sentence:
            wrong[name] = f"{type(caught.value).__name__}: {sentence}"
    assert wrong == {}
    assert portrait(filled) == before


@pytest.mark.parametrize("name", ["", "new\nline", "nul\0", "esc\x1b[31m", "\u2028", "n" * 256])
def test_a_name_is_1_to_255_printable_characters(cloud: Sandbox, name: str) -> None:
    with pytest.raises(InvalidInput, match="a name has 1 to 255 printable characters; choose another"):
        cloud.wish("network", name)


@pytest.mark.parametrize("name", ["<name/>&amp;", "$(reboot); `id`", "a b", "ñandú", "'\"", "n" * 255])
def test_any_other_name_is_just_a_name(cloud: Sandbox, name: str) -> None:
    assert cloud.ensure(request(server(name))).errors == []
    assert cloud.one("instance", name).name == name
    assert not cloud.ensure(request(server(name))).changed


def test_a_wish_is_listed_once(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="network web is listed twice; keep one of them"):
        cloud.ensure(request(Wish("network", "web"), Wish("network", "web", present=False)))


def test_an_unknown_kind_says_which_there_are(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="unknown kind netwrok; known are: project, host, "):
        cloud.wish("netwrok", "web")


def test_an_unknown_project_is_named(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="project moon does not exist; declare it first"):
        cloud.ensure(request(Wish("network", "web"), project="moon"))
