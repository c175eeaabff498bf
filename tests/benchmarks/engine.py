# SPDX-License-Identifier: Apache-2.0
"""How the engine itself grows: instances on memory drivers, so that no backend's time is in the figures."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

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
