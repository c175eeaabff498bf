# SPDX-License-Identifier: Apache-2.0
"""The properties of a resource against what its type says: types, required ones, constraints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stackwright.orchestration.constraints import AllowedPattern, Length, no_lookup
from stackwright.orchestration.interfaces import Lookup, Property
from stackwright.orchestration.parameters import number
from stackwright.orchestration.problem import Step, TemplateError, kind_of, nearest, shown
from stackwright.orchestration.values import Unknown, unknown_in
from stackwright.orchestration.versions import FUNCTION_NAMES

ANY = "*"
"""Among the properties of a type: it takes any, and uses none of them."""


def checked(
    schema: Mapping[str, Property], given: Mapping[str, Any], lookup: Lookup = no_lookup, *, formed: bool = False
) -> tuple[dict[str, Any], list[TemplateError]]:
    """The properties in their types, and all that is wrong with them; what is not given has its default.

    Old names of properties have become the new ones.
    formed: of what exists only later nothing but text is accepted, as anything else has a form that is looked into.
    """
    checker = _Checker(lookup, formed)
    return checker.properties(schema, given, ()), checker.errors


class _Checker:
    def __init__(self, lookup: Lookup, formed: bool) -> None:
        self.lookup = lookup
        self.formed = formed
        self.errors: list[TemplateError] = []

    def properties(
        self, schema: Mapping[str, Property], given: Mapping[str, Any], path: tuple[Step, ...]
    ) -> dict[str, Any]:
        known = {name: name for name in schema} | {old: name for name, prop in schema.items() for old in prop.old}
        for name in given:
            if name not in known and ANY in schema:
                self.value(schema[ANY], given[name], (*path, str(name)))
            elif name not in known:
                words = f"no property is called {shown(name)}{nearest(name, schema)}"
                self.errors.append(TemplateError(words, (*path, str(name))))
        result = {}
        for name, prop in schema.items():
            called, value = self.given(name, prop, given, path)
            if value is not None:
                result[name] = self.value(prop, value, (*path, called))
            elif prop.required and not (prop.type == "any" and name in given):  # null is any value, too
                words = "has no value" if called in given else "is missing"
                self.errors.append(TemplateError(f"the property {name} {words}{_meaning(prop)}", path))
            elif prop.default is not None:
                result[name] = prop.default
        return result

    def given(self, name: str, prop: Property, given: Mapping[str, Any], path: tuple[Step, ...]) -> tuple[str, Any]:
        """The name that a property is given by, and its value; None where it is not given."""
        names = [item for item in (name, *prop.old) if given.get(item) is not None]
        if len(names) > 1:
            words = f"{' and '.join(names)} mean the same property; give {name} alone"
            self.errors.append(TemplateError(words, (*path, names[1])))
        if names:
            return names[0], given[names[0]]
        null = next((item for item in (name, *prop.old) if item in given), "")
        return null or name, prop.null if null else None

    def value(self, prop: Property, value: Any, path: tuple[Step, ...]) -> Any:
        if isinstance(value, Unknown):
            if self.formed and prop.type not in ("string", "any"):
                words = f"must be {_FORMS[prop.type]}, and depends on what exists only later: {value}"
                self.errors.append(TemplateError(words, path))
            return value
        try:
            value = _CONVERT[prop.type](value)
        except TemplateError as error:
            self.errors.append(TemplateError(f"{error.words}{_meant(value)}", path))
            return value
        value = self.inside(prop, value, path)
        if not unknown_in(value):
            self.rules(prop, value, path)
        return value

    def inside(self, prop: Property, value: Any, path: tuple[Step, ...]) -> Any:
        """What is in a map or a list, by their schema."""
        schema = prop.schema
        if schema is None:
            return value
        if isinstance(schema, Mapping):
            return self.properties(schema, value, path)
        return [self.value(schema, item, (*path, index)) for index, item in enumerate(value)]

    def rules(self, prop: Property, value: Any, path: tuple[Step, ...]) -> None:
        for rule in prop.constraints:
            if wrong := rule.check(value, self.lookup):
                reason = f" ({rule.description})" if rule.description else ""
                secret = isinstance(rule, Length | AllowedPattern)  # what passwords have to keep
                words = f"the value{'' if secret else f' {shown(value)}'} {wrong}{reason}"
                self.errors.append(TemplateError(words, path))


def _string(value: Any) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    raise TemplateError(f"must be text, and is {kind_of(value)}")


def _integer(value: Any) -> int:
    found = number(value)
    if found != int(found):
        raise TemplateError(f"must be a whole number, and is {found}")
    return int(found)


def _boolean(value: Any) -> bool:
    text = str(value).lower() if isinstance(value, bool | str) else ""
    if text not in ("true", "false"):
        raise TemplateError(f"must be true or false, and is {kind_of(value)}")
    return text == "true"


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TemplateError(f"must be a list, and is {kind_of(value)}")
    return value


def _map(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TemplateError(f"must be a map, and is {kind_of(value)}")
    return value


_FORMS: Mapping[str, str] = {
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
    "map": "a map",
}
_CONVERT: Mapping[str, Callable[[Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": number,
    "boolean": _boolean,
    "list": _list,
    "map": _map,
    "any": lambda value: value,
}


def _meant(value: Any) -> str:
    """A map of one key may be a function that is spelled wrong."""
    return nearest(next(iter(value)), FUNCTION_NAMES) if isinstance(value, dict) and len(value) == 1 else ""


def _meaning(prop: Property) -> str:
    return f" ({shown(prop.description)})" if prop.description else ""
