# SPDX-License-Identifier: Apache-2.0
"""The resource_registry of environments: which type or template stands for a resource type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from stackwright.orchestration.files import beside
from stackwright.orchestration.parse import line_of
from stackwright.orchestration.problem import TemplateError, inside, kind_of, nearest, shown

HOOKS = ("pre-create", "pre-update", "pre-delete", "post-create", "post-update", "post-delete")
ACTIONS = ("update", "replace")
WORDS = {"hooks": HOOKS, "restricted_actions": ACTIONS}


@dataclass(frozen=True)
class Node:
    """What is said of resources of one name: types, hooks, restricted actions, and the resources inside them."""

    types: Mapping[str, str | None] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    children: Mapping[str, Node] = field(default_factory=dict)

    def merged(self, other: Node) -> Node:
        children = dict(self.children)
        for name, node in other.children.items():
            children[name] = children.get(name, Node()).merged(node)
        return Node(_merged_types(self.types, other.types), {**self.words, **other.words}, children)


@dataclass(frozen=True)
class ResourceRegistry:
    """Mappings for every resource, and for resources by name."""

    types: Mapping[str, str | None] = field(default_factory=dict)
    resources: Node = field(default_factory=Node)

    def find(self, name: str, resource: str = "") -> str:
        """The type, or the location of the template, that stands for the type `name`. Raises TemplateError."""
        seen = [name]
        while not is_template(name) or name in self.types:
            target = self._target(name, resource)
            if target is None or target == name:
                return name
            if target in seen:
                raise TemplateError(f"resource_registry maps in a circle: {' -> '.join([*seen, target])}")
            seen.append(target)
            name = target
        return name

    def _target(self, name: str, resource: str) -> str | None:
        """For this resource, then for this type, then for the wildcard with most letters."""
        own = self.resources.children.get(resource, Node()).types
        for types in (own, self.types):
            if types.get(name):
                return types[name]
            globs = {
                key: target
                for key, target in types.items()
                if target and target != name and key.endswith("*") and name.startswith(key[:-1])
            }
            if globs:
                pattern = max(globs, key=len)
                return _expanded(pattern, globs[pattern], name)
        return None

    def hooks(self, resource: str) -> frozenset[str]:
        """Where a stack stops and waits for its user, at this resource."""
        return self._words("hooks", resource)

    def restricted_actions(self, resource: str) -> frozenset[str]:
        """What must not be done to this resource: update, replace."""
        return self._words("restricted_actions", resource)

    def merged(self, other: ResourceRegistry) -> ResourceRegistry:
        """Both; the other one wins, and its empty entries take entries away."""
        return ResourceRegistry(_merged_types(self.types, other.types), self.resources.merged(other.resources))

    def child(self, resource: str, kind: str) -> ResourceRegistry:
        """For the nested stack that a resource of the type `kind` is: inside its template, the type is the real one."""
        result = Node()
        for pattern, node in self.resources.children.items():
            if fnmatchcase(resource, pattern):
                result = result.merged(Node(children=node.children))
        return ResourceRegistry({name: target for name, target in self.types.items() if name != kind}, result)

    def _words(self, kind: str, resource: str) -> frozenset[str]:
        matching = (node for pattern, node in self.resources.children.items() if fnmatchcase(resource, pattern))
        return frozenset(word for node in matching for word in node.words.get(kind, ()))


def is_template(name: str) -> bool:
    """Whether the name of a type is that of a file."""
    return name.endswith((".yaml", ".template"))


def read_registry(data: Mapping[str, Any], file: str) -> ResourceRegistry:
    """The section of an environment; the files it names are beside it (or below its base_url)."""
    base = data.get("base_url")
    if base is not None and not isinstance(base, str):
        raise TemplateError(f"must be text, and is {kind_of(base)}", ("base_url",), line_of(data, "base_url"))
    near = f"{base.rstrip('/')}/" if base else file
    types = {}
    for name, target in data.items():
        if name not in ("base_url", "resources"):
            with inside(str(name), line=line_of(data, name)):
                types[str(name)] = _type(target, near)
    with inside("resources", line=line_of(data, "resources")):
        return ResourceRegistry(types, _node(data.get("resources") or {}, near, top=True))


def _node(data: Any, near: str, top: bool = False) -> Node:
    if not isinstance(data, dict):
        raise TemplateError(f"must be a map of resources, and is {kind_of(data)}")
    types, words, children = {}, {}, {}
    for name, item in data.items():
        with inside(str(name), line=line_of(data, name)):
            if isinstance(item, dict) or top:
                children[str(name)] = _node(item, near)
            elif name in WORDS:
                words[str(name)] = _choice(item, WORDS[name])
            else:
                types[str(name)] = _type(item, near)
    return Node(types, words, children)


def _type(target: Any, near: str) -> str | None:
    if target is None:
        return None
    if not isinstance(target, str) or not target:
        raise TemplateError(f"must be a type or the name of a template, and is {kind_of(target)}")
    return target if "::" in target and not is_template(target) else beside(near, target)


def _choice(value: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list):
        raise TemplateError(f"must be one or more of {', '.join(known)}, and is {kind_of(value)}")
    for word in words:
        if word not in known:
            raise TemplateError(f"{shown(word)} must be one of {', '.join(known)}{nearest(word, known)}")
    return tuple(words)


def _merged_types(old: Mapping[str, str | None], new: Mapping[str, str | None]) -> dict[str, str | None]:
    result = dict(old)
    for name, target in new.items():
        if target is not None:
            result[name] = target
        elif name.endswith("*"):
            result = {key: value for key, value in result.items() if not key.startswith(name[:-1])}
        else:
            result.pop(name, None)
    return result


def _expanded(pattern: str, target: str, name: str) -> str:
    return target[:-1] + name[len(pattern) - 1 :] if target.endswith("*") else target
