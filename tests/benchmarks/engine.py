# SPDX-License-Identifier: Apache-2.0
"""How the engine itself grows: instances and stacks on memory drivers, so that no backend's time is in the figures."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sandbox import BASE, Place, Sandbox, request, server
from stackwright.engine.request import Request
from stackwright.engine.resource import Wish

SIZES = (10, 100, 1000)
PER_HOST = 50
NETWORK = (
    Wish("network", "wide"),
    Wish("subnet", "wide", spec={"network": "wide", "cidr": "10.128.0.0/16"}),
)


def growth() -> Iterator[tuple[int, list[float]]]:
    """For each size the seconds that it takes to create so many, to find them unchanged, and to check them."""
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder, _furnished(Path(folder), size) as cloud:
            wishes = request(*(server(f"server{number}", networks=["wide"]) for number in range(size)))
            yield size, [_timed(cloud, wishes, check) for check in (False, False, True)]


def previews() -> Iterator[tuple[int, list[float]]]:
    """For each size the seconds that the preview of a stack of so many resources takes."""
    with tempfile.TemporaryDirectory() as folder, _furnished(Path(folder), 1) as cloud:
        for size in (*SIZES, 10_000):
            yield size, [_timed(cloud, _stack(_ports(size)), check=True)]


def random_strings() -> float:
    """Seconds that a stack of 500 random strings takes."""
    with tempfile.TemporaryDirectory() as folder, _furnished(Path(folder), 1) as cloud:
        return _timed(cloud, _stack({f"r{n}": {"type": "OS::Heat::RandomString"} for n in range(500)}), check=False)


def _stack(resources: Mapping[str, Any]) -> Request:
    text = json.dumps({"heat_template_version": "2018-08-31", "resources": resources})
    return request(Wish("stack", "grown", spec={"template": "main.yaml", "files": {"main.yaml": text}}))


def _ports(size: int) -> dict[str, Any]:
    """A network, and ports with a security group each that tells the port's address."""
    network = {"network": {"get_resource": "net"}}
    found: dict[str, Any] = {
        "net": {"type": "OS::Neutron::Net"},
        "sub": {"type": "OS::Neutron::Subnet", "properties": {**network, "cidr": "10.64.0.0/12"}},
    }
    for n in range(size // 2 - 1):
        address = {"get_attr": [f"port{n}", "fixed_ips", 0, "ip_address"]}
        found[f"port{n}"] = {"type": "OS::Neutron::Port", "properties": network}
        found[f"group{n}"] = {
            "type": "OS::Neutron::SecurityGroup",
            "properties": {"description": address, "rules": [{"protocol": "tcp"}]},
        }
    return found


def _timed(cloud: Sandbox, wishes: Request, check: bool) -> float:
    began = time.monotonic()
    result = cloud.ensure(wishes, check)
    seconds = time.monotonic() - began
    assert not result.errors, result.errors[0]
    return seconds


def _furnished(folder: Path, size: int) -> Sandbox:
    cloud = Sandbox(Place(f"sqlite:///{folder}/registry.sqlite", folder / "world.sqlite"))
    cloud.initialise()
    for number in range(-(-size // PER_HOST)):
        cloud.add_host(f"host{number}")
    assert not cloud.ensure(request(*BASE, *NETWORK)).errors
    return cloud
