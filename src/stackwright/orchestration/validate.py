# SPDX-License-Identifier: Apache-2.0
"""Everything that can be found out about a template without a cloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from stackwright.orchestration import graph, hidden, parameters, properties
from stackwright.orchestration.constraints import no_lookup
from stackwright.orchestration.context import StackContext
from stackwright.orchestration.environment import Environment
from stackwright.orchestration.files import Files, beside, is_url
from stackwright.orchestration.interfaces import Lookup, ResourceType, ResourceTypes
from stackwright.orchestration.members import MAX_RESOURCES, TOO_MANY
from stackwright.orchestration.parse import MAX_DEPTH, line_of
from stackwright.orchestration.problem import NoValue, Step, TemplateError, Undecided, nearest, unknown_name
from stackwright.orchestration.resource_registry import is_template
from stackwright.orchestration.template import ResourceDefinition, Template, read_template
from stackwright.orchestration.values import Unknown

ANY = "*"
"""Among the attributes of a type: it has any, as groups have those of their members."""
SHOW = "show"
"""The attribute of every resource."""
GROUPS = {"OS::Heat::ResourceGroup": "resource_def", "OS::Heat::AutoScalingGroup": "resource"}
"""The types whose members are described by one of their properties, and which."""
CHAIN = "OS::Heat::ResourceChain"
STACK = "OS::Heat::Stack"
MAX_NESTING = 10
"""Templates inside each other."""
PSEUDO = {
    "OS::stack_name": "stack",
    "OS::stack_id": Unknown("the stack", "id"),
    "OS::project_id": Unknown("the stack", "project"),
    "OS::region": "RegionOne",
}
"""What stands for pseudo parameters as long as there is no stack."""


@dataclass(frozen=True)
class _Use:
    """A type and the properties it is given: a resource, or at `path` in its properties the members of a group."""

    definition: ResourceDefinition
    type: str
    given: Mapping[str, Any]
    path: tuple[Step, ...] = ()
    update_policy: Any = None


@dataclass(frozen=True)
class Report:
    """What is wrong with a template. `missing` has the types whose service is not here, with its name.

    `needed` are the parameters that have to be given: a template may be looked at without them.
    """

    errors: Sequence[TemplateError]
    missing: Mapping[str, str]
    needed: Sequence[str]


def findings(errors: Sequence[TemplateError], missing: Mapping[str, str], needed: Sequence[str]) -> dict[str, Any]:
    """What a validation found, as plain data: errors, types whose service is not here, parameters to be given."""
    told = [{"file": item.file, "line": item.line, "path": item.where, "message": item.words} for item in errors]
    return {
        "valid": not told and not missing,
        "errors": told,
        "unsupported": dict(sorted(missing.items())),
        "needed": list(needed),
    }


@dataclass
class Validation:
    """Collects what is wrong with a template and with the templates inside it."""

    types: ResourceTypes
    files: Files
    lookup: Lookup = no_lookup
    errors: list[TemplateError] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _resources: int = 0

    def stack(self, template: Template, environment: Environment) -> Report:
        """Check a template with the values that an environment gives."""
        self._open = [template.file]
        found, errors = self._values(template, environment)
        self.errors += [error for error in errors if not isinstance(error, NoValue)]
        self._contents(template, environment, found)
        secrets = hidden.values(template, environment)
        for error in self.errors:
            hidden.conceal(secrets, error)
        return Report(self.errors, self.missing, [name for name in template.parameters if name not in found])

    def context(self, template: Template, environment: Environment) -> StackContext:
        """A context in which no resource exists yet. Raises the first TemplateError about a value."""
        found, errors = self._values(template, environment)
        for error in errors:
            if not isinstance(error, NoValue):
                raise error
        return self._context(template, environment, found)

    def _values(self, template: Template, environment: Environment) -> tuple[dict[str, Any], list[TemplateError]]:
        given, defaults = environment.parameters, environment.parameter_defaults
        found, errors = parameters.values(template.parameters, given, defaults, self.lookup)
        for error in errors:
            error.inside(file=template.file)
        return found, errors

    def _contents(self, template: Template, environment: Environment, found: Mapping[str, Any]) -> None:
        """`found` are values of parameters; without one, a parameter is a value that is not there yet."""
        context = self._context(template, environment, found)
        wrong = len(self.errors)
        for name in template.conditions:
            with self._noted():
                context.condition(name)
        for definition in template.resources.values():
            with self._noted():
                if context.enabled(definition):
                    self._resource(definition, context, environment)
        for output in template.outputs.values():
            with self._noted():
                context.output(output)
        if wrong == len(self.errors):
            with self._noted():
                graph.dependencies(context)

    def _context(self, template: Template, environment: Environment, found: Mapping[str, Any]) -> StackContext:
        """A context in which no resource exists yet."""

        def attribute(name: str, path: Sequence[Any]) -> Unknown:
            definition = template.resources[name]
            kind = self.types.find(environment.registry.find(definition.type, name))
            _check_attribute(kind, path)
            return Unknown(name, ".".join(map(str, path)) or "show")

        unset = {name: Unknown("the parameter", name) for name in template.parameters}
        return StackContext(
            template=template,
            parameters={**PSEUDO, **unset, **found},
            reference=lambda name: Unknown(name, "id"),
            attribute=attribute,
            files=self.files,
            parent={"metadata": {}, "deletion_policy": "Delete", "update_policy": {}},
        )

    def _resource(self, definition: ResourceDefinition, context: StackContext, environment: Environment) -> None:
        path = ("resources", definition.name)
        given = context.properties(definition)
        context.deletion_policy(definition)
        for section in ("metadata", "external_id"):
            context.value(getattr(definition, section), *path, section, line=definition.line)
        policy = context.value(definition.update_policy, *path, "update_policy", line=definition.line)
        self._typed(_Use(definition, definition.type, given, update_policy=policy), context, environment)

    def _typed(self, use: _Use, context: StackContext, environment: Environment) -> None:
        """Check the properties of a resource, or of a group's members, against their type."""
        definition = use.definition
        with self._noted("resources", definition.name, "type", line=definition.line, file=context.template.file):
            name = environment.registry.find(use.type, definition.name)
            if is_template(name):
                location = beside(context.template.file, name) if name == use.type else name
                for error in self._nested(location, environment.child(definition.name, use.type, use.given)):
                    self._at(use, context, TemplateError(f"{location}: {error.words}"))
                return
            known = self._known(name)
            if definition.external_id is not None:  # it is there, and is not changed
                return
            for error in self._property_errors(known, use.given):
                self._at(use, context, error)
            for error in self._policy_errors(known, use.update_policy):
                error.inside("resources", definition.name, line=definition.line, file=context.template.file)
                self.errors.append(error)
            for member in _members(use, name):
                self._typed(member, context, environment)
            if name == STACK:
                self._stack_inside(use, context, environment)

    def _known(self, name: str) -> ResourceType:
        found = self.types.find(name)
        if found is None:
            raise TemplateError(f"no resource type is called {name}{nearest(name, self.types.names())}")
        if found.service:
            self.missing[name] = found.service
        return found

    def _property_errors(self, kind: ResourceType, given: Mapping[str, Any]) -> list[TemplateError]:
        return [] if kind.service else properties.checked(kind.properties, given, self.lookup)[1]

    def _policy_errors(self, kind: ResourceType, given: Any) -> list[TemplateError]:
        schema = kind.update_policy
        return properties.checked({"update_policy": schema}, {"update_policy": given})[1] if schema else []

    def _at(self, use: _Use, context: StackContext, error: TemplateError) -> None:
        """Note an error about properties."""
        error.inside(*use.path)
        line = _deepest_line(use.definition.properties, error.path) or use.definition.line
        error.inside("resources", use.definition.name, "properties", line=line, file=context.template.file)
        self.errors.append(error)

    def _nested(self, location: str, environment: Environment) -> list[TemplateError]:
        """Check the template of a nested stack. What is returned is wrong with the values that it is given."""
        if location in self._open:
            raise TemplateError(f"templates include each other in a circle: {' -> '.join([*self._open, location])}")
        if is_url(location):  # validation is offline
            return []
        return self._inside(read_template(self.files.read(location), location), environment)

    def _stack_inside(self, use: _Use, context: StackContext, environment: Environment) -> None:
        """Check the template that an OS::Heat::Stack has as text."""
        text, given = use.given.get("template"), use.given.get("parameters") or {}
        if not isinstance(text, str) or not isinstance(given, dict):
            return
        try:
            template = read_template(text, context.template.file)
        except TemplateError as error:
            place = ", ".join(filter(None, (f"line {error.line} of it", error.where)))
            self._at(use, context, TemplateError(f"{place}: {error.words}", ("template",)))
            return
        for wrong in self._inside(template, environment.child(use.definition.name, use.type, given)):
            self._at(use, context, TemplateError(wrong.words, ("parameters",)))

    def _inside(self, template: Template, environment: Environment) -> list[TemplateError]:
        """Check a template inside another one. What is returned is wrong with the values that it is given."""
        if len(self._open) > MAX_NESTING:
            raise TemplateError(f"templates are nested more than {MAX_NESTING} deep")
        too_many = self._resources > MAX_RESOURCES
        self._resources += len(template.resources)
        if self._resources > MAX_RESOURCES:
            if too_many:  # that is said already
                return []
            raise TemplateError(TOO_MANY)
        found, errors = self._values(template, environment)
        self._open.append(template.file)
        try:
            self._contents(template, environment, found)
        finally:
            self._open.pop()
        return errors

    @contextmanager
    def _noted(self, *path: Step, line: int = 0, file: str = "") -> Iterator[None]:
        try:
            yield
        except Undecided:
            pass
        except RecursionError:
            words = f"resources are nested more than {MAX_DEPTH} deep"
            self.errors.append(TemplateError(words, path, line, file))
        except TemplateError as error:
            if not error.file:
                error.inside(*path, line=line, file=file)
            self.errors.append(error)


