# SPDX-License-Identifier: Apache-2.0
"""list_concat, map_merge, map_replace, filter, repeat, and what CloudFormation had: Select, MemberListToMap."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from stackwright.orchestration.functions.base import Plain, arguments, as_list, as_map, as_text, options, step_into
from stackwright.orchestration.interfaces import Context
from stackwright.orchestration.problem import TemplateError, kind_of
from stackwright.orchestration.values import Unknown


def _list_concat(args: Any, context: Context) -> Any:
    result: list[Any] = []
    for items in as_list(args, "list_concat"):
        if isinstance(items, Unknown):
            return items
        found = [] if items is None else as_list(items, "what is joined to a list")
        context.spend(len(found))
        result += found
    return result


def _list_concat_unique(args: Any, context: Context) -> Any:
    """Of items that are equal the first one stays."""
    items = _list_concat(args, context)
    context.spend(len(items) ** 2)
    return [item for index, item in enumerate(items) if item not in items[:index]]


def _map_merge(args: Any, context: Context) -> Any:
    result: dict[Any, Any] = {}
    for items in as_list(args, "map_merge"):
        if isinstance(items, Unknown):
            return items
        found = {} if items is None else as_map(items, "what is merged into a map")
        context.spend(len(found))
        result.update(found)
    return result


def _map_replace(args: Any, context: Context) -> Any:
    source, replacements = arguments(args, ("map", "replacements"))
    if isinstance(source, Unknown):
        return source
    given = options(replacements or {}, (), ("keys", "values"))
    keys, values = (as_map(given.get(name) or {}, name) for name in ("keys", "values"))
    found = as_map(source or {}, "the map")
    context.spend(len(found))
    result: dict[Any, Any] = {}
    for key, value in found.items():
        new = keys.get(key)
        new = key if new is None else _replacing_key(new, key, found, result)
        result[new] = values.get(value, value) if _hashable(value) else value
    return result


def _replacing_key(new: Any, old: Any, source: Mapping[Any, Any], result: Mapping[Any, Any]) -> Any:
    if not _hashable(new):
        raise TemplateError(f"a key must be text or a number, and the new {old} is {kind_of(new)}")
    if (new in source and new != old) or new in result:
        raise TemplateError(f"{old} cannot become {new}: the map has a key of that name already")
    return new


def _hashable(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _filter(args: Any, context: Context) -> Any:
    unwanted, items = arguments(args, ("values", "list"))
    if not items or not unwanted:
        return items
    unwanted, items = as_list(unwanted, "values"), as_list(items, "the list")
    context.spend(len(unwanted) * len(items))
    return [item for item in items if item not in unwanted]


def _repeat_lists(args: Any, context: Context) -> Any:
    return _repeated(args, context, maps=False)


def _repeat_maps(args: Any, context: Context) -> Any:
    return _repeated(args, context, maps=True)


def _repeat(args: Any, context: Context) -> Any:
    nested = args.get("permutations", True) if isinstance(args, dict) else True
    if not isinstance(nested, bool):
        raise TemplateError(f"permutations must be true or false, and is {kind_of(nested)}")
    return _repeated(args, context, maps=nested, nested=nested)


def _repeated(args: Any, context: Context, maps: bool, nested: bool = True) -> Any:
    """One copy of the template for each combination, or without `nested` for each place in lists of equal length."""
    given = options(args, ("for_each", "template"), ("permutations",), strict=False)
    if isinstance(given["for_each"], Unknown):
        return given["for_each"]
    sources = as_map(given["for_each"], "for_each")
    for value in sources.values():
        if isinstance(value, Unknown):
            return value
    names = [as_text(name, "a name in for_each") for name in sources]
    lists = [_items(name, value, maps) for name, value in sources.items()]
    if (
        not nested
        and len({len(items) for items, value in zip(lists, sources.values(), strict=True) if value is not None}) > 1
    ):
        raise TemplateError("the lists of for_each must have the same length where permutations is false")
    count = prod(map(len, lists)) if nested else min(map(len, lists), default=0)
    context.spend(count * _size(given["template"]))
    combinations = itertools.product(*lists) if nested else zip(*lists, strict=False)
    return [_filled(given["template"], list(zip(names, chosen, strict=True)), context) for chosen in combinations]


def _items(name: str, value: Any, maps: bool) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, dict) and maps:
        return list(value)
    if not isinstance(value, list):
        raise TemplateError(f"{name} in for_each must be a list{' or a map' if maps else ''}, and is {kind_of(value)}")
    return value


def _filled(template: Any, values: Sequence[tuple[str, Any]], context: Context) -> Any:
    if isinstance(template, str):
        return _filled_text(template, values, context)
    if isinstance(template, list):
        return [_filled(item, values, context) for item in template]
    if isinstance(template, dict):
        return {_key(_filled(key, values, context)): _filled(item, values, context) for key, item in template.items()}
    return template


def _filled_text(template: str, values: Sequence[tuple[str, Any]], context: Context) -> Any:
    for name, value in values:
        if template == name and not isinstance(value, str):  # the item itself, whatever it is
            return value
    for name, value in values:
        if name not in template:
            continue
        if isinstance(value, Unknown):
            return value
        if not isinstance(value, str | int | float):
            raise TemplateError(f"{name} stands inside a text, so its items must be text, and one is {kind_of(value)}")
        context.spend(template.count(name) * len(str(value)))
        template = template.replace(name, str(value))
    return template


def _key(value: Any) -> Any:
    if not _hashable(value):
        raise TemplateError(f"a key must be text or a number, and the item for it is {kind_of(value)}")
    return value


def _size(value: Any) -> int:
    """Values and characters of a template, at least one."""
    if isinstance(value, dict):
        return 1 + sum(_size(key) + _size(item) for key, item in value.items())
    if isinstance(value, list):
        return 1 + sum(map(_size, value))
    return 1 + len(value) if isinstance(value, str) else 1


def _cfn_select(args: Any, _context: Context) -> Any:
    index, items = arguments(args, ("index", "list or map"))
    if isinstance(items, Unknown):
        return items
    if isinstance(items, str) and items:
        items = _from_json(items)
    if items is None or items == "":
        return ""
    if isinstance(items, dict):
        as_text(index, "the key")
    elif not isinstance(items, list):
        raise TemplateError(f"what is chosen from must be a list or a map, and is {kind_of(items)}")
    elif not str(index).lstrip("-").isdigit():
        raise TemplateError(f"the index of a list must be a number, and is {kind_of(index)}")
    return step_into(items, [index], default="")


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"the text to choose from must be JSON: {error}") from error


def _cfn_member_list_to_map(args: Any, context: Context) -> dict[str, str]:
    """[Name, Value, [.member.0.Name=a, .member.0.Value=b]] is {a: b}."""
    key_name, value_name, members = arguments(args, ("name of the key", "name of the value", "list"))
    found: dict[str, dict[str, str]] = {}
    for member in as_list(members, "the list of members"):
        name, equals, value = as_text(member, "a member").partition("=")
        place = name.split(".")
        if not equals or len(place) < 3:
            raise TemplateError(f"a member looks like .member.0.{key_name}=VALUE, and this is {member}")
        found.setdefault(place[-2], {})[place[-1]] = value
    context.spend(len(found))
    names = (as_text(key_name, "the name of the key"), as_text(value_name, "the name of the value"))
    return {item[names[0]]: item[names[1]] for item in found.values() if all(name in item for name in names)}


def _cfn_base64(args: Any, _context: Context) -> Any:
    """User data is plain text here: nothing to do."""
    return args if isinstance(args, Unknown) else as_text(args, "the text")


list_concat = Plain(_list_concat)
list_concat_unique = Plain(_list_concat_unique, whole=True)
map_merge = Plain(_map_merge)
map_replace = Plain(_map_replace)
filter_ = Plain(_filter, whole=True)
repeat_lists = Plain(_repeat_lists)
repeat_maps = Plain(_repeat_maps)
repeat = Plain(_repeat)
cfn_select = Plain(_cfn_select)
cfn_member_list_to_map = Plain(_cfn_member_list_to_map, whole=True)
cfn_base64 = Plain(_cfn_base64)
