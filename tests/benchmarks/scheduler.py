# SPDX-License-Identifier: Apache-2.0
"""How placement grows with the number of hosts, and how work on many hosts goes on side by side."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.engine import NETWORK
from sandbox import BASE, RENDERERS, Place, Sandbox, request, server
from stackwright.drivers.memory import MemoryDriver
from stackwright.engine.allocate import Allocation
from stackwright.engine.resource import Resource
from stackwright.registry.transaction import Transaction
from stackwright.scheduler.candidate import Candidate, Placement
from stackwright.scheduler.placement import Scheduler

FLEETS = (10, 100, 1000, 10_000)
MANY = 1000
TURNS = 20
SMALL = {"vcpus": 1, "ram": 512, "disk": 1}
LATENCY_S = 0.2
SIDES = ("64 instances, 16 hosts, 0.2 s an action", "4 instances, 1 host, 0.2 s an action")


def figures() -> dict[str, list[float]]:
    """Seconds of what is promised of many hosts, by name, and how that grows with their number."""
    found: dict[str, list[float]] = {SIDES[1]: [], SIDES[0]: []}
    for _ in range(3):
        found[SIDES[1]].append(_slow(1, 4))
        found[SIDES[0]].append(_slow(16, 64))
    for size in FLEETS:
        with tempfile.TemporaryDirectory() as folder, _cloud(Path(folder)) as cloud:
            cloud.registry.write(lambda txn, size=size: txn.insert(map(_host, range(size))))
            found[f"a placement, {size} hosts"] = [_one(size)]
            found[f"{MANY} like placements, {size} hosts"] = [_many(cloud)]
            found[f"{MANY} new instances, preview, {size} hosts"] = [_preview(cloud)]
    return found


def _one(size: int) -> float:
    """Of a request that is like no other."""
    scheduler = Scheduler()
    hosts = [
        Candidate(f"id{n}", f"host{n}", "nova", True, {"vcpus": 64, "ram": 65536 - n % 7, "disk": 1000})
        for n in range(size)
    ]
    wish = Placement("instance one", SMALL)
    scheduler.choose(hosts, wish)  # what is installed is looked for once
    return median(_timed(lambda: scheduler.choose(hosts, wish)) for _ in range(TURNS))


def _many(cloud: Sandbox) -> float:
    """Like requests with their claims, on a registry; it is not kept."""
    instances = [Resource(f"{n:036}", "instance", "", "", f"many{n}", f"many{n}", {}) for n in range(MANY)]

    def place(txn: Transaction) -> float:
        txn.insert(instances)
        allocation = Allocation(txn, cloud.rules.kinds, cloud.rules.scheduler, cloud.rules.mtu)
        began = time.monotonic()
        for item in instances:
            allocation.place(item, Placement(item.title, SMALL))
        return time.monotonic() - began

    return cloud.registry.write(place, commit=False)


def _preview(cloud: Sandbox) -> float:
    """The same as a user sees it: check mode of a thousand instances with their ports and addresses."""
    wanted = request(*(server(f"many{number}", networks=["wide"]) for number in range(MANY)))
    return _timed(lambda: cloud.ensure(wanted, check=True))


def _slow(hosts: int, instances: int) -> float:
    with tempfile.TemporaryDirectory() as folder, _cloud(Path(folder)) as cloud:
        for number in range(hosts):
            cloud.add_host(f"host{number}")
        for driver in cloud.drivers.values():
            assert isinstance(driver, MemoryDriver)
            driver.latency = LATENCY_S
        wanted = request(*(server(f"server{number}", networks=["wide"]) for number in range(instances)))
        return _timed(lambda: cloud.ensure(wanted))


def _timed(what: Callable[[], Any]) -> float:
    began = time.monotonic()
    result = what()
    seconds = time.monotonic() - began
    assert not getattr(result, "errors", ()), result.errors[0]
    return seconds


def _host(number: int) -> Resource:
    """As it is recorded once it was seen."""
    spec = {"uri": f"test:///host{number}", "availability_zone": "nova", "state": "enabled"}
    has = {"vcpus": 64, "ram": 65536, "disk": 1000, "arch": "x86_64", "domain_type": "kvm"}
    name = f"host{number}"
    return Resource(f"{number:012x}-0000-0000-0000-000000000", "host", "", "", name, name, spec, has, "active")


def _cloud(folder: Path) -> Sandbox:
    place = Place(f"sqlite:///{folder}/registry.sqlite", folder / "world.sqlite")
    cloud = Sandbox(place, drivers={name: MemoryDriver(name, place.world) for name in RENDERERS})
    cloud.initialise()
    assert not cloud.ensure(request(*BASE, *NETWORK)).errors
    return cloud


if __name__ == "__main__":
    for name, seconds in figures().items():
        print(f"{name:42}{median(seconds):9.4f}")
