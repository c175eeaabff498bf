# SPDX-License-Identifier: Apache-2.0
"""On a lab node: how the work with a real OVN grows with the number of ports. Prints the seconds as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable

from stackwright.cloud import SYSTEM, Cloud
from stackwright.engine.compare import compare
from stackwright.engine.request import Request
from stackwright.engine.resource import Scope, Wish
from stackwright.engine.view import render, take

SIZES = (10, 100, 1000)
NETWORK = (
    Wish("network", "wide"),
    Wish("subnet", "wide", spec={"network": "wide", "cidr": "10.128.0.0/16"}),
)


def growth() -> dict[int, list[float]]:
    """For each number of ports the seconds to create the missing ones, to find all unchanged, and to look only."""
    with Cloud.open() as cloud:
        _ensure(cloud, NETWORK)
    figures = {size: [_timed(size), _timed(size), _looking(size)] for size in SIZES}
    with Cloud.open() as cloud:
        _ensure(cloud, [Wish(wish.kind, wish.key, present=False) for wish in [*_ports(SIZES[-1]), *NETWORK]])
    return figures


def _ports(number: int) -> list[Wish]:
    return [Wish("port", f"wide{index}", spec={"network": "wide"}) for index in range(number)]


def _timed(size: int) -> float:
    began = time.monotonic()
    with Cloud.open() as cloud:
        _ensure(cloud, _ports(size))
        return time.monotonic() - began


def _looking(size: int) -> float:
    """Connect, read the rows of these ports, and compare them with what the record says."""
    with Cloud.open() as cloud:
        ids = [row.id for row in cloud.find("port") if row.name.startswith("wide")]
        picture = cloud.registry.read(lambda txn: take(txn, ids))
        desired = render(picture, cloud.rules.renderers)
        began = time.monotonic()
        observed = cloud.drivers["ovn"].observe(Scope(picture.scope, {}))
        differences = compare(desired, observed.objects, picture.scope, frozenset())
        seconds = time.monotonic() - began
    if differences or len(observed.objects) != size:
        sys.exit(f"{len(observed.objects)} of {size} ports were found, {len(differences)} of them different")
    return seconds


def _ensure(cloud: Cloud, wishes: Iterable[Wish]) -> None:
    result = cloud.ensure(Request(tuple(wishes), SYSTEM))
    if result.errors or result.warnings:
        sys.exit("\n".join([*result.errors, *result.warnings]))


if __name__ == "__main__":
    json.dump(growth(), sys.stdout)
