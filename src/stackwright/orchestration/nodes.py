# SPDX-License-Identifier: Apache-2.0
"""What stands for a resource once it is declared: what others get when they refer to it, and its attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any, Protocol

from stackwright.orchestration.context import StackContext
from stackwright.orchestration.environment import Environment
from stackwright.orchestration.functions.base import step_into
from stackwright.orchestration.problem import unknown_name
from stackwright.orchestration.types.base import Look, Type
from stackwright.orchestration.values import Unknown

MEMBER = "resource."
"""An attribute that begins so leads into a resource that others make up: resource.0.first_address."""


@dataclass(frozen=True)
class Generated(Unknown):
    """A secret that is made when the stack is: nobody can see it before."""

    def __str__(self) -> str:
        return "(generated)"


class Node(Protocol):
    """A resource of a template."""

    def reference(self) -> Any:
        """What get_resource gives."""

    def attribute(self, path: Sequence[Any]) -> Any:
        """What get_attr gives; all attributes for an empty path."""

    def leaves(self) -> Iterator[Leaf]:
        """The declared resources that it consists of."""


@dataclass(frozen=True)
class Leaf:
    """One declared resource.

    made_now: its value was generated in this very run. kept: it outlives its stack. pictured: an image of it does.
    foreign: it was there without us.
    """

    name: str
    type: Type
    id: str
    look: Look
    veil: Veil
    made_now: bool = False
    kept: bool = False
    pictured: bool = False
    foreign: bool = False

    def reference(self) -> Any:
        if self.type.secret and self.veil.covers(self):
            return Generated(self.name, "value")
        return self.type.reference(self.look.get(self.id), self.look)

    def attribute(self, path: Sequence[Any]) -> Any:
        if self.type.secret and self.veil.covers(self):
            return Generated(self.name, ".".join(map(str, path)))
        row = self.look.get(self.id)
        if not path:
            return {name: self.type.attribute(name, row, self.look) for name in self.type.values if name != "*"}
        return step_into(self.type.attribute(str(path[0]), row, self.look), path[1:])

    def leaves(self) -> Iterator[Leaf]:
        if not self.foreign:
            yield self


@dataclass
class Veil:
    """What of the secrets is covered: in a preview those that are made anew, or all of them."""

    preview: bool
    everything: bool = False

    def covers(self, leaf: Leaf) -> bool:
        return self.everything or (self.preview and leaf.made_now)


@dataclass
class Unit:
    """One template of a stack: its own, or one that a resource of another template consists of.

    path: names of the resources that lead here. location: the template's; '' where it has no file of its own.
    """

    path: tuple[str, ...]
    location: str
    environment: Environment
    parent: Unit | None = None
    context: StackContext = field(init=False)
    sorter: TopologicalSorter[str] = field(init=False)
    nodes: dict[str, Node] = field(default_factory=dict)
    complete: bool = False
    known: dict[str, Any] = field(default_factory=dict)
    """Its outputs, once it is complete."""

    def place(self, name: str) -> tuple[str, ...]:
        """Where one of its resources is in the file that describes it: resources.web.0 for a member of a group."""
        above = ("resources",) if self.location or self.parent is None else self.parent.place(self.path[-1])
        return (*above, name)

    def reference(self, name: str) -> Any:
        """What stands for one of its resources."""
        return self.nodes[name].reference()

    def attribute(self, name: str, path: Sequence[Any]) -> Any:
        """The value of an attribute of one of its resources."""
        return self.nodes[name].attribute(path)

    def outputs(self) -> dict[str, Any]:
        """The outputs of its template."""
        return {name: self.output(name) for name in self.context.template.outputs}

    def output(self, name: str) -> Any:
        """One of them."""
        if name in self.known:
            return self.known[name]
        value = self.context.output(self.context.template.outputs[name])
        if self.complete:
            self.known[name] = value
        return value

    def leaves(self) -> Iterator[Leaf]:
        """All that is declared below it."""
        for node in self.nodes.values():
            yield from node.leaves()

    def ways_in(self) -> list[str]:
        """The locations of the templates that lead here, outermost first."""
        above = self.parent.ways_in() if self.parent else []
        return [*above, self.location] if self.location else above

    def member(self, asked: str, rest: Sequence[Any]) -> Any:
        """What `resource.NAME.ATTRIBUTE` leads to; without an attribute, what stands for the resource."""
        name, _, attribute = asked.removeprefix(MEMBER).partition(".")
        if name not in self.nodes:
            raise unknown_name("resource", name, self.nodes)
        steps = [attribute] if attribute.startswith(MEMBER) else filter(None, attribute.split("."))
        path = [*steps, *rest]
        return self.attribute(name, path) if path else self.reference(name)


@dataclass(frozen=True)
class Nested:
    """A resource that another template stands for, or an OS::Heat::Stack: its attributes are the outputs."""

    unit: Unit
    stack: str
    is_stack: bool = False

    def reference(self) -> Any:
        chosen = "OS::stack_id" in self.unit.context.template.outputs
        return self.unit.output("OS::stack_id") if chosen else f"{self.stack}/{'/'.join(self.unit.path)}"

    def attribute(self, path: Sequence[Any]) -> Any:
        outputs = self.unit.context.template.outputs
        if not path:
            return self.unit.outputs()
        first, *rest = path
        if first == "outputs":
            return step_into(self.unit.outputs(), rest)
        if first == "stack_name" and self.is_stack:
            return self.unit.context.get_param("OS::stack_name")
        if str(first).startswith(MEMBER):
            return self.unit.member(str(first), rest)
        if first not in outputs:
            raise unknown_name(f"output of {self.unit.location}", first, outputs)
        return step_into(self.unit.output(first), rest)

    def leaves(self) -> Iterator[Leaf]:
        return self.unit.leaves()


@dataclass(frozen=True)
class Group:
    """An OS::Heat::ResourceGroup or ResourceChain: an attribute of it is the list of its members'."""

    unit: Unit
    stack: str
    removed: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)

    def reference(self) -> Any:
        return f"{self.stack}/{'/'.join(self.unit.path)}"

    def attribute(self, path: Sequence[Any]) -> Any:
        if not path:
            return {"refs": list(self._map().values()), "refs_map": self._map()}
        first, *rest = path
        if str(first).startswith(MEMBER):
            return self.unit.member(str(first), rest)
        if first == "attributes":
            return self._attributes(rest)
        if first == "refs":
            return step_into(list(self._map().values()), rest)
        if first == "refs_map":
            return step_into(self._map(), rest)
        if first == "removed_rsrc_list":
            return step_into(list(self.removed), rest)
        return [self.unit.attribute(name, path) for name in self.unit.nodes]

    def _map(self) -> dict[str, Any]:
        return {name: self.unit.reference(name) for name in self.unit.nodes}

    def _attributes(self, path: Sequence[Any]) -> dict[str, Any]:
        return {name: self.unit.attribute(name, path) for name in self.unit.nodes}

    def leaves(self) -> Iterator[Leaf]:
        return self.unit.leaves()
