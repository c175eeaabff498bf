# SPDX-License-Identifier: Apache-2.0
"""What the tests of the inventory plugin say often: Ansible's own inventory of a cloud on memory drivers."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager

from sandbox import Place, Sandbox, request, server
from stackwright.engine.resource import Resource, Wish
from stackwright.kinds import KINDS
from stackwright.kinds.base import Kind, Spec

ROOT = Path(__file__).resolve().parents[3]
COMMAND = shlex.join([sys.executable, str(Path(__file__).with_name("stackwright_in_memory.py"))])
Listing = Callable[..., InventoryManager]


class StackSpec(Spec):
    """wishes: [kind, name, spec] of what it is made of."""

    wishes: list[tuple[str, str, dict[str, Any]]]


class Stack(Kind):
    """Something that owns instances, and its like."""

    name = "stack"
    spec = StackSpec

    def children(self, resource: Resource) -> Iterable[Wish]:
        """As it says."""
        return [Wish(kind, name, name, spec) for kind, name, spec in resource.spec["wishes"]]


class WithStacks(Sandbox):
    """A cloud that has stacks."""

    def __init__(self, place: Place) -> None:
        super().__init__(place, kinds={**KINDS, "stack": Stack()})


def declare(cloud: Sandbox, *wishes: Wish, **options: Any) -> None:
    """Have these, or fail with the reason."""
    assert cloud.ensure(request(*wishes, **options)).errors == []


def stack(name: str, *wishes: tuple[str, str, dict[str, Any]]) -> Wish:
    return Wish("stack", name, spec={"wishes": wishes})


def part(name: str, **spec: Any) -> tuple[str, str, dict[str, Any]]:
    return "instance", name, dict(server(name, **spec).spec)


def variables(inventory: Any, name: str) -> dict[str, Any]:
    told: dict[str, Any] = inventory.get_host(name).get_vars()
    return told


def groups(inventory: Any, name: str) -> set[str]:
    return {group.name for group in inventory.get_host(name).get_groups()} - {"all", "ungrouped"}


class Ssh:
    """Takes the SSH client's place: notes how it was called, and runs the command here, by a shell, as sshd does."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "ssh.log"
        last = 'for last; do :; done; exec sh -c "$last"'
        self.program = program(folder, "ssh", f'for word; do printf "%s\\0" "$word"; done >>{self.log}\n{last}')

    @property
    def words(self) -> list[str]:
        return self.log.read_text().split("\0")[:-1]


def program(folder: Path, name: str, lines: str) -> str:
    """An executable file of the shell, which does this."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{lines}\n")
    file.chmod(0o755)
    return str(file)


def warned(capsys: pytest.CaptureFixture[str]) -> str:
    """What Ansible warned of, its lines joined."""
    return re.sub(r"\s+", " ", capsys.readouterr().err)
