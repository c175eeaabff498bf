# SPDX-License-Identifier: Apache-2.0
"""The documentation as data: its pages, links, headings, code blocks and tables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
COLLECTION = ROOT / "collections/ansible_collections/stackwright/cloud"
PREFIX = "stackwright.cloud."

FENCE = re.compile(r"^(```|~~~)(\w*)\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)


def pages() -> list[Path]:
    """Every page that people read, roles' own aside."""
    return [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        COLLECTION / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    ]


def named(page: Path) -> str:
    """A page's path in the repository, for the names of test cases."""
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return FENCE.sub("", page.read_text())


def links(page: Path) -> list[str]:
    """Where it leads, to pages, sections and pictures of this repository."""
    return [link for link in LINK.findall(prose(page)) if "://" not in link]


def anchors(page: Path) -> set[str]:
    """Its sections, by the names that links have for them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(page)}


def headings(page: Path) -> list[str]:
    """The words of its headings."""
    return HEADING.findall(prose(page))


def blocks(page: Path, language: str) -> list[str]:
    """Its code blocks in one language."""
    return [text for _, of, text in FENCE.findall(page.read_text()) if of == language]


def rows(page: Path, first_column: str) -> list[dict[str, str]]:
    """The table whose first column is headed so, a dictionary for each row. Raises LookupError where there is none."""
    lines = iter(page.read_text().splitlines())
    for line in lines:
        columns = _cells(line)
        if columns[:1] == [first_column]:
            next(lines)
            return [dict(zip(columns, cells, strict=True)) for cells in _until_the_end(lines)]
    raise LookupError(f"{named(page)} has no table with a first column {first_column}")


def _until_the_end(lines: Iterator[str]) -> Iterator[list[str]]:
    for line in lines:
        cells = _cells(line)
        if not cells:
            return
        yield cells


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []


@cache
def options(module: str) -> dict[str, Any]:
    """A module's options by its documentation, which ansible-test holds to its argument spec."""
    documented = _constant(COLLECTION / f"plugins/modules/{module}.py", "DOCUMENTATION")
    found: dict[str, Any] = {}
    for name in documented.get("extends_documentation_fragment", []):
        file, _, variable = name.removeprefix(PREFIX).partition(".")
        fragment = _constant(COLLECTION / f"plugins/doc_fragments/{file}.py", (variable or "documentation").upper())
        found |= fragment.get("options", {})
    return found | documented.get("options", {})


def _constant(file: Path, name: str) -> dict[str, Any]:
    """A constant of a Python file that holds YAML, without importing the file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            read: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return read
    raise LookupError(f"{file} has no {name}")
