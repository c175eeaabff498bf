# SPDX-License-Identifier: Apache-2.0
"""What keeps the documentation true."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from pages import COLLECTION, PREFIX, ROOT, anchors, blocks, headings, links, named, options, pages, rows

from stackwright import cli
from stackwright.inventory import FACTS
from stackwright.kinds import KINDS

EVERY_PAGE = pytest.mark.parametrize("page", pages(), ids=named)
SERVICES = ("identity", "compute", "image", "network", "stacks")
INSIDE = {"random_string", "stack_value"}
"""Kinds that only stacks declare."""
OWN = ("project", "label", "allow_loss_of")
"""Options that a task of `resources` has for all of its entries."""


@EVERY_PAGE
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        file, _, section = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{link}: there is no such file"
        assert not section or section in anchors(target), f"{link}: there is no such section"


@pytest.mark.parametrize("picture", sorted((ROOT / "docs").rglob("*.svg")), ids=named)
def test_pictures_are_shown_and_described(picture: Path) -> None:
    root = ET.parse(picture).getroot()  # noqa: S314 - a file of this repository
    assert root.find("{*}title") is not None
    assert root.find("{*}desc") is not None
    assert any(link.endswith(picture.name) for page in pages() for link in links(page)), "no page shows it"


def test_every_page_is_in_the_index() -> None:
    listed = {link.partition("#")[0] for link in links(ROOT / "docs/index.md")}
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"} <= listed


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - INSIDE))
def test_every_kind_has_its_section(kind: str) -> None:
    found = [heading for name in SERVICES for heading in headings(ROOT / f"docs/{name}.md")]
    assert any(heading.endswith(f"`{kind}`") for heading in found)


@EVERY_PAGE
def test_commands_of_dev_exist(page: Path) -> None:
    usage = {tuple(line.split()[1:3]) for line in (ROOT / "dev").read_text().splitlines() if line.startswith("./dev ")}
    known = {command for command, *_ in usage}
    lab = {action for line in usage if line[0] == "lab" for action in line[1].split("|")}
    for command, action in re.findall(r"\./dev +([a-z]\w*)(?: +([a-z]+))?", page.read_text()):
        assert command in known
        assert command != "lab" or not action or action in lab


@EVERY_PAGE
def test_commands_of_stackwright_exist(page: Path) -> None:
    known = _subcommands(cli._parser())
    text = page.read_text()
    said = re.findall(r"`stackwright ([a-z]+)", text) + re.findall(r"^(?:\$ )?stackwright ([a-z]+)", text, re.MULTILINE)
    assert set(said) <= known.keys()
    for command, arguments in re.findall(r"`stackwright ([a-z]+)([^`]*)`", text):
        assert set(re.findall(r"--[a-z-]+", arguments)) <= {*known[command]._option_string_actions}


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(commands.choices)


@EVERY_PAGE
def test_variables_exist(page: Path) -> None:
    known = {f"stackwright_{fact}" for fact in FACTS}  # the zone is also read by the playbook, for hosts it registers
    for file in COLLECTION.glob("roles/*/meta/argument_specs.yml"):
        known |= yaml.safe_load(file.read_text())["argument_specs"]["main"]["options"].keys()
    assert set(re.findall(r"\bstackwright_[a-z]\w*", page.read_text())) <= known | {"stackwright_drop"}


def test_every_variable_of_an_instance_is_in_the_table() -> None:
    listed = [row["variable"] for row in rows(ROOT / "docs/inventory.md", "variable")]
    assert listed == ["`ansible_host`", *(f"`stackwright_{fact}`" for fact in FACTS)]


def test_every_variable_is_in_the_table() -> None:
    listed = " ".join(row["variable"] for row in rows(ROOT / "docs/install.md", "variable") if "variable" in row)
    for file in COLLECTION.glob("roles/*/meta/argument_specs.yml"):
        for variable in yaml.safe_load(file.read_text())["argument_specs"]["main"]["options"]:
            assert f"`{variable}`" in listed


@EVERY_PAGE
def test_paths_exist(page: Path) -> None:
    tops = "collections|docs|examples|inventories|molecule|playbooks|plugins|src|tests"
    for path in re.findall(rf"`((?:{tops})/[\w./-]+)`", page.read_text()):
        here = page.parent if page.parent == COLLECTION else ROOT
        assert (ROOT / path).exists() or (here / path).exists() or path.startswith("plugins/modules/KIND")


@EVERY_PAGE
def test_examples_are_what_the_modules_take(page: Path) -> None:
    for block in blocks(page, "yaml"):
        read = yaml.safe_load(block)
        for task in _tasks(read if isinstance(read, list) else []):  # a mapping is a piece of an inventory or a play
            for module, body in task.items():
                if module.startswith(PREFIX):
                    _takes(module.removeprefix(PREFIX), body or {})


def _tasks(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        assert item["name"], "a play and a task have names"
        yield from _tasks(item["tasks"]) if "tasks" in item else [item]


def _takes(module: str, body: dict[str, Any]) -> None:
    _fits(module, options(module), body)
    if module == "resources":
        for entry in body["resources"]:
            ((kind, own),) = entry.items()
            assert not set(OWN) & own.keys(), f"{kind} {own['name']}: {OWN} are the task's"
            _fits(kind, options(kind), own)


def _fits(where: str, known: dict[str, Any], body: dict[str, Any]) -> None:
    assert body.keys() <= known.keys(), f"{where} has no option {sorted(body.keys() - known.keys())}"
    for name, value in body.items():
        choices = known[name].get("choices")
        assert not choices or value in choices, f"{where}: {name} is not {value}"
        inner = known[name].get("suboptions")
        for item in value if inner and isinstance(value, list) else ():
            _fits(f"{where}.{name}", inner, item)
    missing = {name for name, how in known.items() if how.get("required")} - body.keys()
    assert not missing, f"{where} needs {sorted(missing)}"


def test_playbooks_that_are_named_exist() -> None:
    for page in pages():
        for path in re.findall(r"\b(?:playbooks|examples/playbooks|molecule/shared)/[\w-]+\.yml", page.read_text()):
            assert (ROOT / path).exists(), f"{named(page)}: {path}"


def test_the_table_of_ports_can_be_read() -> None:
    found = rows(ROOT / "docs/security.md", "group")
    assert found
    for row in found:
        assert {*row["group"].split(", ")} <= {"all", "controller", "network", "compute"}
        assert row["protocol"] in ("tcp", "udp")
        assert all(0 < int(port) < 65536 for port in row["port"].split("-"))
        assert row["address"] in ("any", "loopback", "management", "tunnel")
        assert row["expected"] in ("always", "several hosts", "local PostgreSQL", "moving")
        assert all(row.values())


def test_the_table_of_ports_agrees_with_the_roles() -> None:
    ports = {(row["group"], row["port"]) for row in rows(ROOT / "docs/security.md", "group")}
    socket = (COLLECTION / "roles/compute/templates/libvirtd-tls.socket.conf.j2").read_text()
    databases = (COLLECTION / "roles/controller/vars/main.yml").read_text()
    found = {"compute": re.findall(r"}}:(\d+)", socket), "controller": re.findall(r"pssl:(\d+)", databases)}
    for group, said in found.items():
        assert said
        assert {(group, port) for port in said} <= ports
