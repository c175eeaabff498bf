# SPDX-License-Identifier: Apache-2.0
"""get_param, get_resource, get_attr, get_file, resource_facade: values from outside the text itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackwright.orchestration.functions.base import Plain, as_text, step_into
from stackwright.orchestration.interfaces import Context
from stackwright.orchestration.problem import TemplateError, kind_of, nearest
from stackwright.orchestration.values import Unknown

FACADE = ("metadata", "deletion_policy", "update_policy")
CFN_FACADE = {"Metadata": "metadata", "DeletionPolicy": "deletion_policy", "UpdatePolicy": "update_policy"}


def _get_param(args: Any, context: Context) -> Any:
    name, *path = args if isinstance(args, list) and args else [args]
    value = context.get_param(as_text(name, "the name of the parameter"))
    for unknown in (value, *path):
        if isinstance(unknown, Unknown):
            return unknown
    return step_into(value, path, default="")


def _get_resource(args: Any, context: Context) -> Any:
    return context.get_resource(as_text(args, "the name of the resource"))


def _get_attr(args: Any, context: Context) -> Any:
    return _attribute(args, context, at_least=2)


def _get_attr_or_all(args: Any, context: Context) -> Any:
    return _attribute(args, context, at_least=1)


def _attribute(args: Any, context: Context, at_least: int) -> Any:
    if not isinstance(args, list) or len(args) < at_least:
        raise TemplateError(f"must be a list (resource, attribute, [path ...]), and is {kind_of(args)}")
    if isinstance(args[0], Unknown):
        return args[0]
    name, *path = args
    later = next((step for step in path if isinstance(step, Unknown)), None)
    known = path[: path.index(later)] if later else path
    for step in known[1:]:
        if isinstance(step, bool) or not isinstance(step, str | int):
            raise TemplateError(f"a step of the path must be a key or an index, and is {kind_of(step)}")
    for step in known[:1]:
        as_text(step, "the name of the attribute")
    found = context.get_attr(as_text(name, "the name of the resource"), known)
    return later or found


def _get_file(args: Any, context: Context) -> Any:
    return context.get_file(as_text(args, "the name of the file"))


def _resource_facade(args: Any, context: Context) -> Any:
    return _facade(args, FACADE, context)


def _cfn_resource_facade(args: Any, context: Context) -> Any:
    _facade(args, tuple(CFN_FACADE), None)
    return context.facade(CFN_FACADE[args])


def _facade(name: Any, known: Sequence[str], context: Context | None) -> Any:
    if name not in known:
        raise TemplateError(f"must be one of {', '.join(known)}{nearest(name, known)}")
    return context.facade(name) if context else None


def _ref(args: Any, context: Context) -> Any:
    name = as_text(args, "the name of the parameter or resource")
    return context.get_resource(name) if context.has_resource(name) else context.get_param(name)


def _get_azs(_args: Any, context: Context) -> Any:
    return list(context.zones())


get_param = Plain(_get_param)
get_resource = Plain(_get_resource)
get_attr = Plain(_get_attr)
get_attr_or_all = Plain(_get_attr_or_all)
get_file = Plain(_get_file)
resource_facade = Plain(_resource_facade)
cfn_resource_facade = Plain(_cfn_resource_facade)
ref = Plain(_ref)
get_azs = Plain(_get_azs)
