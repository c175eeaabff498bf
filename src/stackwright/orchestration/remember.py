# SPDX-License-Identifier: Apache-2.0
"""What is remembered of a stack beside its resources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from stackwright.orchestration.nodes import Group, Leaf, Node, Unit, Veil
from stackwright.orchestration.stack import Source
from stackwright.orchestration.values import told, unknown_in


def remembered(
    root: Unit, units: Sequence[Unit], groups: Sequence[Group], veil: Veil, source: Source
) -> dict[str, Any]:
    """The attributes of a stack that is expanded.

    outputs: by name. veiled: names of those that hold a generated secret. resources: by path. kept: ids of what
    outlives the stack. pictured: ids of the servers that an image is made of before they go. sequence: id -> ids of
    what the user wants before it. removed: by group, members it has to do without. rolling: by group with an
    update_policy, what that says and the ids that each member consists of; not which of them are new, so that it is
    the same each time. hooks: by path, when to wait, and the ids of what that consists of.
    """
    leaves = {"/".join((*unit.path, name)): leaf for unit in units for name, leaf in _own(unit)}
    return {
        "description": source.template.description,
        "parameters": _shown_parameters(root, source),
        "outputs": {name: told(value) for name, value in root.outputs().items()},
        "veiled": _veiled(root, units, veil),
        "resources": {
            path: {"type": leaf.type.name, "kind": leaf.type.kind, "id": leaf.id} for path, leaf in leaves.items()
        },
        "kept": [leaf.id for leaf in leaves.values() if leaf.kept],
        "pictured": [leaf.id for leaf in leaves.values() if leaf.pictured],
        "sequence": _sequence(units),
        "removed": {"/".join(group.unit.path): dict(group.removed) for group in groups if group.removed},
        "rolling": {"/".join(group.unit.path): _rolling(group) for group in groups if group.policy},
        "hooks": _hooks(units),
    }


def _own(unit: Unit) -> Iterator[tuple[str, Leaf]]:
    return ((name, node) for name, node in unit.nodes.items() if isinstance(node, Leaf))


def _shown_parameters(root: Unit, source: Source) -> dict[str, Any]:
    hidden = source.hidden()
    values = {name: root.context.get_param(name) for name in source.template.parameters}
    return {name: "******" if name in hidden else told(value) for name, value in values.items()}


def _veiled(root: Unit, units: Sequence[Unit], veil: Veil) -> list[str]:
    if not any(leaf.type.secret for leaf in root.leaves()):
        return []
    veil.everything = True
    for unit in units:
        unit.known.clear()
    covered = [name for name, value in root.outputs().items() if unknown_in(value)]
    veil.everything = False
    return covered


def _sequence(units: Sequence[Unit]) -> dict[str, list[str]]:
    """What consists of others is named by its path, with an entry that lists them."""
    found: dict[str, list[str]] = {}
    for unit in units:
        for name, node in unit.nodes.items():
            depends_on = unit.context.template.resources[name].depends_on
            earlier = {other: unit.nodes[other] for other in depends_on if other in unit.nodes}
            names = [_called(unit, other, there) for other, there in earlier.items()]
            for leaf in node.leaves() if names else ():
                found.setdefault(leaf.id, []).extend(names)
            for other, there in earlier.items():
                if not isinstance(there, Leaf):
                    found[_called(unit, other, there)] = [leaf.id for leaf in there.leaves()]
    return found


def _rolling(group: Group) -> dict[str, Any]:
    return {
        "members": [
            [leaf.id for leaf in group.unit.nodes[name].leaves()] for name in group.unit.context.template.resources
        ],
        "create": group.policy.get("batch_create"),
        "update": group.policy.get("rolling_update"),
    }


def _hooks(units: Sequence[Unit]) -> dict[str, Any]:
    found = {}
    for unit in units:
        for name, node in unit.nodes.items():
            if when := sorted(unit.environment.registry.hooks(name)):
                members = [leaf.id for leaf in node.leaves()]
                found["/".join((*unit.path, name))] = {"when": when, "members": members}
    return found


def _called(unit: Unit, name: str, node: Node) -> str:
    return node.id if isinstance(node, Leaf) else f"{unit.context.get_param('OS::stack_id')}/{name}"
