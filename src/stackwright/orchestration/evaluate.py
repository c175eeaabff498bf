# SPDX-License-Identifier: Apache-2.0
"""A value of a template with its functions replaced by what they give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.orchestration.interfaces import Context, Function
from stackwright.orchestration.parse import line_of
from stackwright.orchestration.problem import TemplateError
from stackwright.orchestration.values import OMITTED, Unknown, unknown_in

Functions = Mapping[Any, Function]


def evaluate(value: Any, context: Context) -> Any:
    """The value with every function called. Unknown where it exists only later; None if `if` leaves it out."""
    result = resolve(value, context, context.functions)
    return None if result is OMITTED else result


def resolve(value: Any, context: Context, functions: Functions) -> Any:
    """Like evaluate, with a choice of functions; OMITTED if `if` leaves it out."""
    if isinstance(value, dict):
        function = functions.get(next(iter(value))) if len(value) == 1 else None
        if function:
            return _call(function, value, context, functions)
        return _map(value, context, functions)
    if isinstance(value, list):
        return _list(value, context, functions)
    return value


def _map(value: dict[Any, Any], context: Context, functions: Functions) -> dict[Any, Any]:
    result = {}
    for key, item in value.items():
        try:
            found = resolve(item, context, functions)
        except TemplateError as error:
            error.inside(key, line=line_of(value, key))
            raise
        if found is not OMITTED:
            result[key] = found
    return result


def _list(value: list[Any], context: Context, functions: Functions) -> list[Any]:
    result = []
    for index, item in enumerate(value):
        try:
            found = resolve(item, context, functions)
        except TemplateError as error:
            error.inside(index, line=line_of(value, index))
            raise
        if found is not OMITTED:
            result.append(found)
    return result


def _call(function: Function, value: dict[Any, Any], context: Context, functions: Functions) -> Any:
    [name] = value
    try:
        if function.lazy:
            return function.call(value[name], context)
        arguments = resolve(value[name], context, functions)
        unknown = unknown_in(arguments) if function.whole else arguments
        if isinstance(unknown, Unknown):
            return unknown
        return function.call(arguments, context)
    except TemplateError as error:
        error.inside(name, line=line_of(value, name))
        raise
