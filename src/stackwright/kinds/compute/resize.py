# SPDX-License-Identifier: Apache-2.0
"""Resizing on trial: another flavor that waits to be confirmed or reverted. Pure but for looking things up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from stackwright.engine.errors import InvalidInput
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.compute.flavor import FlavorSpec

Resize = Literal["trial", "confirmed", "reverted"]


def decided(wish: Resource, allocator: Allocator) -> dict[str, Any]:
    """flavor, flavor_before and resize as they are recorded: the last two only while a trial waits.

    Raises InvalidInput where what was asked does not fit what waits.
    """
    row = allocator.get(wish.id)
    before: Mapping[str, Any] = row.spec if row.wanted else {}
    own, former = before.get("flavor"), before.get("flavor_before")
    wanted, asked = wish.spec["flavor"], wish.spec["resize"]
    if former:
        return _of_trial(wish, own, former, allocator)
    if own and wanted != own and asked == "trial":
        return {"flavor": wanted, "flavor_before": own, "resize": "trial"}
    if own and wanted != own and asked:
        raise InvalidInput(
            f"instance {wish.name}: no resize waits to be {asked}, and it has another flavor; "
            "leave one of flavor and resize out"
        )
    return {"flavor": wanted, "flavor_before": None, "resize": None}


def _of_trial(wish: Resource, own: str | None, former: str, allocator: Allocator) -> dict[str, Any]:
    """While a trial waits: what keeps it, and what ends it."""
    wanted, asked = wish.spec["flavor"], wish.spec["resize"]
    if wanted != own and not (asked == "reverted" and wanted == former):
        names = " to ".join(allocator.get(str(item)).name for item in (former, own))
        raise InvalidInput(
            f"instance {wish.name}: its resize from {names} waits; say resize: confirmed or reverted "
            "before it gets another flavor"
        )
    if asked in ("confirmed", "reverted"):
        return {"flavor": own if asked == "confirmed" else former, "flavor_before": None, "resize": None}
    return {"flavor": own, "flavor_before": former, "resize": "trial"}


def sizes(spec: Any, smallest: int, allocator: Allocator) -> dict[str, Any]:
    """vcpus, ram (MiB), root_gib and ephemeral_gib; smallest: what its image needs, in GiB.

    On trial the disks stay as they were, so that going back loses nothing, and `claimed` is the larger of both sizes.
    """
    flavor = FlavorSpec.of(allocator.get(spec.flavor))
    if not spec.flavor_before:
        return {**_compute(flavor), **_disks(flavor, smallest)}
    former = FlavorSpec.of(allocator.get(spec.flavor_before))
    both = [_claim(item, smallest) for item in (flavor, former)]
    claimed = {name: max(one[name] for one in both) for name in both[0]}
    return {**_compute(flavor), **_disks(former, smallest), "claimed": claimed}


def claim(has: Mapping[str, Any]) -> dict[str, int]:
    """What it takes from its host and its project, by its attributes: vcpus, ram (MiB) and disk (GiB)."""
    disk = has["root_gib"] + has["ephemeral_gib"]
    return dict(has.get("claimed") or {"vcpus": has["vcpus"], "ram": has["ram"], "disk": disk})


def _compute(flavor: FlavorSpec) -> dict[str, int]:
    return {"vcpus": flavor.vcpus, "ram": flavor.ram}


def _disks(flavor: FlavorSpec, smallest: int) -> dict[str, int]:
    return {"root_gib": flavor.disk or smallest, "ephemeral_gib": flavor.ephemeral}


def _claim(flavor: FlavorSpec, smallest: int) -> dict[str, int]:
    return {**_compute(flavor), "disk": sum(_disks(flavor, smallest).values())}
