# SPDX-License-Identifier: Apache-2.0
"""What the packet filter of a host without OVN lets pass: real packets between network namespaces, by the role's frame.

One namespace is the host. The others are two guests of one tenant and one of another, a machine on the management
network, and, beyond what stands for the VXLAN, a guest of the first tenant on another host.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

ROLE = Path(__file__).parents[3] / "collections/ansible_collections/stackwright/cloud/roles/legacy_network"
BRIDGES = {"sw-7": ("02:53:57:00:00:07", "10.0.7.1"), "sw-8": ("02:53:57:00:00:08", "10.0.8.1")}
HOST = BRIDGES["sw-7"][1]
# Name -> the host's end of the wire, its hardware address there, and the address at the other end.
WIRES = {
    "sender": ("vnet0", "fe:16:3e:00:00:05", "10.0.7.5"),
    "neighbour": ("vnet1", "fe:16:3e:00:00:06", "10.0.7.6"),
    "far": ("sx-7", "7a:00:00:00:00:07", "10.0.7.9"),
    "stranger": ("vnet2", "fe:16:3e:00:00:08", "10.0.8.8"),
    "management": ("eth0", "52:54:00:00:00:99", "10.99.0.2"),
}
# Waits for one datagram and says what it was; it says first when it can be sent.
LISTENER = """
import socket, sys
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("", int(sys.argv[1])))
join = socket.inet_aton("224.0.0.251") + socket.inet_aton(sys.argv[2])
listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, join)
print("ready", flush=True)
listener.settimeout(60)
print(listener.recv(100).decode(), flush=True)
"""
SENDER = """
import socket, sys
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[5].encode())
sender.bind(("", int(sys.argv[4])))
sender.sendto(sys.argv[3].encode(), (sys.argv[1], int(sys.argv[2])))
"""


class Lab:
    """The namespaces, which are called as the host or the guest with a prefix of their own."""

    def __init__(self) -> None:
        self.prefix = f"legacy-{uuid4().hex[:8]}"

    def run(self, name: str, *words: str, stdin: str = "") -> str:
        """What a command prints there."""
        whole = ["ip", "netns", "exec", f"{self.prefix}-{name}", *words]
        return subprocess.run(whole, input=stdin, check=True, capture_output=True, text=True).stdout

    def build(self) -> None:
        """A host with the bridges of two networks, and what is connected to it."""
        for name in ("host", *WIRES):
            subprocess.run(["ip", "netns", "add", f"{self.prefix}-{name}"], check=True)
        for key in ("net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables"):
            self.run("host", "sysctl", "-qw", f"{key}=1")
        self.run("host", "ip", "link", "set", "lo", "up")
        for bridge, (mac, address) in BRIDGES.items():
            self.run("host", "ip", "link", "add", bridge, "address", mac, "type", "bridge")
            self.run("host", "ip", "address", "add", f"{address}/24", "broadcast", "+", "dev", bridge)
            self.run("host", "ip", "link", "set", bridge, "up")
        for name in WIRES:
            self._connect(name)
        self.run("host", "ip", "address", "add", "10.99.0.1/24", "dev", "eth0")
        for words in ("route add unreachable default table 21335", "rule add fwmark 0x5357 lookup 21335 priority 1000"):
            self.run("host", "ip", *words.split())
        text = re.sub(r"\{#.*?#\}\n", "", (ROLE / "templates/legacy.nft.j2").read_text(), flags=re.DOTALL)
        frame = text.replace("{{ ansible_managed }}", "").replace("{{ legacy_network_flat_interface }}", "eth1")
        self.run("host", "nft", "-f", "-", stdin=frame)

    def _connect(self, name: str) -> None:
        device, mac, address = WIRES[name]
        peer = ["peer", "name", "eth0", "netns", f"{self.prefix}-{name}"]
        self.run("host", "ip", "link", "add", device, "address", mac, "type", "veth", *peer)
        bridge = next((item for item, (_, gateway) in BRIDGES.items() if gateway[:6] == address[:6]), "")
        self.run("host", "ip", "link", "set", device, *(["master", bridge] if bridge else []), "up")
        self.run(name, "ip", "address", "add", f"{address}/24", "broadcast", "+", "dev", "eth0")
        self.run(name, "ip", "link", "set", "eth0", "up")
        self.run(name, "ip", "route", "add", "default", "via", re.sub(r"\d+$", "1", address))

    def destroy(self) -> None:
        for name in ("host", *WIRES):
            subprocess.run(["ip", "netns", "delete", f"{self.prefix}-{name}"], check=False)

    def send(self, name: str, to: str, *, words: str = "sent", port: int = 9999, own_port: int = 0) -> None:
        device = "eth0" if name != "host" else ""
        self.run(name, sys.executable, "-c", SENDER, to, str(port), words, str(own_port), device)

    def first_heard(
        self, name: str, by: str, to: str, *, port: int = 9999, own_port: int = 0, after: str = "host"
    ) -> str:
        """What arrives there: what `by` sends, or else the "nothing" that `after` sends to it after that."""
        address = HOST if name == "host" else WIRES[name][2]
        command = ["ip", "netns", "exec", f"{self.prefix}-{name}", sys.executable, "-c", LISTENER, str(port), address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listener:
            assert listener.stdout
            assert listener.stdout.readline() == "ready\n"
            self.send(by, to, port=port, own_port=own_port)
            self.send(after, address, words="nothing", port=port)
            return listener.stdout.readline().strip()


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A host and its guests, none of which has a security group."""
    made = Lab()
    try:
        made.build()
        yield made
    finally:
        made.destroy()


