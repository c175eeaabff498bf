# SPDX-License-Identifier: Apache-2.0
"""Resources that consist of others: the members of a group or a chain as a template of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import count, islice
from typing import Any

from stackwright.orchestration.problem import TemplateError, kind_of
from stackwright.orchestration.template import ResourceDefinition, Template
from stackwright.orchestration.versions import Version

MAX_RESOURCES = 20_000
"""Resources of one stack, with those that consist of others."""
TOO_MANY = f"a stack has at most {MAX_RESOURCES} resources; make it smaller, or several of it"
AS_IT_IS = Version("", {}, {})
"""What members are given is evaluated already: whatever it looks like, it is data."""


def group(definition: ResourceDefinition, given: Mapping[str, Any], file: str, removed: Collection[str]) -> Template:
    """The members of an OS::Heat::ResourceGroup: as many as `count` says, without those that were removed."""
    if int(given.get("count", 1)) > MAX_RESOURCES:
        raise TemplateError(TOO_MANY, ("properties", "count"))
    member = given.get("resource_def") or {}
    variable = str(given.get("index_var") or "%index%")
    names = islice((str(index) for index in count() if str(index) not in removed), int(given.get("count", 1)))
    members = {
        name: ResourceDefinition(
            name=name,
            type=_type(member.get("type")),
            properties=_with_index(member.get("properties") or {}, variable, name),
            metadata=_with_index(member.get("metadata") or {}, variable, name),
            line=definition.line,
        )
        for name in names
    }
    return _template(file, members)


def chain(definition: ResourceDefinition, given: Mapping[str, Any], file: str) -> Template:
    """The members of an OS::Heat::ResourceChain: one of each type, each after the one before it."""
    members: dict[str, ResourceDefinition] = {}
    before: tuple[str, ...] = ()
    for index, kind in enumerate(given.get("resources") or ()):
        name = str(index)
        members[name] = ResourceDefinition(
            name=name,
            type=_type(kind),
            properties=given.get("resource_properties") or {},
            depends_on=before,
            line=definition.line,
        )
        before = () if given.get("concurrent") else (name,)
    return _template(file, members)


def removed(given: Mapping[str, Any], before: Mapping[str, str], references: Mapping[str, str]) -> dict[str, str]:
    """The members that a group has to do without, by its removal_policies: name -> the reference that named it, or ''.

    before: those removed earlier; a reference goes on meaning the same member when that is gone.
    references: what get_resource gives for a member -> its name.
    """
    known = {reference: name for name, reference in before.items() if reference} | {**references}
    kept = {} if given.get("removal_policies_mode") == "update" else {**before}
    policies = given.get("removal_policies") or ()
    listed = [str(item) for policy in policies for item in policy.get("resource_list") or ()]
    return kept | {known.get(item, item): item if item in known else "" for item in listed}


def _template(file: str, members: Mapping[str, ResourceDefinition]) -> Template:
    return Template(
        file=file,
        version=AS_IT_IS,
        description="",
        parameters={},
        groups=(),
        conditions={},
        resources=members,
        outputs={},
    )


def _type(kind: Any) -> str:
    if not isinstance(kind, str):
        raise TemplateError(f"the type of a member must be text, and is {kind_of(kind)}")
    return kind


def _with_index(value: Any, variable: str, index: str) -> Any:
    if isinstance(value, str):
        return value.replace(variable, index)
    if isinstance(value, dict):
        return {_with_index(key, variable, index): _with_index(item, variable, index) for key, item in value.items()}
    return [_with_index(item, variable, index) for item in value] if isinstance(value, list) else value
