# SPDX-License-Identifier: Apache-2.0
"""The values of one stack: what its functions ask for, from the template and from whoever knows the resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stackwright.orchestration.conditions import Conditions
from stackwright.orchestration.evaluate import evaluate
from stackwright.orchestration.files import Files, beside, text_of
from stackwright.orchestration.functions.logic import holds
from stackwright.orchestration.interfaces import Function
from stackwright.orchestration.parse import MAX_DEPTH
from stackwright.orchestration.problem import Step, TemplateError, inside, nearest, unknown_name
from stackwright.orchestration.template import Output, ResourceDefinition, Template
from stackwright.orchestration.values import size

MAX_WORK = 50_000_000
"""Values and characters that the functions of one template may make."""
PSEUDO = ("OS::stack_name", "OS::stack_id", "OS::project_id", "OS::region")
POLICIES = ("Delete", "Retain", "Snapshot")


ASKING = 10
"""What asking for an attribute costs at least."""


@dataclass
class Budget:
    """What may be made in one stack, over all of its templates."""

    left: int = 2 * MAX_WORK

    def spend(self, amount: int) -> None:
        """Raises TemplateError when nothing is left."""
        self.left -= amount
        if self.left < 0:
            raise TemplateError(f"the functions of this stack make more than {2 * MAX_WORK} values and characters")


@dataclass
class StackContext:
    """One stack (see interfaces.Context).

    `parameters` holds the values of parameters and pseudo parameters. `reference` says what stands for a resource
    where another names it, `attribute` the value of an attribute and of the path inside it. `parent` has metadata,
    deletion_policy and update_policy of the resource that this template stands in for.
    """

    template: Template
    parameters: Mapping[str, Any]
    reference: Callable[[str], Any]
    attribute: Callable[[str, Sequence[Any]], Any]
    files: Files
    parent: Mapping[str, Any] | None = None
    availability_zones: Sequence[str] = ("nova",)
    budget: Budget = field(default_factory=Budget)
    _conditions: Conditions = field(init=False)
    _texts: dict[str, Any] = field(init=False, default_factory=dict)
    _work: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._conditions = Conditions(self.template.conditions)

    @property
    def functions(self) -> Mapping[str, Function]:
        return self.template.version.functions

    @property
    def condition_functions(self) -> Mapping[str, Function]:
        return self.template.version.condition_functions

    def get_param(self, name: str) -> Any:
        if name not in self.parameters:
            raise unknown_name("parameter", name, {*self.template.parameters, *PSEUDO})
        return self.parameters[name]

    def get_resource(self, name: str) -> Any:
        self._must_have(name)
        return self.reference(name)

    def get_attr(self, name: str, path: Sequence[Any]) -> Any:
        self._must_have(name)
        found = self.attribute(name, path)
        self.budget.spend(ASKING + size(found, self.budget.left))
        return found

    def has_resource(self, name: str) -> bool:
        return name in self.template.resources

    def get_file(self, name: str) -> Any:
        if name not in self._texts:
            self._texts[name] = text_of(self.files.read(beside(self.template.file, name)))
        return self._texts[name]

    def condition(self, name: str) -> bool:
        with inside(file=self.template.file):
            return self._conditions.holds(name, self)

    def facade(self, name: str) -> Any:
        if self.parent is None:
            raise TemplateError("only a template that stands in for a resource has one to look at")
        return self.parent[name]

    def zones(self) -> Sequence[str]:
        return self.availability_zones

    def spend(self, amount: int) -> None:
        self._work += amount
        if self._work > MAX_WORK:
            raise TemplateError(f"the functions of this template make more than {MAX_WORK} values and characters")
        self.budget.spend(amount)

    def enabled(self, entry: ResourceDefinition | Output) -> bool:
        """Whether the condition of a resource or an output holds."""
        if entry.condition is None:
            return True
        section = "resources" if isinstance(entry, ResourceDefinition) else "outputs"
        with inside(section, entry.name, "condition", line=entry.line, file=self.template.file):
            return holds(entry.condition, self)

    def resources(self) -> dict[str, ResourceDefinition]:
        """The resources whose conditions hold."""
        return {name: item for name, item in self.template.resources.items() if self.enabled(item)}

    def value(self, value: Any, *path: Step, line: int = 0) -> Any:
        """A value of the template evaluated; errors say that it stands at `path`."""
        with inside(*path, line=line, file=self.template.file):
            try:
                return evaluate(value, self)
            except RecursionError as error:
                raise TemplateError(f"values are nested more than {MAX_DEPTH} deep") from error

    def properties(self, definition: ResourceDefinition) -> dict[str, Any]:
        """The properties of a resource as the template gives them: not checked, no defaults."""
        path = ("resources", definition.name, "properties")
        value = self.value(definition.properties, *path, line=definition.line)
        if not isinstance(value, dict):
            raise TemplateError("the properties must be a map", path, definition.line, self.template.file)
        return value

    def deletion_policy(self, definition: ResourceDefinition) -> str:
        """Delete, Retain or Snapshot."""
        path = ("resources", definition.name, "deletion_policy")
        value = self.value(definition.deletion_policy, *path, line=definition.line)
        wanted = "Delete" if value is None else value
        if isinstance(wanted, str) and self.template.version.conditions and wanted.islower():
            wanted = wanted.capitalize()
        if wanted not in POLICIES:
            raise TemplateError(
                f"must be one of {', '.join(POLICIES)}{nearest(wanted, POLICIES)}",
                path,
                definition.line,
                self.template.file,
            )
        return str(wanted)

    def output(self, output: Output) -> Any:
        """The value of an output; None if its condition does not hold."""
        if not self.enabled(output):
            return None
        return self.value(output.value, "outputs", output.name, "value", line=output.line)

    def _must_have(self, name: str) -> None:
        if name not in self.template.resources:
            raise unknown_name("resource", name, self.template.resources)
        if not self.enabled(self.template.resources[name]):
            raise TemplateError(f"the condition of the resource {name} does not hold, so there is nothing to refer to")
