# SPDX-License-Identifier: Apache-2.0
"""Parameters: how a template declares them, and the values they get."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stackwright.orchestration.constraints import (
    AllowedPattern,
    AllowedValues,
    Custom,
    Length,
    Modulo,
    Range,
    Rule,
    compiled,
    no_lookup,
)
from stackwright.orchestration.interfaces import Lookup
from stackwright.orchestration.parse import MAX_DIGITS, check_depth, line_of, parse_json
from stackwright.orchestration.problem import NoValue, TemplateError, inside, kind_of, nearest, shown, unknown_name
from stackwright.orchestration.values import Unknown
from stackwright.orchestration.versions import Version

TYPES = ("string", "number", "json", "comma_delimited_list", "boolean")
KEYS = ("type", "description", "label", "default", "hidden", "immutable", "constraints")
KINDS: Mapping[str, tuple[str, ...]] = {
    "length": ("string", "json", "comma_delimited_list"),
    "range": ("number",),
    "modulo": ("number",),
    "allowed_values": ("string", "number", "boolean", "comma_delimited_list"),
    "allowed_pattern": ("string",),
    "custom_constraint": ("string", "number", "boolean", "comma_delimited_list"),
}
"""The kinds of constraints, and the types that each is for."""
TRUE = ("1", "t", "true", "on", "y", "yes")
FALSE = ("0", "f", "false", "off", "n", "no")


@dataclass(frozen=True)
class ParameterDefinition:
    """A parameter as a template declares it. `default` is None where a value has to be given."""

    name: str
    type: str
    default: Any = None
    description: str = ""
    label: str = ""
    hidden: bool = False
    immutable: bool = False
    tags: tuple[str, ...] = ()
    constraints: tuple[Rule, ...] = ()
    line: int = 0

    def value(self, given: Any, lookup: Lookup = no_lookup) -> Any:
        """The given value (or the default, for None) in the type of this parameter. Raises TemplateError."""
        if isinstance(given, Unknown):
            return given
        given = self.default if given is None else given
        if given is None:
            raise NoValue(f"the parameter {self.name} has no default, and no value is given{self._meaning()}")
        value = self._converted(given)
        for rule in self.constraints:
            self._check(rule, value, lookup)
        return value

    def _converted(self, given: Any) -> Any:
        try:
            return convert(self.type, given)
        except TemplateError as error:
            error.words = f"the value{self._shown(given)} of the parameter {self.name} {error.words}{self._meaning()}"
            raise

    def _check(self, rule: Rule, value: Any, lookup: Lookup) -> None:
        if wrong := rule.check(value, lookup):
            reason = f" ({rule.description})" if rule.description else ""
            raise TemplateError(f"the value{self._shown(value)} of the parameter {self.name} {wrong}{reason}")

    def _shown(self, value: Any) -> str:
        return "" if self.hidden else f" {shown(value)}"

    def _meaning(self) -> str:
        words = self.description.strip() or self.label
        return f" ({shown(words)})" if words else ""


def convert(kind: str, value: Any) -> Any:
    """The value in the type of a parameter. Raises TemplateError with the end of a sentence: 'must be ...'."""
    if kind == "string":
        return _string(value)
    if kind == "number":
        return number(value)
    if kind == "boolean":
        return _boolean(value)
    if kind == "comma_delimited_list":
        return _items(value)
    return _json(value)


def _string(value: Any) -> str:
    if isinstance(value, dict | list):
        raise TemplateError(f"must be text, and is {kind_of(value)}")
    return str(value)


def number(value: Any) -> int | float:
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    text = value.strip() if isinstance(value, str) else ""
    for parse in (int, float):
        try:
            found = parse(text[: MAX_DIGITS + 1])
        except ValueError:
            continue
        if math.isfinite(found) and len(text) <= MAX_DIGITS:
            return found
    raise TemplateError(f"must be a number, and is {kind_of(value)}")


def _boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in TRUE + FALSE:
        raise TemplateError("must be true or false")
    return text in TRUE


def _items(value: Any) -> list[str]:
    if isinstance(value, list):
        return [_string(item) for item in value]
    if isinstance(value, dict):
        raise TemplateError("must be a list, or text with commas, and is a map")
    return str(value).split(",") if value != "" else []


def _json(value: Any) -> Any:
    if isinstance(value, str):
        return parse_json(value) if value else value
    check_depth(value)
    return value


def values(
    definitions: Mapping[str, ParameterDefinition],
    given: Mapping[str, Any],
    defaults: Mapping[str, Any],
    lookup: Lookup = no_lookup,
) -> tuple[dict[str, Any], list[TemplateError]]:
    """The value of every parameter, and what is wrong with those that have none.

    `defaults` are an environment's parameter_defaults: of names that no parameter has, they say nothing.
    """
    errors = [unknown_name("parameter", name, definitions) for name in given if name not in definitions]
    result = {}
    for name, definition in definitions.items():
        try:
            value = given.get(name)
            result[name] = definition.value(defaults.get(name) if value is None else value, lookup)
        except TemplateError as error:
            error.inside("parameters", name, line=definition.line)
            errors.append(error)
    return result, errors


def read_parameter(name: str, data: Any, version: Version, line: int = 0) -> ParameterDefinition:
    """One entry of the section `parameters`. Raises TemplateError."""
    known = (*KEYS, "tags") if version.tags else KEYS
    _check_keys(data, known, "a parameter")
    kind = data.get("type")
    if kind not in TYPES:
        raise TemplateError(
            f"the type must be one of {', '.join(TYPES)}{nearest(kind, TYPES)}", ("type",), line_of(data, "type")
        )
    with inside("constraints", line=line_of(data, "constraints")):
        rules = tuple(_rules(data.get("constraints"), kind, version))
    definition = ParameterDefinition(
        name=name,
        type=kind,
        default=data.get("default"),
        description=_text(data, "description"),
        label=_text(data, "label"),
        hidden=_flag(data, "hidden"),
        immutable=_flag(data, "immutable"),
        tags=tuple(map(str, _tags(data))),
        constraints=rules,
        line=line,
    )
    if definition.default is not None:
        with inside("default", line=line_of(data, "default")):
            definition.value(None)
    return definition


def _check_keys(data: Any, known: tuple[str, ...], what: str) -> None:
    if not isinstance(data, dict):
        raise TemplateError(f"{what} must be a map with {', '.join(known)}, and is {kind_of(data)}")
    for key in data:
        if key not in known:
            raise TemplateError(
                f"{what} has no key {shown(key)}{nearest(key, known)}; its keys are {', '.join(known)}",
                line=line_of(data, key),
            )


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if isinstance(value, dict | list):
        raise TemplateError(f"must be text, and is {kind_of(value)}", (key,), line_of(data, key))
    return "" if value is None else str(value)


def _flag(data: Mapping[str, Any], key: str) -> bool:
    with inside(key, line=line_of(data, key)):
        return _boolean(data.get(key, False))


def _tags(data: Mapping[str, Any]) -> list[Any]:
    value = data.get("tags") or []
    if not isinstance(value, list):
        raise TemplateError(f"must be a list, and is {kind_of(value)}", ("tags",), line_of(data, "tags"))
    return value


def _rules(data: Any, kind: str, version: Version) -> list[Rule]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise TemplateError(f"constraints must be a list, and are {kind_of(data)}")
    rules: list[Rule] = []
    for index, item in enumerate(data):
        with inside(index, line=line_of(data, index)):
            rules += _of_entry(item, kind, version)
    return rules


def _of_entry(data: Any, kind: str, version: Version) -> list[Rule]:
    """The rules of one entry of `constraints`: usually one, with its description."""
    kinds = tuple(name for name in KINDS if name != "modulo" or version.modulo)
    _check_keys(data, ("description", *kinds), "a constraint")
    names = [name for name in kinds if name in data]
    if not names:
        raise TemplateError(f"a constraint must have one of {', '.join(kinds)}")
    return [_rule(name, data, kind) for name in names]


def _rule(name: str, data: Any, kind: str) -> Rule:
    if kind not in KINDS[name]:
        raise TemplateError(f"{name} is for parameters of the type {' or '.join(KINDS[name])}, and this is a {kind}")
    with inside(name, line=line_of(data, name)):
        return _made(name, data[name], kind, _text(data, "description"))


def _made(name: str, value: Any, kind: str, description: str) -> Rule:
    if name in ("range", "length"):
        return _bounded(name, value, description)
    if name == "modulo":
        return _modulo(value, description)
    if name == "allowed_values":
        return AllowedValues(_allowed(value, kind), description)
    if not isinstance(value, str):
        raise TemplateError(f"must be text, and is {kind_of(value)}")
    if name == "custom_constraint":
        return Custom(value, description)
    compiled(value)
    return AllowedPattern(value, description)


def _bounded(name: str, value: Any, description: str) -> Rule:
    _check_keys(value, ("min", "max"), f"a {name}")
    bounds = {key: number(item) for key, item in value.items() if item is not None}
    if not bounds:
        raise TemplateError("must have min, max, or both")
    if name == "range":
        return Range(bounds.get("min"), bounds.get("max"), description)
    if any(bound != int(bound) for bound in bounds.values()):
        raise TemplateError("min and max of a length must be whole numbers")
    lengths = {key: int(bound) for key, bound in bounds.items()}
    return Length(lengths.get("min"), lengths.get("max"), description)


def _modulo(value: Any, description: str) -> Modulo:
    _check_keys(value, ("step", "offset"), "a modulo")
    step, offset = (number(value.get(key, "")) for key in ("step", "offset"))
    if step != int(step) or offset != int(offset) or step == 0 or abs(offset) >= abs(step) or step * offset < 0:
        raise TemplateError("step and offset must be whole numbers of the same sign, and the offset the smaller one")
    return Modulo(int(step), int(offset), description)


def _allowed(value: Any, kind: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or not value:
        raise TemplateError(f"must be a list of values, and is {kind_of(value)}")
    if kind == "comma_delimited_list":
        kind = "string"
    found = []
    for index, item in enumerate(value):
        with inside(index, line=line_of(value, index)):
            found.append(convert(kind, item))
    return tuple(found)
