# SPDX-License-Identifier: Apache-2.0
"""What the functions of templates share: their shape, and text made of values."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stackwright.orchestration.interfaces import Context
from stackwright.orchestration.problem import TemplateError, kind_of, nearest


@dataclass(frozen=True)
class Plain:
    """A function of templates; see interfaces.Function."""

    call: Callable[[Any, Context], Any]
    lazy: bool = False
    whole: bool = False


def arguments(args: Any, names: Sequence[str], optional: Sequence[str] = ()) -> list[Any]:
    """The arguments of a function that takes a list; what is left out is None."""
    wanted = ", ".join([*names, *(f"[{name}]" for name in optional)])
    if not isinstance(args, list):
        raise TemplateError(f"must be a list ({wanted}), and is {kind_of(args)}")
    if not len(names) <= len(args) <= len(names) + len(optional):
        raise TemplateError(f"must be a list ({wanted}), and has {len(args)} items")
    return args + [None] * (len(names) + len(optional) - len(args))


def options(args: Any, required: Sequence[str], optional: Sequence[str] = (), strict: bool = True) -> Mapping[str, Any]:
    """The arguments of a function that takes a map."""
    known = (*required, *optional)
    if not isinstance(args, dict):
        raise TemplateError(f"must be a map with {', '.join(known)}, and is {kind_of(args)}")
    for name in required:
        if name not in args:
            raise TemplateError(f"must have the key {name}{nearest(name, map(str, args))}")
    for name in args:
        if strict and name not in known:
            raise TemplateError(f"has no key {name}{nearest(name, known)}; its keys are {', '.join(known)}")
    return args


def as_list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise TemplateError(f"{what} must be a list, and is {kind_of(value)}")
    return value


def as_map(value: Any, what: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise TemplateError(f"{what} must be a map, and is {kind_of(value)}")
    return value


def as_text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise TemplateError(f"{what} must be text, and is {kind_of(value)}")
    return value


def as_json(value: Any, context: Context) -> str:
    """Maps and lists inside a text are written as JSON, with their keys sorted."""
    try:
        text = json.dumps(value, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise TemplateError(f"{kind_of(value)} cannot be written as JSON: {error}") from error
    context.spend(len(text))
    return text


def joined(delimiter: str, parts: Sequence[str], context: Context) -> str:
    """The parts as one text, if it does not grow beyond what a template may make."""
    context.spend(sum(map(len, parts)) + len(delimiter) * len(parts))
    return delimiter.join(parts)


def step_into(value: Any, path: Sequence[Any], default: Any = None) -> Any:
    """What `path` names inside a value: keys of maps, indexes of lists (`"0"` too). `default` if there is none."""
    for step in path:
        try:
            value = value[int(step)] if isinstance(value, list | str) else value[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return default
    return value
