# SPDX-License-Identifier: Apache-2.0
"""if, and the functions of conditions: equals, contains, not, and, or."""

from __future__ import annotations

from typing import Any

from stackwright.orchestration.evaluate import resolve
from stackwright.orchestration.functions.base import Plain, arguments, as_list
from stackwright.orchestration.interfaces import Context
from stackwright.orchestration.problem import TemplateError, Undecided, inside, kind_of
from stackwright.orchestration.values import OMITTED, Unknown


def holds(condition: Any, context: Context) -> bool:
    """Whether a condition holds: a name, true or false, or a function of conditions."""
    if isinstance(condition, dict):
        condition = resolve(condition, context, context.condition_functions)
    return _truth(condition, context)


def _truth(value: Any, context: Context) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return context.condition(value)
    if isinstance(value, Unknown):
        raise Undecided(f"a condition must be known at once, and this one is only {value}")
    raise TemplateError(f"must be the name of a condition, a condition, true or false, and is {kind_of(value)}")


def _if(args: Any, context: Context) -> Any:
    return _chosen(arguments(args, ("condition", "value if true", "value if false")), context)


def _if_or_nothing(args: Any, context: Context) -> Any:
    chosen = arguments(args, ("condition", "value if true"), ("value if false",))
    return _chosen(chosen if len(args) > 2 else [*args, OMITTED], context)


def _chosen(args: list[Any], context: Context) -> Any:
    with inside(0):
        branch = 1 if holds(args[0], context) else 2
    with inside(branch):
        return resolve(args[branch], context, context.functions)


def _equals(args: Any, _context: Context) -> bool:
    first, second = arguments(args, ("value", "value"))
    return bool(first == second)


def _contains(args: Any, context: Context) -> bool:
    value, items = arguments(args, ("value", "list"))
    if isinstance(items, str):
        return isinstance(value, str) and value in items
    context.spend(len(as_list(items, "what is searched")))
    return value in items


def _not(args: Any, context: Context) -> bool:
    return not _truth(args, context)


def _and(args: Any, context: Context) -> bool:
    return all(_truth(item, context) for item in _conditions(args))


def _or(args: Any, context: Context) -> bool:
    return any(_truth(item, context) for item in _conditions(args))


def _conditions(args: Any) -> list[Any]:
    if not isinstance(args, list) or len(args) < 2:
        raise TemplateError(f"must be a list of at least two conditions, and is {kind_of(args)}")
    return args


if_ = Plain(_if, lazy=True)
if_or_nothing = Plain(_if_or_nothing, lazy=True)
equals = Plain(_equals, whole=True)
contains = Plain(_contains, whole=True)
not_ = Plain(_not)
and_ = Plain(_and)
or_ = Plain(_or)
