# SPDX-License-Identifier: Apache-2.0
"""YAML and JSON within limits: what is given, and one sentence with its line for everything else."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stackwright.orchestration import parse as module
from stackwright.orchestration.parse import line_of, parse
from stackwright.orchestration.problem import TemplateError

GIVEN: list[tuple[str | bytes, Any]] = [
    ("", None),
    ("a: 1", {"a": 1}),
    ("a: 2013-05-23", {"a": "2013-05-23"}),
    ("a: [yes, no, null, ~, 1.5, 0x10, 'yes', .inf]", {"a": [True, False, None, None, 1.5, 16, "yes", float("inf")]}),
    ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
    ('{"a": [1, true, null]}', {"a": [1, True, None]}),
    ('{\n\t"a": 1\n}', {"a": 1}),
    ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
    ("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}),
    (
        "a: &x {b: 1}\nd: &y {b: 2, c: 3}\ne: {<<: [*x, *y]}",
        {"a": {"b": 1}, "d": {"b": 2, "c": 3}, "e": {"b": 1, "c": 3}},
    ),
    ("80: x", {80: "x"}),
    ("a: !!str 5", {"a": "5"}),
    ("a: =", {"a": "="}),
    (b"\xef\xbb\xbfa: \xc3\xa4", {"a": "ä"}),
]


@pytest.mark.parametrize(("text", "expected"), GIVEN)
def test_value(text: str | bytes, expected: Any) -> None:
    assert parse(text) == expected


def test_lines_are_remembered() -> None:
    value = parse("a: 1\nb:\n  - x\n  - c: 2\n\n    d: 3\n")
    assert [line_of(value, key) for key in "ab"] == [1, 2]
    assert [line_of(value["b"], index) for index in (0, 1)] == [3, 4]
    assert line_of(value["b"][1], "d") == 6
    assert line_of({"a": 1}, "a") == 0


def bomb() -> str:
    levels = [f"{chr(97 + i)}: &{chr(97 + i)} [" + ", ".join([f"*{chr(96 + i)}"] * 10) + "]" for i in range(1, 20)]
    return "a: &a [" + "x, " * 10 + "]\n" + "\n".join(levels)


REFUSED: list[tuple[str | bytes, str]] = [
    ("[" * 10_000, "f.yaml, line 1: maps and lists are nested more than 100 deep"),
    ('{"a":' * 10_000, "maps and lists are nested more than 100 deep"),
    ("- " * 10_000, "maps and lists are nested more than 100 deep"),
    ("\n".join(" " * depth + "a:" for depth in range(1000)), "f.yaml, line 101: maps and lists are nested more than"),
    ("{\t" * 5_000, "maps and lists are nested more than 100 deep"),
    ('\t{"a":' * 10_000, "maps and lists are nested more than 100 deep"),
    (bomb(), "grows beyond 16777216 characters once its aliases are written out"),
    ("a: &a " + "x" * 20_000 + "\nb: [" + "*a, " * 20_000 + "]", "f.yaml, line 2: the file grows beyond"),
    ("x" * (module.MAX_BYTES + 1), "f.yaml: the file is larger than 4194304 bytes"),
    ("a: 1\nb: c: d", "f.yaml, line 2: not YAML: mapping values are not allowed in this context"),
    ("a: 'x", "not YAML: found unexpected end of stream"),
    ("a: *b", "f.yaml, line 1: *b names nothing that stands before it"),
    ("a: &a [*a]", "f.yaml, line 1: *a stands inside what it names"),
    ("a: !!python/object/apply:os.system [id]", "the tag tag:yaml.org,2002:python/object/apply:os.system is not known"),
    ("a: !!binary aGk=", "the tag tag:yaml.org,2002:binary is not known in templates"),
    ("a: !Ref b", "f.yaml, line 1: the tag !Ref is not known in templates"),
    ("? [a]\n: b", "f.yaml, line 1: a key must be text or a number, and this is a list"),
    ("a: 1\n---\nb: 2", "f.yaml, line 2: the file must hold one document, and a second one starts here"),
    ("a: 0x_", "f.yaml, line 1: 0x_ is not a value of the type int"),
    ("a: !!int many", "f.yaml, line 1: many is not a value of the type int"),
    ("a: " + "9" * 5_000, "f.yaml, line 1: a number may have 100 characters; text stands in quotes"),
    ("a: 1" + ":1" * 100_000, "f.yaml, line 1: a number may have 100 characters"),
    ("\x00", "f.yaml: not YAML: "),
    (b"a: 1\nb: \xff", "f.yaml, line 2: the file must be text in UTF-8"),
    ("a: {<<: 5}", "f.yaml, line 1: << must name a map, and this is a number"),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED, ids=[expected[:60] for _, expected in REFUSED])
def test_refused_at_once_in_one_sentence(text: str | bytes, expected: str) -> None:
    begun = time.monotonic()
    with pytest.raises(TemplateError) as caught:
        parse(text, "f.yaml")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert time.monotonic() - begun < 20
