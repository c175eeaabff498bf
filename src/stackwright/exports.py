# SPDX-License-Identifier: Apache-2.0
"""What is needed to declare a stack again, here or elsewhere, without what it hides."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import yaml

from stackwright.engine.resource import Resource
from stackwright.engine.view import Picture
from stackwright.orchestration.stack import Source

ANCHOR = re.compile(r"&\S+\s+")
VALUES = ("parameters", "parameter_defaults")
"""Where an environment gives parameters their values."""


def export(stack: Resource, picture: Picture) -> dict[str, Any]:
    """Template, files, environments and parameters as `StackSpec` has them, and its resources by path.

    hidden: parameters that have no value in that, neither given, nor in a file, and have to be given again.
    """
    spec = stack.spec
    source = Source.read(spec["template"], spec["files"], spec["environments"], spec["parameters"])
    hidden = sorted(source.hidden() & source.template.parameters.keys())
    files = dict(spec["files"])
    for name in spec["environments"]:
        files[name] = _without(files[name], [(section, key) for section in VALUES for key in source.hidden()])
    files[spec["template"]] = _without(files[spec["template"]], [("parameters", key, "default") for key in hidden])
    return {
        "template": spec["template"],
        "files": files,
        "environments": spec["environments"],
        "parameters": {key: value for key, value in spec["parameters"].items() if key not in source.hidden()},
        "hidden": hidden,
        "resources": {
            path: {**part, "name": picture.resources[part["id"]].name}
            for path, part in stack.attributes.get("resources", {}).items()
            if part["id"] in picture.resources
        },
    }


def _without(text: str, paths: Collection[tuple[str, ...]]) -> str:
    """A YAML text with null for what is at some paths; the rest of it stays letter by letter."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found = {node.start_mark.index: node for path in paths for node in _at(root, path)}  # an alias is what it names
    for _, node in sorted(found.items(), reverse=True):
        rest = text[node.start_mark.index : node.end_mark.index]
        head = ANCHOR.match(rest)  # an alias must still find it
        tail = rest[len(rest.rstrip()) :]  # what a block has behind it belongs to the next line
        covered = f"{head[0] if head else ''}null{tail}"
        text = text[: node.start_mark.index] + covered + text[node.end_mark.index :]
    return text


def _at(node: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if not path:
        yield node
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == path[0]:
                yield from _at(value, path[1:])
