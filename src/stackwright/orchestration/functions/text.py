# SPDX-License-Identifier: Apache-2.0
"""str_replace and its strict sisters, str_split, list_join, digest, make_url."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlunsplit

from stackwright.orchestration.functions.base import Plain, arguments, as_json, as_map, as_text, joined, options
from stackwright.orchestration.interfaces import Context
from stackwright.orchestration.problem import TemplateError, kind_of, nearest

URL_PARTS = ("scheme", "username", "password", "host", "port", "path", "query", "fragment")
MAX_PORT = 65535


def _str_replace(args: Any, context: Context) -> str:
    return _replaced(*_replace_options(args), context, _plain_or_json)[0]


def _str_replace_plain(args: Any, context: Context) -> str:
    return _replaced(*_replace_options(args), context, _plain)[0]


def _str_replace_strict(args: Any, context: Context) -> str:
    template, params = _replace_options(args)
    text, missing = _replaced(template, params, context, _plain_or_json)
    if missing:
        raise TemplateError(f"the template has no {', '.join(missing)} to replace")
    return text


def _str_replace_vstrict(args: Any, context: Context) -> str:
    for name, value in _replace_options(args)[1].items():
        if value is None or value in ("", [], {}):
            raise TemplateError(f"the value of {name} is empty, and may not be")
    return _str_replace_strict(args, context)


def _cfn_replace(args: Any, context: Context) -> str:
    params, template = arguments(args, ("params", "text"))
    return _replaced(template, as_map(params, "params"), context, _plain)[0]


def _replace_options(args: Any) -> tuple[Any, dict[Any, Any]]:
    given = options(args, ("template", "params"), strict=False)
    return given["template"], as_map(given["params"], "params")


def _replaced(
    template: Any, params: Mapping[Any, Any], context: Context, text_of: Callable[[Any, str, Context], str]
) -> tuple[str, list[str]]:
    """The text, and the names that did not stand in it. Long names go first; what was put in is not searched again."""
    pieces = [(as_text(template, "the template"), False)]
    missing = []
    for name in sorted(params, key=lambda name: (-len(as_text(name, "a name to replace")), name)):
        if not name:
            raise TemplateError("a name to replace may not be empty")
        put_in = text_of(params[name], name, context)
        found = False
        made: list[tuple[str, bool]] = []
        for text, done in pieces:
            first, *others = [text] if done else text.split(name)
            made.append((first, done))
            found = found or bool(others)
            for other in others:
                made += [(put_in, True), (other, False)]
        pieces = made
        context.spend(len(pieces))
        if not found:
            missing.append(name)
    return joined("", [text for text, _ in pieces], context), missing


def _plain(value: Any, name: str, _context: Context) -> str:
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return str(value)
    raise TemplateError(f"the value of {name} must be text or a number, and is {kind_of(value)}")


def _plain_or_json(value: Any, name: str, context: Context) -> str:
    return as_json(value, context) if isinstance(value, dict | list) else _plain(value, name, context)


def _str_split(args: Any, context: Context) -> Any:
    delimiter, text, index = arguments(args, ("delimiter", "text"), ("index",))
    if text is None:
        return None
    context.spend(len(as_text(text, "the text")))
    parts = text.split(_delimiter(delimiter))
    if index is None:
        return parts
    try:
        return parts[int(index)]
    except (ValueError, TypeError):
        raise TemplateError(f"the index must be a number, and is {kind_of(index)}") from None
    except IndexError:
        raise TemplateError(f"the index must be from 0 to {len(parts) - 1}, and is {index}") from None


def _cfn_split(args: Any, context: Context) -> list[str]:
    delimiter, text = arguments(args, ("delimiter", "text"))
    context.spend(len(as_text(text, "the text")))
    return text.split(_delimiter(delimiter))  # type: ignore[no-any-return]


def _delimiter(value: Any) -> str:
    text = as_text(value, "the delimiter")
    if not text:
        raise TemplateError("the delimiter may not be empty")
    return text


def _list_join_one(args: Any, context: Context) -> str:
    delimiter, items = arguments(args, ("delimiter", "list"))
    return _joined(delimiter, [items], _only_text, context)


def _list_join(args: Any, context: Context) -> str:
    if not isinstance(args, list) or len(args) < 2:
        raise TemplateError(f"must be a list (delimiter, list, [list ...]), and is {kind_of(args)}")
    return _joined(args[0], args[1:], _text_or_json, context)


def _joined(delimiter: Any, lists: list[Any], text_of: Callable[[Any, Context], str], context: Context) -> str:
    parts = []
    for items in lists:
        if items and not isinstance(items, list):
            raise TemplateError(f"what is joined must be a list, and is {kind_of(items)}")
        parts += [text_of(item, context) for item in items or []]
    return joined(as_text(delimiter, "the delimiter"), parts, context)


def _only_text(item: Any, _context: Context) -> str:
    return "" if item is None else as_text(item, "an item to join")


def _text_or_json(item: Any, context: Context) -> str:
    if isinstance(item, dict | list):
        return as_json(item, context)
    if item is None or isinstance(item, str):
        return item or ""
    raise TemplateError(f"an item to join must be text, a map or a list, and is {kind_of(item)}")


def _digest(args: Any, context: Context) -> str:
    algorithm, value = (as_text(item, "algorithm and value") for item in arguments(args, ("algorithm", "value")))
    fixed = {name for name in hashlib.algorithms_available if not name.startswith("shake")}
    if algorithm.lower() not in fixed:
        raise TemplateError(f"no digest is called {algorithm}{nearest(algorithm, fixed)}")
    context.spend(len(value))
    try:
        return hashlib.new(algorithm.lower(), value.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    except ValueError as error:
        raise TemplateError(f"the digest {algorithm} cannot be made on this machine: {error}") from error


def _make_url(args: Any, _context: Context) -> str:
    given = options(args, (), URL_PARTS)
    part = {name: as_text(given.get(name, ""), name) for name in URL_PARTS if name not in ("port", "query")}
    if ":" in part["scheme"]:
        raise TemplateError("the scheme is written without a colon, like https")
    query = as_map(given.get("query", {}), "query")
    return urlunsplit(
        (
            part["scheme"],
            _netloc(part, _port(given.get("port", ""))),
            quote(part["path"]),
            urlencode(query).replace("%2F", "/"),
            quote(part["fragment"]),
        )
    )


def _netloc(part: Mapping[str, str], port: str) -> str:
    user = quote(part["username"], safe="")
    if part["password"]:
        user += f":{quote(part['password'], safe='')}"
    host = quote(part["host"].removeprefix("[").removesuffix("]"), safe=":")
    host = f"[{host}]" if ":" in host else host
    return f"{user}@{host}{port}" if user else f"{host}{port}"


def _port(value: Any) -> str:
    if value in ("", None):
        return ""
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if isinstance(value, bool) or not 0 < number <= MAX_PORT:
        raise TemplateError(f"the port must be a number from 1 to {MAX_PORT}, and is {kind_of(value)}")
    return f":{number}"


str_replace_plain = Plain(_str_replace_plain, whole=True)
str_replace = Plain(_str_replace, whole=True)
str_replace_strict = Plain(_str_replace_strict, whole=True)
str_replace_vstrict = Plain(_str_replace_vstrict, whole=True)
cfn_replace = Plain(_cfn_replace, whole=True)
str_split = Plain(_str_split, whole=True)
cfn_split = Plain(_cfn_split, whole=True)
list_join_one = Plain(_list_join_one, whole=True)
list_join = Plain(_list_join, whole=True)
digest = Plain(_digest, whole=True)
make_url = Plain(_make_url, whole=True)
