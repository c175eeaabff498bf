# SPDX-License-Identifier: Apache-2.0
"""A template as its author wrote it: sections read and checked, functions not yet called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from stackwright.orchestration.parameters import ParameterDefinition, read_parameter
from stackwright.orchestration.parse import line_of, parse_map
from stackwright.orchestration.problem import TemplateError, inside, kind_of, nearest, shown, unknown_name
from stackwright.orchestration.versions import Version, find_version

SECTIONS = ("heat_template_version", "description", "parameter_groups", "parameters", "resources", "outputs")
RESOURCE_KEYS = (
    "type",
    "properties",
    "metadata",
    "depends_on",
    "deletion_policy",
    "update_policy",
    "description",
)
CFN_VERSIONS = ("AWSTemplateFormatVersion", "HeatTemplateFormatVersion")

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class ResourceDefinition:
    """A resource of a template. What may hold functions is as written; `condition` is None where there is none."""

    name: str
    type: str
    properties: Any = field(default_factory=dict)
    metadata: Any = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    condition: Any = None
    update_policy: Any = field(default_factory=dict)
    deletion_policy: Any = None
    external_id: Any = None
    description: str = ""
    line: int = 0


@dataclass(frozen=True)
class Output:
    """A value that a stack shows."""

    name: str
    value: Any
    description: str = ""
    condition: Any = None
    line: int = 0


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that a form shows together."""

    label: str
    description: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Template:
    """A template. `file` is where it came from: what it names is beside it."""

    file: str
    version: Version
    description: str
    parameters: Mapping[str, ParameterDefinition]
    groups: Sequence[ParameterGroup]
    conditions: Mapping[str, Any]
    resources: Mapping[str, ResourceDefinition]
    outputs: Mapping[str, Output]


def read_template(text: str | bytes, file: str = "") -> Template:
    """The template of a YAML or JSON text. Raises TemplateError with file, line and path."""
    with inside(file=file):
        data = parse_map(text, file, "a template")
        version = _version(data)
        _check_keys(data, (*SECTIONS, "conditions") if version.conditions else SECTIONS, "a template")
        parameters = _entries(data, "parameters", lambda name, item, line: read_parameter(name, item, version, line))
        return Template(
            file=file,
            version=version,
            description=_text(data, "description"),
            parameters=parameters,
            groups=_groups(data, parameters),
            conditions=_section(data, "conditions"),
            resources=_entries(data, "resources", lambda name, item, line: _resource(name, item, version, line)),
            outputs=_entries(data, "outputs", lambda name, item, line: _output(name, item, version, line)),
        )


def _version(data: Mapping[str, Any]) -> Version:
    for name in CFN_VERSIONS:
        if name in data:
            raise TemplateError("this is a CloudFormation template, and there is no CloudFormation service here yet")
    if "heat_template_version" not in data:
        raise TemplateError(
            "the key heat_template_version is missing: a template begins with one, like heat_template_version: rocky"
        )
    with inside(line=line_of(data, "heat_template_version")):
        return find_version(data["heat_template_version"])


def _check_keys(data: Any, known: Sequence[str], what: str) -> None:
    if not isinstance(data, dict):
        raise TemplateError(f"{what} must be a map with {', '.join(known)}, and is {kind_of(data)}")
    for key in data:
        if key not in known:
            raise TemplateError(
                f"{what} of this version has no {shown(key)}{nearest(key, known)}; known are {', '.join(known)}",
                line=line_of(data, key),
            )


def _section(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = data.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise TemplateError(f"must be a map, and is {kind_of(section)}", (name,), line_of(data, name))
    for key in section:
        if not isinstance(key, str):
            raise TemplateError(
                f"a name must be text, and is {kind_of(key)}: write it in quotes",
                (name, str(key)),
                line_of(section, key),
            )
    return section


def _entries(data: Mapping[str, Any], name: str, read: Callable[[str, Any, int], Entry]) -> dict[str, Entry]:
    section = _section(data, name)
    found = {}
    for key, item in section.items():
        with inside(name, key, line=line_of(section, key)):
            found[key] = read(key, item, line_of(section, key))
    return found


def _resource(name: str, data: Any, version: Version, line: int) -> ResourceDefinition:
    known = (*RESOURCE_KEYS, "external_id", "condition") if version.conditions else RESOURCE_KEYS
    _check_keys(data, known, "a resource")
    if "/" in name:
        raise TemplateError("the name of a resource may not have a slash in it")
    if not isinstance(data.get("type"), str) or not data["type"]:
        raise TemplateError(f"the key type must name the type of the resource, and is {kind_of(data.get('type'))}")
    return ResourceDefinition(
        name=name,
        type=data["type"],
        properties=_map(data, "properties"),
        metadata=_map(data, "metadata"),
        depends_on=_names(data, "depends_on"),
        condition=data.get("condition"),
        update_policy=_map(data, "update_policy"),
        deletion_policy=data.get("deletion_policy"),
        external_id=data.get("external_id"),
        description=_text(data, "description"),
        line=line,
    )


def _output(name: str, data: Any, version: Version, line: int) -> Output:
    known = ("description", "value", "condition") if version.conditions else ("description", "value")
    _check_keys(data, known, "an output")
    if "value" not in data:
        raise TemplateError("the key value is missing")
    return Output(name, data["value"], _text(data, "description"), data.get("condition"), line)


def _groups(data: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[ParameterGroup, ...]:
    section = data.get("parameter_groups") or []
    with inside("parameter_groups", line=line_of(data, "parameter_groups")):
        if not isinstance(section, list):
            raise TemplateError(f"must be a list, and is {kind_of(section)}")
        groups: list[ParameterGroup] = []
        for index, item in enumerate(section):
            with inside(index, line=line_of(section, index)):
                groups.append(_group(item, parameters, {name for group in groups for name in group.parameters}))
    return tuple(groups)


def _group(data: Any, parameters: Mapping[str, Any], taken: set[str]) -> ParameterGroup:
    if not isinstance(data, dict):
        raise TemplateError(f"a parameter group must be a map with label and parameters, and is {kind_of(data)}")
    names = data.get("parameters")  # whatever else is in it is for forms, and nothing is made of it
    if not isinstance(names, list):
        raise TemplateError(f"the key parameters must be a list of names, and is {kind_of(names)}")
    for name in names:
        if not isinstance(name, str) or name not in parameters:
            raise unknown_name("parameter", name, parameters)
        if name in taken:
            raise TemplateError(f"the parameter {name} is in another group already")
        taken.add(name)
    return ParameterGroup(_text(data, "label"), _text(data, "description"), tuple(names))


def _map(data: Mapping[str, Any], key: str) -> Any:
    value = data.get(key)
    if value is not None and not isinstance(value, dict):
        raise TemplateError(f"must be a map, and is {kind_of(value)}", (key,), line_of(data, key))
    return value or {}


def _names(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = data.get(key)
    names = [value] if isinstance(value, str) else value or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TemplateError(f"must be a name or a list of names, and is {kind_of(value)}", (key,), line_of(data, key))
    return tuple(names)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if isinstance(value, dict | list):
        raise TemplateError(f"must be text, and is {kind_of(value)}", (key,), line_of(data, key))
    return "" if value is None else str(value)
