# SPDX-License-Identifier: Apache-2.0
"""What keeps the pages about stacks true: tables of resource types, and pictures of the examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pages import ROOT, links, rows

from stackwright.cli import main
from stackwright.orchestration.types import TYPES
from stackwright.orchestration.types.base import Lacking, Prop, Type
from stackwright.orchestration.types.missing import SERVICES

HEAT = ROOT / "docs/coming-from-heat.md"
STACKS = ROOT / "examples/stacks"
SUPPORTED = {name: item for name, item in TYPES.items() if not item.service}
CELL = ["-P", "cidr=10.23.0.0/24", "-P", "servers=1"]
PICTURES = {
    "web-tier": ["web-tier/web-tier.yaml", "-P", "key_name=demo"],
    "web-tier-server": ["web-tier/server.yaml"],
    "three-tiers": ["three-tiers/three-tiers.yaml", "-P", "key_name=demo"],
    "three-tiers-tier": ["three-tiers/tier.yaml", "-P", "cidr=10.22.1.0/24", "-P", "router=router"],
    "cells": ["cells/cells.yaml", "-e", str(STACKS / "cells/environment.yaml")],
    "cells-cell": ["cells/cell.yaml", "-e", str(STACKS / "cells/environment.yaml"), *CELL],
}
"""Picture in docs/examples -> the arguments of `stackwright stack graph` that draw it."""


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_type_is_told_as_it_is(name: str) -> None:
    told = {row["type"]: row for row in rows(HEAT, "type")}
    found = told[f"`{name}`"]
    assert (found["kind"], found["refused"]) == (_kind(SUPPORTED[name]), ", ".join(_refused(SUPPORTED[name])))
    idle = [key for key, prop in SUPPORTED[name].properties.items() if "no effect" in prop.description]
    assert all(f"`{key}`" in found["otherwise"] for key in idle)


def test_update_policies_are_told() -> None:
    told = re.findall(r"`update_policy` of an\s+`([\w:]+)`", HEAT.read_text())
    assert told == [name for name, item in SUPPORTED.items() if item.update_policy]


def test_types_are_told_in_their_order() -> None:
    assert [row["type"] for row in rows(HEAT, "type")] == [f"`{name}`" for name in SUPPORTED]


def test_missing_types_are_told() -> None:
    told = {row["needs"]: row["types that cannot be had"] for row in rows(HEAT, "needs")}
    assert told == {service: ", ".join(f"`{name}`" for name in names.split()) for service, names in SERVICES.items()}


def _kind(item: Type) -> str:
    return f"`{item.kind}`" if item.kind else "made of others"


def _refused(item: Type) -> list[str]:
    return [f"`{path}`" for path in _lacking(item.properties)]


def _lacking(properties: Mapping[str, Prop], above: str = "") -> Iterator[str]:
    """Paths of the properties that mean nothing here, or only with some values."""
    for name, prop in properties.items():
        if any(isinstance(constraint, Lacking) for constraint in prop.constraints):
            yield above + name
        inner = prop.schema.schema if isinstance(prop.schema, Prop) else prop.schema
        if isinstance(inner, Mapping):
            yield from _lacking(inner, f"{above}{name}.")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_the_command_draws(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    file, *given = PICTURES[name]
    assert main(["stack", "graph", str(STACKS / file), "--format", "svg", *given]) == 0
    assert (ROOT / f"docs/examples/{name}.svg").read_text() == capsys.readouterr().out


def _pages() -> list[Path]:
    return sorted((ROOT / "docs/examples").glob("*.md"))


def test_every_example_has_its_page() -> None:
    assert [page.stem for page in _pages()] == sorted(folder.name for folder in STACKS.iterdir() if folder.is_dir())
    listed = links(ROOT / "docs/index.md")
    assert all(f"examples/{page.name}" in listed for page in _pages())
