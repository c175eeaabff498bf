# SPDX-License-Identifier: Apache-2.0
"""A stack's templates turned into wishes, wave after wave: what needs a value of another resource comes after it."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from stackwright.engine.errors import InvalidInput, StackwrightError
from stackwright.engine.kind import Waves
from stackwright.engine.resource import Resource, Wish
from stackwright.orchestration import graph, members, parameters
from stackwright.orchestration.constraints import no_lookup
from stackwright.orchestration.context import Budget, StackContext
from stackwright.orchestration.environment import Environment
from stackwright.orchestration.files import Files, beside
from stackwright.orchestration.implicit import with_implicit
from stackwright.orchestration.inherited import Inherited
from stackwright.orchestration.interfaces import Lookup
from stackwright.orchestration.nodes import Group, Leaf, Nested, Unit, Veil
from stackwright.orchestration.problem import TemplateError, inside, nearest
from stackwright.orchestration.properties import checked
from stackwright.orchestration.remember import remembered
from stackwright.orchestration.resource_registry import is_template
from stackwright.orchestration.stack import Source
from stackwright.orchestration.template import ResourceDefinition, Template, read_template
from stackwright.orchestration.types import find, names
from stackwright.orchestration.types.base import Asked, Surroundings, Type
from stackwright.orchestration.values import told

MAX_NESTING = 10
"""Templates inside each other."""


@dataclass(frozen=True)
class Expanded:
    """The stack that is expanded.

    before: its children so far by kind and key.
    removed: by the path of a group, members that it has to do without; see `members`.
    find: a resource of a kind by name or id, for what a template takes over by external_id. inherited: see there.
    """

    id: str
    name: str
    project: str
    look: Surroundings
    before: Mapping[tuple[str, str], Resource]
    preview: bool = False
    suspended: bool = False
    removed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    zones: Sequence[str] = ("nova",)
    lookup: Lookup = no_lookup
    find: Callable[[str, str], Resource | None] = lambda kind, name: None
    inherited: Inherited = field(default_factory=Inherited)


@dataclass(frozen=True)
class Next:
    """A resource that can be declared now."""

    unit: Unit
    name: str
    type: Type
    wish: Wish
    kept: bool
    pictured: bool = False


def _sorter(needs: Mapping[str, Collection[str]]) -> TopologicalSorter[str]:
    """What is ready at the same time comes in the order of the template, so that it gets the same values each time."""
    sorter = TopologicalSorter(dict.fromkeys(needs, ()))
    for name, earlier in needs.items():
        sorter.add(name, *earlier)
    sorter.prepare()
    return sorter


def _placed(error: StackwrightError, wave: Sequence[Next]) -> StackwrightError:
    """The error with the place of the resource that it is about, where it begins with its name."""
    words = str(error)
    for item in wave:
        title = f"{item.wish.kind} {item.wish.name or item.wish.key}"
        said = words[: len(item.wish.kind)].lower().replace(" ", "_") + words[len(item.wish.kind) :]
        if said.startswith((f"{title}: ", f"{title} ")):
            template = item.unit.context.template
            line = template.resources[item.name].line
            return error.saying(str(TemplateError(words, item.unit.place(item.name), line, template.file)))
    return error


def _spec(known: Type, asked: Asked) -> Mapping[str, Any]:
    """The spec of a resource. Raises TemplateError, so that it is told where the resource stands."""
    try:
        return known.spec(asked)
    except TemplateError:
        raise
    except InvalidInput as error:
        raise TemplateError(str(error)) from error


class Expansion:
    """One stack on its way from templates to resources."""

    formed = True
    """Whether resources are declared; a secret that is only made then is text. See `properties.checked`."""

    def __init__(self, stack: Expanded, files: Files) -> None:
        self.stack = stack
        self.files = files
        self.veil = Veil(stack.preview)
        self.units: list[Unit] = []
        self.groups: list[Group] = []
        self._waiting: deque[Unit] = deque()
        self._resources = 0
        self._budget = Budget()

    def waves(self, source: Source) -> Waves:
        """Lists of wishes, each answered by its resources; returns what is to be remembered of the stack."""
        root = self._open(Unit((), source.template.file, source.environment), source.template, {})
        while wave := self._ready():
            try:
                rows = yield [item.wish for item in wave]
            except StackwrightError as error:
                raise _placed(error, wave) from error
            for item, row in zip(wave, rows, strict=True):
                self._settle(item, row)
        known = remembered(root, self.units, self.groups, self.veil, source)
        return known | self.stack.inherited.remembered({path: part["id"] for path, part in known["resources"].items()})

    def _ready(self) -> list[Next]:
        """Everything that can be declared now. Resources that others make up are opened, and closed, on the way."""
        found: list[Next] = []
        while self._waiting:
            unit = self._waiting.popleft()
            for name in unit.sorter.get_ready():
                found += self._begin(unit, unit.context.template.resources[name])
            if not unit.sorter.is_active() and unit.parent and not unit.complete:
                unit.complete = True
                self._finish(unit.parent, unit.path[-1])
        return found

    def _finish(self, unit: Unit, name: str) -> None:
        unit.sorter.done(name)
        self._waiting.append(unit)

    def _settle(self, item: Next, row: Resource) -> None:
        before = self.stack.before.get((item.wish.kind, item.wish.key))
        made_now = before is None or before.attributes != row.attributes
        unit = item.unit
        if before and before.spec != row.spec and "update" in unit.environment.registry.restricted_actions(item.name):
            words = f"the environment restricts {item.name}: it must not be updated; leave it as it is, or lift that"
            raise TemplateError(words, unit.place(item.name), file=unit.context.template.file)
        policies = {"kept": item.kept, "pictured": item.pictured}
        unit.nodes[item.name] = Leaf(item.name, item.type, row.id, self.stack.look, self.veil, made_now, **policies)
        self._finish(unit, item.name)

    # One resource

    def _begin(self, unit: Unit, definition: ResourceDefinition) -> list[Next]:
        """The wish of a resource; none where it is made up of others, or is there without us."""
        with inside(*unit.place(definition.name), line=definition.line, file=unit.context.template.file):
            given = unit.context.properties(definition)
            kind = unit.environment.registry.find(definition.type, definition.name)
            if is_template(kind):
                self._nested(unit, definition, kind, given)
                return []
            known = self._type(kind)
            if definition.external_id is not None:
                self._taken_over(unit, definition, known)
                return []
            values = self._checked(known, definition, given)
            if known.made_of:
                self._made_of_others(unit, definition, known, values)
                return []
            return [self._wish(unit, definition, known, values)]

    def _type(self, name: str) -> Type:
        found = find(name)
        if found is None:
            raise TemplateError(f"no resource type is called {name}{nearest(name, names())}", ("type",))
        if found.service:
            raise TemplateError(f"unsupported resource types: {name} ({found.service})", ("type",))
        return found

    def _checked(self, known: Type, definition: ResourceDefinition, given: Mapping[str, Any]) -> dict[str, Any]:
        formed = self.formed or bool(known.made_of)
        values, errors = checked(known.properties, given, self.stack.lookup, formed=formed)
        for error in errors:
            error.inside("properties")
            raise error
        return values

    def _wish(self, unit: Unit, definition: ResourceDefinition, known: Type, values: Mapping[str, Any]) -> Next:
        context = unit.context
        path = (*unit.path, definition.name)
        key = "/".join(path)
        inherited, adopt = self.stack.inherited, self.stack.inherited.adopt.get(key, "")
        before = self.stack.before.get((known.kind, key)) or (self.stack.find(known.kind, adopt) if adopt else None)
        metadata = context.value(definition.metadata, "metadata", line=definition.line) or {}
        asked = Asked(
            name=inherited.name(key, before) or self._name(path),
            properties=told(values),
            metadata=told(metadata),
            look=self.stack.look,
            project=self.stack.project,
            suspended=self.stack.suspended,
            before=before,
        )
        spec = inherited.spec(known.kind, key, _spec(known, asked))
        wish = Wish(known.kind, key, known.label(asked), spec, adopt=adopt)
        policy = self._policy(context, definition, known)
        return Next(unit, definition.name, known, wish, policy == "Retain", policy == "Snapshot")

    def _policy(self, context: StackContext, definition: ResourceDefinition, known: Type) -> str:
        policy = context.deletion_policy(definition)
        if policy == "Snapshot" and known.kind != "instance":
            raise TemplateError(
                "there are no snapshots of this type here; use Delete or Retain", ("deletion_policy",), definition.line
            )
        return policy

    def _name(self, path: Sequence[str]) -> str:
        """The name of a resource that the template gives none: the same one each time."""
        words = "-".join((self.stack.name, *path))
        digest = hashlib.sha256(f"{self.stack.project}/{self.stack.name}/{'/'.join(path)}".encode()).hexdigest()
        return f"{words[:240]}-{digest[:8]}"

    def _taken_over(self, unit: Unit, definition: ResourceDefinition, known: Type) -> None:
        """A resource that is there already: it is referred to, and never changed."""
        if known.made_of:
            raise TemplateError(f"a {known.name} is made of others, and cannot be one that is there", ("external_id",))
        name = str(unit.context.value(definition.external_id, "external_id", line=definition.line))
        row = self.stack.find(known.kind, name)
        if row is None:
            raise TemplateError(f"external_id {name} names no {known.kind} that there is", ("external_id",))
        unit.nodes[definition.name] = Leaf(definition.name, known, row.id, self.stack.look, self.veil, foreign=True)
        self._finish(unit, definition.name)

    # Resources that others make up

    def _made_of_others(
        self, unit: Unit, definition: ResourceDefinition, known: Type, values: Mapping[str, Any]
    ) -> None:
        path = (*unit.path, definition.name)
        file = unit.context.template.file
        if known.made_of == "stack":
            text = str(values["template"])
            inner = Unit(
                path, "", unit.environment.child(definition.name, known.name, values.get("parameters") or {}), unit
            )
            unit.nodes[definition.name] = Nested(inner, self.stack.id, is_stack=True)
            self._open(inner, read_template(text, file), self._facade(unit, definition))
            return
        inner = Unit(path, "", unit.environment.child(definition.name, known.name, {}), unit)
        if known.made_of == "chain":
            unit.nodes[definition.name] = Group(inner, self.stack.id)
            self._open(inner, members.chain(definition, values, file), {})
            return
        without = members.removed(values, self.stack.removed.get("/".join(path), {}), self._references(path))
        group = Group(inner, self.stack.id, without, self._update_policy(unit, definition, known))
        unit.nodes[definition.name] = group
        self.groups.append(group)
        self._open(inner, members.group(definition, values, file, without), {})

    def _update_policy(self, unit: Unit, definition: ResourceDefinition, known: Type) -> dict[str, Any]:
        if known.update_policy is None:
            return {}
        given = unit.context.value(definition.update_policy, "update_policy", line=definition.line)
        values, errors = checked({"update_policy": known.update_policy}, {"update_policy": given}, formed=True)
        for error in errors:
            raise error
        return dict(told(values).get("update_policy", {}))

    def _references(self, path: Sequence[str]) -> dict[str, str]:
        """What get_resource gave for the members of a group so far -> their names; nobody names one by a secret."""
        begin = "/".join(path) + "/"
        known = {row.id: key for (_, key), row in self.stack.before.items() if key.startswith(begin)}
        of_rows = {item: key.removeprefix(begin).split("/")[0] for item, key in known.items()}
        return {f"{self.stack.id}/{begin}{name}": name for name in of_rows.values()} | of_rows

    def _nested(self, unit: Unit, definition: ResourceDefinition, kind: str, given: Mapping[str, Any]) -> None:
        file = unit.context.template.file
        location = beside(file, kind) if kind == definition.type else kind
        ways = unit.ways_in()
        if location in ways:
            raise TemplateError(f"templates include each other in a circle: {' -> '.join([*ways, location])}")
        inner = Unit(
            (*unit.path, definition.name),
            location,
            unit.environment.child(definition.name, definition.type, given),
            unit,
        )
        unit.nodes[definition.name] = Nested(inner, self.stack.id)
        self._open(inner, read_template(self.files.read(location), location), self._facade(unit, definition))

    def _facade(self, unit: Unit, definition: ResourceDefinition) -> dict[str, Any]:
        context = unit.context
        return {
            "metadata": context.value(definition.metadata, "metadata") or {},
            "deletion_policy": context.deletion_policy(definition),
            "update_policy": context.value(definition.update_policy, "update_policy") or {},
        }

    def _open(self, unit: Unit, template: Template, facade: Mapping[str, Any]) -> Unit:
        """Give a unit its values, and put its resources in order."""
        if len(unit.path) > MAX_NESTING:
            raise TemplateError(f"templates are nested more than {MAX_NESTING} deep")
        self._resources += len(template.resources)
        if self._resources > members.MAX_RESOURCES:
            raise TemplateError(members.TOO_MANY)
        unit.context = StackContext(
            template=template,
            parameters={**self._pseudo(unit), **self._parameters(unit.environment, template)},
            reference=unit.reference,
            attribute=unit.attribute,
            files=self.files,
            parent=facade or None,
            availability_zones=self.stack.zones,
            budget=self._budget,
        )
        unit.sorter = _sorter(with_implicit(unit, graph.drafts(unit.context)))
        self.units.append(unit)
        self._waiting.append(unit)
        return unit

    def _pseudo(self, unit: Unit) -> dict[str, Any]:
        return {
            "OS::stack_name": "-".join((self.stack.name, *unit.path)),
            "OS::stack_id": "/".join((self.stack.id, *unit.path)),
            "OS::project_id": self.stack.project,
            "OS::region": "RegionOne",
        }

    def _parameters(self, environment: Environment, template: Template) -> dict[str, Any]:
        found, errors = parameters.values(
            template.parameters, environment.parameters, environment.parameter_defaults, self.stack.lookup
        )
        for error in errors:
            error.inside(file=template.file)
            raise error
        return found
