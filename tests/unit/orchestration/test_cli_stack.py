# SPDX-License-Identifier: Apache-2.0
"""`stackwright stack`: exit codes, sentences, JSON; never a traceback."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stackwright.cli_stack import add_to
from stackwright.engine.errors import InvalidInput

TEMPLATE = """\
heat_template_version: 2021-04-16
parameters:
  size: {type: number, constraints: [{range: {max: 9}}]}
  names: {type: comma_delimited_list, default: a}
resources:
  one: {type: My::Type, properties: {name: {get_param: size}}}
  two: {type: My::Type, depends_on: one, properties: {name: {list_join: ['-', {get_param: names}]}}}
"""
ENVIRONMENT = "parameters: {names: 'x,y'}\nresource_registry: {Your::Type: My::Type}\n"


@dataclass(frozen=True)
class Kind:
    service: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    update_policy: Any = None

    @property
    def properties(self) -> dict[str, Any]:
        return {"name": Text()}


@dataclass(frozen=True)
class Text:
    type: str = "string"
    required: bool = False
    default: Any = None
    constraints: tuple[Any, ...] = ()
    schema: Any = None
    old: tuple[str, ...] = ()
    null: Any = None
    description: str = ""


class Types:
    """The catalogue of these tests: one type, and one without a service."""

    kinds = {"My::Type": Kind(), "My::Volume": Kind("volumes")}  # noqa: RUF012 - nobody changes it

    def find(self, name: str) -> Kind | None:
        return self.kinds.get(name)

    def names(self) -> list[str]:
        return list(self.kinds)


Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command beside a template and an environment."""
    monkeypatch.setitem(sys.modules, "stackwright.orchestration.types", Types())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    (tmp_path / "e.yaml").write_text(ENVIRONMENT)

    def run(*arguments: str) -> int:
        parser = argparse.ArgumentParser()
        add_to(parser.add_subparsers())
        options = parser.parse_args(["stack", *arguments])
        code: int = options.run(options)
        return code

    return run


def test_valid(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", "t.yaml", "-e", "e.yaml", "-P", "size=3") == 0
    assert capsys.readouterr().out == "t.yaml: valid\n"
    assert run("validate", "t.yaml") == 0
    assert capsys.readouterr().out == "t.yaml: valid; to be given: size\n"


def test_wrong(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", "t.yaml", "-P", "size=10") == 1
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err == (
        "stackwright: t.yaml, line 3, parameters.size: the value 10 of the parameter size must be at most 9\n"
    )


def test_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", "t.yaml", "--json", "-P", "siez=10") == 1
    assert json.loads(capsys.readouterr().out) == {
        "valid": False,
        "errors": [
            {"file": "t.yaml", "line": 0, "path": "", "message": "no parameter is called siez; did you mean size?"}
        ],
        "unsupported": {},
        "needed": ["size"],
    }


def test_missing_services_are_told_by_name(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "v.yaml").write_text("heat_template_version: rocky\nresources: {a: {type: My::Volume}}")
    assert run("validate", "v.yaml") == 1
    assert capsys.readouterr().err == "stackwright: v.yaml: unsupported resource types: My::Volume (volumes)\n"


UNREADABLE = [
    (["validate", "nowhere.yaml"], "the file nowhere.yaml cannot be read: No such file or directory"),
    (["validate", "."], "the file . cannot be read: Is a directory"),
    (["validate", "https://example.com/t.yaml"], "nothing is fetched from the network here"),
    (["validate", "t.yaml", "-e", "nowhere.yaml"], "the file nowhere.yaml cannot be read"),
    (["validate", "e.yaml"], "e.yaml: the key heat_template_version is missing"),
    (["validate", "t.yaml", "-e", "t.yaml"], "t.yaml, line 1: an environment has no heat_template_version"),
]


@pytest.mark.parametrize(("arguments", "expected"), UNREADABLE)
def test_what_cannot_be_read(run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str) -> None:
    assert run(*arguments) == 1
    assert expected in capsys.readouterr().err


def test_parameter_without_a_value(run: Run) -> None:
    with pytest.raises(InvalidInput, match="a parameter is given as KEY=VALUE, and size is not"):
        run("validate", "t.yaml", "-P", "size")


def test_graph(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("graph", "t.yaml") == 0
    assert '"two" -> "one";' in capsys.readouterr().out
    assert run("graph", "t.yaml", "--format", "svg") == 0
    assert capsys.readouterr().out.startswith("<svg")
    with pytest.raises(InvalidInput, match="must be at most 9"):
        run("graph", "t.yaml", "-P", "size=10")