@pytest.mark.parametrize("name", ["sender", "far"])
def test_a_guest_gets_nowhere_by_the_hardware_address_of_its_port(lab: Lab, name: str) -> None:
    lab.run(name, "ip", "neigh", "replace", HOST, "lladdr", WIRES[name][1], "dev", "eth0")
    assert lab.first_heard("management", name, WIRES["management"][2]) == "nothing"
    assert lab.first_heard("stranger", name, WIRES["stranger"][2]) == "nothing"


def test_the_gateway_leads_outside_alone(lab: Lab) -> None:
    """Where the external network would be, here, is what cannot be reached."""
    assert lab.first_heard("management", "sender", WIRES["management"][2]) == "nothing"
    assert lab.first_heard("stranger", "sender", WIRES["stranger"][2]) == "nothing"
    lab.run("host", "ip", "route", "replace", "10.99.0.0/24", "dev", "eth0", "table", "21335")
    assert lab.first_heard("management", "sender", WIRES["management"][2]) == "sent"


@pytest.mark.parametrize("name", ["neighbour", "far"])
def test_guests_of_one_network_reach_each_other(lab: Lab, name: str) -> None:
    assert lab.first_heard(name, "sender", WIRES[name][2]) == "sent"
    assert lab.first_heard("sender", name, WIRES["sender"][2]) == "sent"


def test_a_guest_asks_its_host_for_an_address(lab: Lab) -> None:
    assert lab.first_heard("host", "sender", "255.255.255.255", port=67, own_port=68) == "sent"


@pytest.mark.parametrize("address", ["255.255.255.255", "10.0.7.255", "224.0.0.251"])
@pytest.mark.parametrize("name", ["neighbour", "far"])
def test_what_is_for_everybody_passes_to_no_guest(lab: Lab, name: str, address: str) -> None:
    assert lab.first_heard(name, "sender", address, after="sender") == "nothing"
    assert lab.first_heard("sender", name, address, after=name) == "nothing"


@pytest.mark.parametrize("own_port", [67, 6767])
def test_no_guest_answers_for_an_address(lab: Lab, own_port: int) -> None:
    address = WIRES["neighbour"][2]
    assert lab.first_heard("neighbour", "sender", address, port=68, own_port=own_port) == "nothing"
    assert lab.first_heard("neighbour", "sender", address, port=69, own_port=own_port) == "sent"
