# SPDX-License-Identifier: Apache-2.0
"""Parameters: types, constraints, and the sentences about values that do not fit."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stackwright.orchestration.parameters import read_parameter, values
from stackwright.orchestration.parse import parse
from stackwright.orchestration.problem import TemplateError
from stackwright.orchestration.versions import find_version

LATEST = find_version("wallaby")


def definition(text: str, version: str = "wallaby") -> Any:
    return read_parameter("p", parse(text), find_version(version))


VALUES: list[tuple[str, Any, Any]] = [
    ("{type: string}", "x", "x"),
    ("{type: string}", 5, "5"),
    ("{type: string}", True, "True"),
    ("{type: string, default: x}", None, "x"),
    ("{type: string, default: x}", "", ""),
    ("{type: number}", "5", 5),
    ("{type: number}", 5, 5),
    ("{type: number}", "1.5", 1.5),
    ("{type: number, default: '3'}", None, 3),
    ("{type: boolean}", "yes", True),
    ("{type: boolean}", "OFF", False),
    ("{type: boolean}", 1, True),
    ("{type: boolean, default: false}", None, False),
    ("{type: comma_delimited_list}", "a,b, c", ["a", "b", " c"]),
    ("{type: comma_delimited_list}", "", []),
    ("{type: comma_delimited_list}", ["a", 1], ["a", "1"]),
    ("{type: comma_delimited_list, default: [4, 5]}", None, ["4", "5"]),
    ("{type: json}", '{"a": [1]}', {"a": [1]}),
    ("{type: json}", {"a": 1}, {"a": 1}),
    ("{type: json}", [1], [1]),
    ("{type: json}", "", ""),
    ("{type: json, default: {}}", None, {}),
    # constraints that are kept
    ("{type: number, constraints: [{range: {min: 1, max: 3}}]}", "3", 3),
    ("{type: number, constraints: [{range: {min: '1'}}]}", 1, 1),
    ("{type: string, constraints: [{length: {max: 3}}]}", "abc", "abc"),
    ("{type: json, constraints: [{length: {min: 1}}]}", {"a": 1}, {"a": 1}),
    ("{type: comma_delimited_list, constraints: [{length: {max: 2}}]}", "a,b", ["a", "b"]),
    ("{type: string, constraints: [{allowed_values: [1, b]}]}", 1, "1"),
    ("{type: number, constraints: [{allowed_values: ['1', 2]}]}", "1", 1),
    ("{type: comma_delimited_list, constraints: [{allowed_values: [a, 1]}]}", "a,1,a", ["a", "1", "a"]),
    ("{type: boolean, constraints: [{allowed_values: [yes]}]}", "on", True),
    ("{type: string, constraints: [{allowed_pattern: '[a-z]*'}]}", "", ""),
    ("{type: number, constraints: [{modulo: {step: 2, offset: 1}}]}", 5, 5),
    ("{type: string, constraints: [{custom_constraint: nova.flavor}]}", "m1.tiny", "m1.tiny"),
]


@pytest.mark.parametrize(("text", "given", "expected"), VALUES)
def test_value(text: str, given: Any, expected: Any) -> None:
    found = definition(text).value(given)
    assert found == expected
    assert isinstance(found, type(expected))


REFUSED: list[tuple[str, Any, str]] = [
    ("{type: string}", None, "the parameter p has no default, and no value is given"),
    ("{type: string, description: The key}", None, "the parameter p has no default, and no value is given (The key)"),
    ("{type: string}", [1], "the value [1] of the parameter p must be text, and is a list"),
    ("{type: number}", "many", "the value many of the parameter p must be a number, and is text"),
    ("{type: number}", "nan", "must be a number"),
    ("{type: number}", "1e999", "must be a number"),
    ("{type: number}", "9" * 5000, "must be a number"),
    ("{type: number, description: How many}", "x", "must be a number, and is text (How many)"),
    ("{type: boolean}", "maybe", "must be true or false"),
    ("{type: boolean}", 2, "must be true or false"),
    ("{type: comma_delimited_list}", {"a": 1}, "must be a list, or text with commas, and is a map"),
    ("{type: json}", "{", "must be JSON, and is not: "),
    ("{type: json}", "[" * 100_000, "nested more than 100 deep"),
    ("{type: json}", "[" * 200 + "]" * 200, "nested more than 100 deep"),
    ("{type: number, constraints: [{range: {min: 1, max: 3}}]}", 4, "the value 4 of the parameter p must be 1 to 3"),
    ("{type: number, constraints: [{range: {min: 1}}]}", 0, "must be at least 1"),
    ("{type: number, constraints: [{range: {max: 1}, description: One.}]}", 2, "must be at most 1 (One.)"),
    ("{type: string, constraints: [{length: {min: 8}}]}", "short", "must have a length of at least 8, and has 5"),
    (
        "{type: string, hidden: true, constraints: [{length: {min: 8}}]}",
        "s3cret",
        "the value of the parameter p must have",
    ),
    ("{type: number, hidden: true}", "s3cret", "the value of the parameter p must be a number"),
    ("{type: string, constraints: [{allowed_values: [a, b]}]}", "c", "must be one of a, b"),
    ("{type: comma_delimited_list, constraints: [{allowed_values: [a]}]}", "a,c", "must be one of a"),
    ("{type: string, constraints: [{allowed_pattern: '[a-z]+'}]}", "a1", "must match the pattern [a-z]+"),
    ("{type: string, constraints: [{allowed_pattern: 'a|ab'}]}", "ab", "must match the pattern a|ab"),
    ("{type: number, constraints: [{modulo: {step: 3, offset: 1}}]}", 5, "must be a multiple of 3 with an offset of 1"),
    ("{type: string, constraints: [{length: {min: 1}}, {allowed_values: [x]}]}", "y", "must be one of x"),
    ("{type: string, constraints: [{length: {min: 1}, allowed_values: [x]}]}", "y", "must be one of x"),
]


@pytest.mark.parametrize(("text", "given", "expected"), REFUSED)
def test_value_is_refused_in_one_sentence(text: str, given: Any, expected: str) -> None:
    with pytest.raises(TemplateError) as caught:
        definition(text).value(given)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


FORMATS: list[tuple[str, list[str], list[str]]] = [
    ("ip_addr", ["10.0.0.1", "2001:db8::1"], ["10.0.0", "10.0.0.256", "10.0.0.1/8", ""]),
    ("mac_addr", ["fa:16:3e:00:00:01", "FA-16-3E-00-00-01"], ["fa:16:3e:00:00", "x"]),
    ("cidr", ["10.0.0.5/24", "2001:db8::1/64"], ["10.0.0.0", "10.0.0.0/33"]),
    ("net_cidr", ["10.0.0.0/24", "10.0.0.5/24", "2001:db8::/64"], ["10.0.0.0", "x/y"]),
    ("ip_or_cidr", ["10.0.0.1", "10.0.0.0/8"], ["10.0"]),
    (
        "dns_name",
        ["example.com", "example.com.", "a", "_dmarc.example.com"],
        ["-a.com", "a..b", "a b", "1.2", "a" * 256],
    ),
    ("rel_dns_name", ["www", ""], ["www.", "a." * 127 + "a"]),
    ("dns_domain", ["example.com.", ""], ["example.com"]),
    ("timezone", ["Europe/Berlin", "UTC", ""], ["Mars/Base", "../etc/passwd"]),
    ("cron_expression", ["0 4 * * *", "*/5 * * * mon-fri", ""], ["61 * * * *", "daily please", "* *", "*," * 5000]),
    ("iso_8601", ["2031-12-31T23:59:59Z", "2031-12-31T23:59:59+02:00"], ["tomorrow", "31.12.2031"]),
    ("expiration", ["2131-12-31T23:59:59Z", ""], ["2001-01-01T00:00:00Z", "never"]),
]


@pytest.mark.parametrize(("name", "good", "bad"), FORMATS)
def test_format_by_value(name: str, good: list[str], bad: list[str]) -> None:
    wanted = definition(f"{{type: string, constraints: [{{custom_constraint: {name}}}]}}")
    for value in good:
        assert wanted.value(value) == value
    for value in bad:
        with pytest.raises(TemplateError, match=r"of the parameter p must "):
            wanted.value(value)


def test_custom_constraint_asks_whoever_knows() -> None:
    wanted = definition("{type: string, constraints: [{custom_constraint: nova.flavor, description: A size}]}")
    with pytest.raises(TemplateError, match=r"the value m1\.tinny of the parameter p names no flavor \(A size\)"):
        wanted.value("m1.tinny", lambda name, value: "names no flavor" if name == "nova.flavor" else "")


def test_pattern_that_never_ends_is_ended() -> None:
    wanted = definition("{type: string, constraints: [{allowed_pattern: '(a|aa|aaa)+b(?<x>c)?'}]}")
    begun = time.process_time()
    with pytest.raises(TemplateError, match="must match the pattern"):
        wanted.value("a" * 5000 + "!")
    assert time.process_time() - begun < 5


DECLARED: list[tuple[str, str, str]] = [
    ("wallaby", "x", "a parameter must be a map with type, description"),
    ("wallaby", "{default: 1}", "type: the type must be one of string, number, json, comma_delimited_list, boolean"),
    ("wallaby", "{type: strng}", "did you mean string?"),
    ("wallaby", "{type: string, defualt: 1}", "a parameter has no key defualt; did you mean default?"),
    ("ocata", "{type: string, tags: [a]}", "a parameter has no key tags"),
    ("newton", "{type: number, constraints: [{modulo: {step: 1}}]}", "constraints[0]: a constraint has no key modulo"),
    ("wallaby", "{type: string, constraints: {a: 1}}", "constraints: constraints must be a list, and are a map"),
    ("wallaby", "{type: string, constraints: [{}]}", "constraints[0]: a constraint must have one of length, range"),
    ("wallaby", "{type: string, constraints: [{lenght: {min: 1}}]}", "has no key lenght; did you mean length?"),
    ("wallaby", "{type: string, constraints: [{range: {min: 1}}]}", "range is for parameters of the type number"),
    ("wallaby", "{type: json, constraints: [{allowed_values: [1]}]}", "allowed_values is for parameters of the type"),
    ("wallaby", "{type: number, constraints: [{range: {}}]}", "must have min, max, or both"),
    ("wallaby", "{type: number, constraints: [{range: {min: x}}]}", "must be a number, and is text"),
    ("wallaby", "{type: string, constraints: [{length: {min: 1.5}}]}", "of a length must be whole numbers"),
    ("wallaby", "{type: string, constraints: [{allowed_pattern: '('}]}", "( is not a regular expression: "),
    ("wallaby", "{type: string, constraints: [{allowed_values: a}]}", "must be a list of values, and is text"),
    ("wallaby", "{type: number, constraints: [{allowed_values: [1, x]}]}", "allowed_values[1]: must be a number"),
    ("wallaby", "{type: number, constraints: [{modulo: {step: 0, offset: 0}}]}", "whole numbers of the same sign"),
    (
        "wallaby",
        "{type: string, constraints: [{custom_constraint: ip_adr}]}",
        "no custom constraint is called ip_adr; did you",
    ),
    ("wallaby", "{type: number, default: x}", "default: the value x of the parameter p must be a number"),
    ("wallaby", "{type: string, default: c, constraints: [{allowed_values: [a]}]}", "default: the value c of the"),
    ("wallaby", "{type: string, hidden: maybe}", "hidden: must be true or false"),
]


@pytest.mark.parametrize(("version", "text", "expected"), DECLARED)
def test_declaration_is_refused_in_one_sentence(version: str, text: str, expected: str) -> None:
    with pytest.raises(TemplateError) as caught:
        definition(text, version)
    assert expected in str(caught.value)


def test_everything_declared_is_kept() -> None:
    found = definition(
        "{type: string, label: Key, description: The key, hidden: true, immutable: true, tags: [a], default: x}"
    )
    assert (found.label, found.description, found.hidden, found.immutable, found.tags) == (
        "Key",
        "The key",
        True,
        True,
        ("a",),
    )


def test_given_wins_over_defaults_and_unknown_names_are_told() -> None:
    definitions = {name: definition("{type: string, default: own}") for name in ("one", "two", "three")}
    found, errors = values(definitions, {"one": "given", "tow": "x"}, {"one": "env", "two": "env", "other": "env"})
    assert found == {"one": "given", "two": "env", "three": "own"}
    assert [str(error) for error in errors] == ["no parameter is called tow; did you mean two?"]


def test_missing_values_are_told_all_at_once() -> None:
    definitions = {name: read_parameter(name, parse("{type: string}"), LATEST, 7) for name in ("one", "two")}
    errors = values(definitions, {}, {})[1]
    assert [str(error) for error in errors] == [
        f"line 7, parameters.{name}: the parameter {name} has no default, and no value is given"
        for name in ("one", "two")
    ]
