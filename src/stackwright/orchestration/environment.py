# SPDX-License-Identifier: Apache-2.0
"""Environments: values for parameters, and what stands for a resource type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stackwright.orchestration.parameters import convert
from stackwright.orchestration.parse import line_of, parse_map
from stackwright.orchestration.problem import TemplateError, inside, kind_of, nearest, shown
from stackwright.orchestration.resource_registry import ResourceRegistry, read_registry

SECTIONS = (
    "parameters",
    "parameter_defaults",
    "resource_registry",
    "parameter_merge_strategies",
    "encrypted_param_names",
    "event_sinks",
)
STRATEGIES = ("overwrite", "merge", "deep_merge")


@dataclass(frozen=True)
class Environment:
    """What one environment file says, or several merged in their order."""

    file: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    parameter_defaults: Mapping[str, Any] = field(default_factory=dict)
    registry: ResourceRegistry = field(default_factory=ResourceRegistry)
    strategies: Mapping[str, str] = field(default_factory=dict)
    encrypted: tuple[str, ...] = ()
    event_sinks: tuple[Mapping[str, Any], ...] = ()

    def child(self, resource: str, kind: str, parameters: Mapping[str, Any]) -> Environment:
        """The environment of the nested stack that a resource of the type `kind` is."""
        return replace(self, parameters=parameters, registry=self.registry.child(resource, kind))


def read_environment(text: str | bytes, file: str = "") -> Environment:
    """The environment of a YAML text. Raises TemplateError with file, line and path."""
    with inside(file=file):
        data = parse_map(text, file, "an environment")
        for key in data:
            if key not in SECTIONS:
                words = f"an environment has no {shown(key)}{nearest(key, SECTIONS)}; known are {', '.join(SECTIONS)}"
                raise TemplateError(words, line=line_of(data, key))
        with inside("resource_registry", line=line_of(data, "resource_registry")):
            registry = read_registry(_map(data, "resource_registry"), file)
        return Environment(
            file=file,
            parameters=_map(data, "parameters"),
            parameter_defaults=_map(data, "parameter_defaults"),
            registry=registry,
            strategies=_strategies(data),
            encrypted=tuple(map(str, _list(data, "encrypted_param_names"))),
            event_sinks=_event_sinks(data),
        )


def merged(environments: Sequence[Environment], types: Mapping[str, str]) -> Environment:
    """Several environments as one; later ones win, or add to what is there where a merge strategy says so.

    `types` are the types of the template's parameters by name.
    """
    result = Environment()
    for other in environments:
        with inside(file=other.file):
            result = _merged(result, other, types)
    return result


def _merged(first: Environment, second: Environment, types: Mapping[str, str]) -> Environment:
    strategies = _agreed(first.strategies, second, types)
    return Environment(
        file=second.file,
        parameters=_merged_values(first.parameters, second.parameters, strategies, types, "parameters"),
        parameter_defaults=_merged_values(
            first.parameter_defaults, second.parameter_defaults, strategies, types, "parameter_defaults"
        ),
        registry=first.registry.merged(second.registry),
        strategies=strategies,
        encrypted=tuple(dict.fromkeys((*first.encrypted, *second.encrypted))),
        event_sinks=(*first.event_sinks, *second.event_sinks),
    )


def _agreed(before: Mapping[str, str], other: Environment, types: Mapping[str, str]) -> dict[str, str]:
    """The strategy of each parameter that has a value so far. It may be chosen once."""
    agreed = dict(before)
    default = other.strategies.get("default", "overwrite")
    for name in {**other.parameters, **other.parameter_defaults}:
        if name not in types:
            continue
        wanted = other.strategies.get(name, agreed.get(name, default))
        if agreed.setdefault(name, wanted) != wanted:
            words = f"{name} is merged by {agreed[name]} in an environment before this one, and by {wanted} here"
            raise TemplateError(words, ("parameter_merge_strategies", name))
    return agreed


def _merged_values(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    strategies: Mapping[str, str],
    types: Mapping[str, str],
    section: str,
) -> dict[str, Any]:
    result = dict(old)
    for name, value in new.items():
        strategy = strategies.get(name, "overwrite")
        if value is None and name in result:
            continue
        if strategy == "overwrite" or result.get(name) is None:
            result[name] = value
            continue
        with inside(section, name, line=line_of(new, name)):
            result[name] = _added(result[name], value, types[name], deep=strategy == "deep_merge")
    return result


def _added(old: Any, new: Any, kind: str, deep: bool) -> Any:
    """Two values of a parameter as one."""
    if kind == "boolean":
        raise TemplateError("true and false cannot be merged: the strategy must be overwrite")
    first, second = convert(kind, old), convert(kind, new)
    if kind == "json":
        if not isinstance(first, dict) or not isinstance(second, dict):
            raise TemplateError(f"only maps can be merged, and this is {kind_of(second)}")
        return _merged_maps(first, second, deep)
    return first + second


def _merged_maps(old: Mapping[str, Any], new: Mapping[str, Any], deep: bool) -> dict[str, Any]:
    result = dict(old)
    for key, value in new.items():
        if value is not None:
            result[key] = _deep(old.get(key), value) if deep and key in old else value
    return result


def _deep(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return _merged_maps(old, new, deep=True)
    for kind in (list, str):
        if isinstance(old, kind) and isinstance(new, kind):
            return old + new  # type: ignore[operator]
    return new


def _map(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, dict):
        raise TemplateError(f"must be a map, and is {kind_of(value)}", (key,), line_of(data, key))
    return value or {}


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, list):
        raise TemplateError(f"must be a list, and is {kind_of(value)}", (key,), line_of(data, key))
    return value or []


def _strategies(data: Mapping[str, Any]) -> dict[str, str]:
    section = _map(data, "parameter_merge_strategies")
    for name, strategy in section.items():
        if strategy not in STRATEGIES:
            words = f"must be one of {', '.join(STRATEGIES)}{nearest(strategy, STRATEGIES)}"
            raise TemplateError(words, ("parameter_merge_strategies", str(name)), line_of(section, name))
    return dict(section)


def _event_sinks(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    sinks = _list(data, "event_sinks")
    for index, sink in enumerate(sinks):
        if not isinstance(sink, dict) or not isinstance(sink.get("type"), str):
            words = f"an event sink must be a map with its type, and is {kind_of(sink)}"
            raise TemplateError(words, ("event_sinks", index), line_of(sinks, index))
    return tuple(sinks)
