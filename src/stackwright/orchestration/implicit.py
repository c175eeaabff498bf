# SPDX-License-Identifier: Apache-2.0
"""The order of resources that no reference tells: a port comes after the subnets of its network.

Source: `add_dependencies` of Heat's resource types. What others make up comes after all subnets and routers of its
template, since nobody knows yet what is inside; where these need it themselves, it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from stackwright.orchestration.graph import Draft
from stackwright.orchestration.nodes import Unit
from stackwright.orchestration.properties import checked
from stackwright.orchestration.resource_registry import is_template
from stackwright.orchestration.types import find
from stackwright.orchestration.types.base import Properties, Type

FOUNDATIONS = ("OS::Neutron::Subnet", "OS::Neutron::RouterInterface", "OS::Neutron::RouterGateway")


def with_implicit(unit: Unit, drafts: Mapping[str, Draft]) -> dict[str, set[str]]:
    """For every resource the names of those that come before it."""
    needs = {name: set(draft.needs) for name, draft in drafts.items()}
    types = {name: _type(unit, name) for name in drafts}
    by_type: dict[str, list[str]] = {}
    for name, found in types.items():
        by_type.setdefault(found.name if found else "", []).append(name)

    @cache
    def properties(name: str) -> Properties:
        found = types[name]
        return checked(found.properties, drafts[name].properties)[0] if found else {}

    for name, found in types.items():
        for earlier in _earlier(name, found, properties, by_type):
            if earlier != name and not _leads(needs, earlier, name):
                needs[name].add(earlier)
    return needs


def _type(unit: Unit, name: str) -> Type | None:
    kind = unit.environment.registry.find(unit.context.template.resources[name].type, name)
    return None if is_template(kind) else find(kind)


def _earlier(
    name: str, found: Type | None, properties: Callable[[str], Properties], by_type: Mapping[str, list[str]]
) -> Iterator[str]:
    if found is None or found.made_of:
        yield from (item for kind in FOUNDATIONS for item in by_type.get(kind, ()))
        return
    for rule in found.after:
        for other in (item for kind in rule.types for item in by_type.get(kind, ())):
            if not rule.here or rule.holds(properties(name), properties(other)):
                yield other


def _leads(needs: Mapping[str, set[str]], start: str, goal: str) -> bool:
    """Whether `start` comes after `goal` already, so that the reverse would be a circle."""
    seen: set[str] = set()
    rest = [start]
    while rest:
        name = rest.pop()
        if name == goal:
            return True
        rest += needs.get(name, set()) - seen
        seen |= needs.get(name, set())
    return False
