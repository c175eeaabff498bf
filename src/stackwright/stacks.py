# SPDX-License-Identifier: Apache-2.0
"""What a front end does with stacks beyond declaring them: rolling back, checking, expiring, looking inside."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from stackwright.cloud import SYSTEM, Cloud
from stackwright.engine.errors import InvalidInput, NotFound, StackwrightError
from stackwright.engine.request import Request, Result
from stackwright.engine.resource import Resource, Wish
from stackwright.engine.view import Picture
from stackwright.orchestration import types
from stackwright.orchestration.hidden import HIDDEN, hidden_texts, secrets_of, without
from stackwright.orchestration.problem import TemplateError
from stackwright.orchestration.stack import Source
from stackwright.orchestration.validate import Validation, findings
from stackwright.present import facts, parts
from stackwright.registry.transaction import Transaction


def declare(cloud: Cloud, request: Request, rollback: bool, check: bool = False) -> Result:
    """Make a request about one stack true. With `rollback`, one that fails is taken back: see `_back`.

    Raises what `Cloud.ensure` raises; then nothing was touched.
    """
    (wish,) = request.wishes
    before = _recorded(cloud, wish.key, request.project)
    _can_go_back(wish, before, rollback)
    result = cloud.ensure(request, check)
    if check or not rollback or not wish.present or not result.errors:
        return result
    root = result.roots[0]
    outcome = result.outcomes[root]
    error = "; ".join([*result.errors[:1], _back(cloud, request, before)])
    return dataclasses.replace(
        result, outcomes={root: dataclasses.replace(outcome, error=error)} | _others(result, root)
    )


def _can_go_back(wish: Wish, before: Resource | None, rollback: bool) -> None:
    """Raises InvalidInput where rolling back would remove what was there before the stack."""
    known = before.attributes.get("resources", {}) if before else {}
    adopted = sorted(path for path in wish.spec.get("adopt", {}) if path not in known)
    if rollback and adopted:
        raise InvalidInput(
            f"stack {wish.key}: rolling back would remove what it adopts ({', '.join(adopted)}); "
            "adopt without rollback, and use that from then on"
        )


def _others(result: Result, root: str) -> dict[str, Any]:
    return {item: outcome for item, outcome in result.outcomes.items() if item != root}


def _back(cloud: Cloud, request: Request, before: Resource | None) -> str:
    """Declare a stack as it was before, or remove it if it was not there; what came of it, in words.

    That may take its time.
    """
    (wish,) = request.wishes
    title = f"stack {wish.key}"
    undo = Wish("stack", wish.key, spec=before.spec) if before else Wish("stack", wish.key, present=False)
    try:
        errors = cloud.ensure(dataclasses.replace(request, wishes=(undo,), timeout=0.0, attended=False)).errors
    except StackwrightError as error:
        errors = [str(error)]
    if errors:
        return f"{title} could not be rolled back ({errors[0]}); declare it again once that is mended"
    return f"{title} was rolled back to what it was before" if before else f"{title} was removed again"


def checked(cloud: Cloud, name: str, project: str = "default") -> Result:
    """What differs between the record and the backends for one stack; changes nothing. Raises NotFound."""
    find(cloud, name, project)
    return cloud.ensure(Request((Wish("stack", name),), SYSTEM, project), check=True)


def expire(cloud: Cloud) -> dict[str, str]:
    """Remove the stacks whose time is over: title of each -> why it could not be removed, '' if it is gone."""
    found = {}
    for stack, project in cloud.registry.read(_due):
        try:
            result = cloud.ensure(Request((Wish("stack", stack.key, present=False),), SYSTEM, project, attended=False))
            found[f"stack {stack.name} of project {project}"] = next(iter(result.errors), "")
        except StackwrightError as error:
            found[f"stack {stack.name} of project {project}"] = str(error)
    return found


def _due(txn: Transaction) -> list[tuple[Resource, str]]:
    """Stacks whose time is over, each with the name of its project."""
    stacks = txn.select(kind="stack", owner="", wanted=True)
    due = [row for row in stacks if (row.spec.get("expires_at") or txn.now()) < txn.now()]
    return [(row, txn.get(row.project).name) for row in due]


def lifetime(cloud: Cloud, name: str, project: str, ttl: int) -> dict[str, Any]:
    """What to declare of a stack that is to last for `ttl` seconds; 0 for no end.

    The time runs from when this ttl was first asked for, so that asking again changes nothing; a stack that is over
    its time and still there starts anew.
    """
    if ttl < 0:
        raise InvalidInput(f"stack {name}: a time to live of {ttl} seconds is over before it begins; give 0 for no end")
    if not ttl:
        return {"ttl": None, "expires_at": None}
    now = cloud.registry.read(lambda txn: txn.now())
    known = _recorded(cloud, name, project)
    ends = known.spec.get("expires_at") if known and known.spec.get("ttl") == ttl else None
    return {"ttl": ttl, "expires_at": ends if ends and ends > now else now + ttl}


def find(cloud: Cloud, name: str, project: str) -> Resource:
    """The stack of this name or id. Raises NotFound."""
    found = cloud.find("stack", name, project) if name else []
    if not found:
        raise NotFound(f"stack {name} does not exist; mend the name or declare it first")
    return found[0]


def _recorded(cloud: Cloud, name: str, project: str) -> Resource | None:
    rows = cloud.find("stack", name, project)
    return next((row for row in rows if row.key == name and row.wanted), None)


def outputs(result: Result) -> dict[str, Any]:
    """The outputs of the one stack that a result is about, as they are; {} if it is gone."""
    for root in result.roots:
        after = result.outcomes[root].after
        if after and after.wanted:
            return dict(after.attributes.get("outputs", {}))
    return {}


def changes(result: Result) -> list[dict[str, Any]]:
    """What became of each resource of the one stack that a result is about, as far as it changed or failed."""
    found = []
    for root in result.roots:
        outcome = result.outcomes[root]
        rows = [row for row in (outcome.before, outcome.after) if row]
        known = {path: part["type"] for row in rows for path, part in row.attributes.get("resources", {}).items()}
        found += [{**part, "type": known.get(part["path"], "")} for part in parts(result, root)]
    return found


def secrets(cloud: Cloud, name: str, project: str, given: Mapping[str, Any]) -> frozenset[str]:
    """What must not be shown of what a stack is declared with: values of hidden parameters."""
    known = _recorded(cloud, name, project)
    nothing = {"template": "", "files": {}, "environments": [], "parameters": {}}
    return hidden_texts({**nothing, **(known.spec if known else {}), **given})


def resources(
    cloud: Cloud, name: str, project: str = "default", path: str = "", attributes: bool = False
) -> list[dict[str, Any]]:
    """The resources of a stack, or the one at `path`; with `attributes`, as get_attr shows them, but for secrets.

    Raises NotFound.
    """
    stack, picture = find(cloud, name, project), cloud.picture()
    listed = [part for part in facts(stack, picture)["resources"] if path in ("", part["path"])]
    if path and not listed:
        raise NotFound(f"stack {name} has no resource {path}; mend the path")
    if not attributes:
        return listed
    secrets = secrets_of(stack, picture.resources.values())
    look = _Look(picture)
    return [{**part, "attributes": without(secrets, _attributes(part, look))} for part in listed]


def _attributes(part: Mapping[str, Any], look: _Look) -> dict[str, Any]:
    known = types.find(part["type"])
    if known is None or part["id"] not in look.picture.resources:
        return {}
    row = look.get(part["id"])
    return {name: HIDDEN if known.secret else known.attribute(name, row, look) for name in known.values if name != "*"}


@dataclasses.dataclass(frozen=True)
class _Look:
    """Everything that is recorded, as the types of templates look at it."""

    picture: Picture

    def get(self, resource_id: str) -> Resource:
        return self.picture.resources[resource_id]

    def children(self, owner: str, kind: str) -> list[Resource]:
        return self.picture.children(owner, kind)

    def referrers(self, resource_id: str, kind: str) -> list[Resource]:
        sources = [item for item, targets in self.picture.targets.items() if resource_id in targets]
        rows = [self.picture.resources[item] for item in sources]
        return sorted((row for row in rows if row.kind == kind and row.wanted), key=lambda row: row.key)


def events(cloud: Cloud, name: str, project: str = "default", limit: int = 100, after: int = 0) -> list[dict[str, Any]]:
    """The latest events of a stack and of all that it owns, oldest first; of one that is gone, by its name or id.

    Raises NotFound for one that never was.
    """
    rows = cloud.find("stack", name, project) if name else []
    found = rows[0].id if rows else _gone(cloud, name, project)
    return cloud.events(limit, after, owner=found)


def _gone(cloud: Cloud, name: str, project: str) -> str:
    """The id of a stack that is not there any more: the last one of that name."""
    (home,) = cloud.find("project", project)
    found = cloud.registry.read(lambda txn: txn.last_named("stack", name, home.id))
    if not found:
        raise NotFound(f"stack {name} never was; mend the name")
    return found


def validated(
    template: str, files: Mapping[str, str], environments: Sequence[str], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that is wrong with a template and what goes with it: see `findings`."""
    needed: Sequence[str] = ()
    try:
        source = Source.read(template, files, environments, parameters)
        validation = Validation(types, source.files)
        needed = validation.stack(source.template, source.environment).needed
    except TemplateError as error:
        return findings([error], {}, ())
    return findings(validation.errors, validation.missing, needed)
