# SPDX-License-Identifier: Apache-2.0
"""On a lab node: ten instances by one request to the engine, and the same ten with nothing but libvirt.

Prints the seconds as JSON, and what it is doing on stderr. Both sides end at the same event: the guests run and OVN
says that their ports are up; or libvirt has neither guest nor definition. Guests are removed as soon as they run, on
both sides while they boot.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import libvirt

from stackwright.cloud import SYSTEM, Cloud
from stackwright.engine.request import Request
from stackwright.engine.resource import Wish

ROUNDS = 3
NAMES = [f"bench{number}" for number in range(10)]
IMAGE = "/root/guest.qcow2"

BASE = (
    Wish("image", "bench", spec={"src": IMAGE, "disk_format": "qcow2"}),
    Wish("flavor", "bench", spec={"ram": 192, "disk": 1, "vcpus": 1}),
    Wish("network", "bench"),
    Wish("subnet", "bench", spec={"network": "bench", "cidr": "10.20.0.0/24"}),
    Wish("security_group", "bench", spec={"rules": [{"protocol": "icmp"}]}),
    *(Wish("port", name, spec={"network": "bench", "security_groups": ["bench"]}) for name in NAMES),
)


def instances(present: bool) -> tuple[Wish, ...]:
    """The ten, each on a port that is there."""
    spec = {"image": "bench", "flavor": "bench"}
    return tuple(
        Wish("instance", name, spec={**spec, "networks": [{"port": name}]} if present else {}, present=present)
        for name in NAMES
    )


def request(wishes: tuple[Wish, ...]) -> float:
    """Seconds of one request to the engine; it opens its own connections.

    Ends the program when it fails or when the network lags behind.
    """
    with Cloud.open() as cloud:
        began = time.monotonic()
        result = cloud.ensure(Request(wishes, SYSTEM))
        seconds = time.monotonic() - began
    if result.errors or result.warnings:
        sys.exit("\n".join([*result.errors, *result.warnings]))
    return seconds


class Bench:
    """The node, as an operator with virsh and ovn-nbctl sees it."""

    def __init__(self) -> None:
        self.libvirt = libvirt.open("qemu:///system")
        request(instances(False))
        request(BASE)
        with Cloud.open() as cloud:
            self.ports = [cloud.find("port", name)[0].id for name in NAMES]

    def run(self) -> dict[str, list[float]]:
        """All figures; the first round only warms up."""
        figures: dict[str, list[float]] = {}
        for number in range(1 + ROUNDS):
            say(f"round {number} of {ROUNDS}" if number else "warming up")
            for name, seconds in self.round(thorough=number > 0):
                say(f"  {name}: {seconds:.2f} s")
                if number:
                    figures.setdefault(name, []).append(seconds)
        return figures

    def round(self, thorough: bool) -> Iterator[tuple[str, float]]:
        """Make and remove the ten by each way; what is compared is done in the same situation."""
        yield "create, engine", self.made_by_engine()
        yield "delete, engine", request(instances(False))
        yield "create, engine", self.made_by_engine()
        descriptions = [domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE) for domain in self.domains()]
        yield "delete, libvirt, 10 threads", self.removing(10)
        yield "create, libvirt, 4 threads", self.making(descriptions, 4)
        yield "delete, libvirt, 10 threads", self.removing(10)
        if thorough:
            yield "create, libvirt, one after the other", self.making(descriptions, 1)
            yield "delete, libvirt, one after the other", self.removing(1)
        yield "create, libvirt, 4 threads", self.making(descriptions, 4)
        yield "delete, engine", request(instances(False))

    def made_by_engine(self) -> float:
        """Until the engine has answered and OVN says that the ports are up."""
        self.await_ports("false")
        with self.waiting("true") as ports_are_up:
            began = time.monotonic()
            request(instances(True))
            ports_are_up()
            return time.monotonic() - began

    def making(self, descriptions: list[str], threads: int) -> float:
        """Define and start all, until OVN says that their ports are up."""
        self.await_ports("false")
        with self.waiting("true") as ports_are_up:
            began = time.monotonic()
            at_once(threads, lambda xml: self.libvirt.defineXML(xml).create(), descriptions)
            ports_are_up()
            return time.monotonic() - began

    def removing(self, threads: int) -> float:
        """Destroy and undefine all."""
        domains = self.domains()
        began = time.monotonic()
        at_once(threads, lambda domain: (domain.destroy(), domain.undefine()), domains)
        return time.monotonic() - began

    def domains(self) -> list[Any]:
        """The ten. Ends the program when one does not run."""
        domains: list[Any] = self.libvirt.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING)
        if len(domains) != len(NAMES):
            sys.exit(f"{len(domains)} guests run where {len(NAMES)} should; is something else using this node?")
        return domains

    def await_ports(self, up: str) -> None:
        """Wait until all ports are up, or not: "true" or "false"."""
        with self.waiting(up) as reached:
            reached()

    @contextmanager
    def waiting(self, up: str) -> Iterator[Callable[[], None]]:
        """Begin to follow the ports; what is yielded returns when all of them are so."""
        parts = (["--", "wait-until", "Logical_Switch_Port", port, f"up={up}"] for port in self.ports)
        line = ["ovn-nbctl", "--timeout=60", *(word for part in parts for word in part)]
        with subprocess.Popen(line) as process:

            def reached() -> None:
                if process.wait():
                    sys.exit(f"the ports did not become up={up}; look at ovn-controller")

            yield reached


def at_once(threads: int, work: Callable[[Any], object], items: list[Any]) -> None:
    """Do it for every item, so many at a time."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, items))


def say(words: str) -> None:
    """Tell people what goes on."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    json.dump(Bench().run(), sys.stdout)
