# SPDX-License-Identifier: Apache-2.0
"""Stacks: what a template describes, as one thing.

The template language is imported when a template is read, so that what declares no stack does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stackwright.engine.batches import Group, Pace
from stackwright.engine.errors import StackwrightError
from stackwright.engine.hooks import Hook
from stackwright.engine.kind import Allocator, Waves
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Spec
from stackwright.kinds.orchestration.stack_snapshot import images_by_path
from stackwright.orchestration.hidden import secrets_of, unsaid

if TYPE_CHECKING:
    from stackwright.orchestration.stack import Source

LOOKED_UP = {
    "nova.flavor": "flavor",
    "nova.keypair": "keypair",
    "nova.server": "instance",
    "nova.host": "host",
    "glance.image": "image",
    "neutron.network": "network",
    "neutron.subnet": "subnet",
    "neutron.port": "port",
    "neutron.router": "router",
    "neutron.security_group": "security_group",
    "keystone.project": "project",
}
"""Constraints by which a value has to name something that there is -> its kind."""


class StackSpec(Spec):
    """template: where the template is among the files. files: location -> text of everything that it names.

    environments: locations of environments, in their order; `parameters` win over what they say.
    restored: id of the snapshot that its servers' disks start from, as far as that has them; '' for none.
    adopt: path -> name or id of a resource of the project that becomes the stack's own there, instead of a new one.
    expires_at: when it is to be removed, in seconds since the epoch. ttl: of how many seconds that was the end.
    """

    template: str
    files: dict[str, str]
    environments: list[str] = []
    parameters: dict[str, Any] = {}
    tags: list[str] = []
    suspended: bool = False
    restored: str = ""
    adopt: dict[str, str] = {}
    expires_at: float | None = None
    ttl: int | None = None
    description: str = ""


class Stack(Kind):
    """Attributes: see `orchestration.expand.remembered`. It owns everything that its templates describe."""

    name = "stack"
    spec = StackSpec
    telling = True
    secret = ("files", "parameters", "outputs")
    columns = ("suspended", "expires_at", "tags")

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """What is wrong with a template is said all at once, before anything is declared."""
        from stackwright.orchestration import types
        from stackwright.orchestration.stack import check, keep_immutable
        from stackwright.orchestration.validate import Validation

        recorded = allocator.get(wish.id)
        if not recorded.wanted or _written(recorded.spec) != _written(wish.spec):
            source = _source(StackSpec.of(wish))
            check(source, Validation(types, source.files, _Finder(allocator, wish.project).wrong))
            if recorded.wanted and recorded.spec:
                keep_immutable(_source(StackSpec.of(recorded)), source)
        return wish.spec

    def waves(self, resource: Resource, allocator: Allocator) -> Waves:
        """Its templates' resources."""
        from stackwright.orchestration.expand import Expanded, Expansion
        from stackwright.orchestration.inherited import Inherited

        spec = StackSpec.of(resource)
        source = _source(spec)
        snapshots = allocator.visible("stack_snapshot", resource.project) if spec.restored else ()
        finder = _Finder(allocator, resource.project)
        stack = Expanded(
            id=resource.id,
            name=resource.name,
            project=resource.project,
            look=allocator,
            before={(row.kind, row.key): row for row in allocator.offspring(resource.id)},
            preview=allocator.preview,
            suspended=spec.suspended,
            removed=resource.attributes.get("removed", {}),
            inherited=Inherited(
                restored=images_by_path(allocator.children(spec.restored, "image") if spec.restored else ()),
                secrets=next((row.spec["secrets"] for row in snapshots if row.id == spec.restored), {}),
                replaced=resource.attributes.get("replaced", {}),
                adopt=spec.adopt,
                adopted=resource.attributes.get("adopted", ()),
            ),
            lookup=finder.wrong,
            find=finder.find,
        )
        waves = Expansion(stack, source.files).waves(source)
        return _discreet(waves, lambda: secrets_of(resource, allocator.offspring(resource.id)))

    def keeps(self, resource: Resource) -> Collection[str]:
        """What the template says to retain."""
        return frozenset(resource.attributes.get("kept", ()))

    def sequence(self, resource: Resource) -> Mapping[str, Collection[str]]:
        """What depends_on says."""
        found: Mapping[str, Collection[str]] = resource.attributes.get("sequence", {})
        return found

    def groups(self, resource: Resource) -> Iterable[Group]:
        """What an update_policy says; a stack is suspended all at a time."""
        if resource.spec.get("suspended"):
            return ()
        rolling = resource.attributes.get("rolling", {}).values()
        return [Group(item["members"], _pace(item["create"]), _pace(item["update"])) for item in rolling]

    def hooks(self, resource: Resource) -> Iterable[Hook]:
        """What an environment says."""
        said = resource.attributes.get("hooks", {}).items()
        return [
            Hook(resource.id, path, when, frozenset(item["members"])) for path, item in said for when in item["when"]
        ]


def _discreet(waves: Waves, secrets: Callable[[], Collection[str]]) -> Waves:
    """The waves, with errors that quote no secrets. These are asked for then: some are generated on the way."""
    try:
        return (yield from waves)
    except StackwrightError as error:
        words = unsaid(secrets(), str(error))
        if words == str(error):
            raise
        raise error.saying(words) from None  # the original says them


def _pace(policy: Mapping[str, Any] | None) -> Pace | None:
    if policy is None:
        return None
    return Pace(policy["max_batch_size"], policy["pause_time"], policy.get("min_in_service", 0))


def _written(spec: Mapping[str, Any]) -> list[Any]:
    return [spec.get(name) for name in ("template", "files", "environments", "parameters")]


def _source(spec: StackSpec) -> Source:
    from stackwright.orchestration.stack import Source

    return Source.read(spec.template, spec.files, spec.environments, spec.parameters)


class _Finder:
    """Looks for what a project can see, by name, id or alias; each kind is read once."""

    def __init__(self, allocator: Allocator, project: str) -> None:
        self._allocator = allocator
        self._project = project
        self._known: dict[str, dict[str, Resource]] = {}

    def find(self, kind: str, name: str) -> Resource | None:
        """The resource of this name or id."""
        return self._all(kind).get(name)

    def wrong(self, constraint: str, value: Any) -> str:
        """What a constraint by name says of a value; '' if nothing is wrong. See `interfaces.Lookup`."""
        kind = LOOKED_UP.get(constraint)
        if (constraint, value) == ("nova.keypair", ""):  # as in Heat: without one
            return ""
        if kind is None or str(value) in self._all(kind) or self._is_new(kind, str(value)):
            return ""
        self._known.pop(kind)  # this very run may have declared something of this name since
        if str(value) in self._all(kind):
            return ""
        return f"names no {kind.replace('_', ' ')} that there is"

    def _all(self, kind: str) -> dict[str, Resource]:
        if kind not in self._known:
            rows = self._allocator.visible(kind, self._project)
            names = {str(value): row for row in rows for value in (row.name, row.spec.get("flavorid")) if value}
            self._known[kind] = names | {row.id: row for row in rows}
        return self._known[kind]

    def _is_new(self, kind: str, value: str) -> bool:
        """Whether this very run declared it."""
        try:
            found = self._allocator.get(value)
        except KeyError:
            return False
        return found.kind == kind and found.project in ("", self._project)