def _members(use: _Use, kind: str) -> Iterator[_Use]:
    """What a group is made of: the one resource of a ResourceGroup, the types of a ResourceChain."""
    if kind in GROUPS:
        member = use.given.get(GROUPS[kind])
        if isinstance(member, dict) and isinstance(member.get("type"), str):
            given = _indexed(member.get("properties"), str(use.given.get("index_var") or "%index%"))
            yield _member(use, member["type"], given, (GROUPS[kind], "properties"))
    elif kind == CHAIN:
        types = use.given.get("resources")
        for name in types if isinstance(types, list) else ():
            if isinstance(name, str):
                yield _member(use, name, use.given.get("resource_properties"), ("resource_properties",))


def _indexed(value: Any, variable: str) -> Any:
    """What the first member of a group gets."""
    if isinstance(value, str):
        return value.replace(variable, "0")
    if isinstance(value, dict):
        return {key: _indexed(item, variable) for key, item in value.items()}
    return [_indexed(item, variable) for item in value] if isinstance(value, list) else value


def _member(use: _Use, kind: str, given: Any, path: tuple[Step, ...]) -> _Use:
    return _Use(use.definition, kind, given if isinstance(given, dict) else {}, (*use.path, *path))


def _check_attribute(kind: ResourceType | None, path: Sequence[Any]) -> None:
    if kind is None or kind.service or not path or ANY in kind.attributes:
        return
    if path[0] not in kind.attributes and path[0] != SHOW:
        raise unknown_name(f"attribute of {kind.name}", path[0], kind.attributes)


def _deepest_line(value: Any, path: Sequence[Step]) -> int:
    """The line where the last step of the path stands, or of the last one that the template has a line for."""
    line = 0
    for step in path:
        try:
            line = line_of(value, step) or line
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
    return line
