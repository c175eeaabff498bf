# SPDX-License-Identifier: Apache-2.0
"""Shelving instances: their disks are read before they go, and what is left to do when they are gone is done at once.

What the steps are, and how a run that broke off is gone on with, `kinds.compute.shelve` says.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stackwright.converge import converge
from stackwright.engine.errors import Conflict, NotFound, Refused
from stackwright.engine.request import Outcome, Request, Result
from stackwright.engine.resource import Resource, Wish
from stackwright.kinds.compute.shelve import due
from stackwright.snapshots import GIB, UNSEEN, at_work, content_of

if TYPE_CHECKING:
    from stackwright.cloud import Cloud


def is_asked(wish: Wish) -> bool:
    """Whether a wish is for an instance that is to be shelved."""
    return wish.kind == "instance" and wish.present and bool(wish.spec.get("shelved"))


def with_shelves(cloud: Cloud, request: Request, check: bool) -> Request:
    """The request, where instances that are to be shelved have the content of their disks; they are off by then."""
    wishes = [_filled(cloud, request, wish, check) if is_asked(wish) else wish for wish in request.wishes]
    return dataclasses.replace(request, wishes=tuple(wishes))


def _filled(cloud: Cloud, request: Request, wish: Wish, check: bool) -> Wish:
    row = _row(cloud, request, wish.key)
    if row.spec.get("shelved"):
        return wish
    unseen = _with_shelf(wish, row, {**UNSEEN, "virtual_size": row.attributes.get("root_gib", 0) * GIB})
    if check:
        return unseen
    # What would be refused is, before the guest is switched off.
    converge(cloud, dataclasses.replace(request, wishes=(unseen,), label="", exact=False), check=True)
    _has_an_image(cloud, row)
    _may_go(row, request)
    _switch_off(cloud, request, row)
    row = _row(cloud, request, wish.key)
    with at_work(cloud, request, [row.id]):
        return _with_shelf(wish, row, content_of(cloud, row))


def _with_shelf(wish: Wish, row: Resource, content: Mapping[str, Any]) -> Wish:
    return dataclasses.replace(wish, spec={**wish.spec, "shelf": {**content, "revision": row.revision}})


def _row(cloud: Cloud, request: Request, name: str) -> Resource:
    found = [row for row in cloud.find("instance", name, request.project) if row.key == name and row.wanted]
    own = [row for row in found if not row.owner]
    if not own:
        raise NotFound(f"instance {name} does not exist, so there is nothing to shelve; declare it first")
    return own[0]


def _has_an_image(cloud: Cloud, row: Resource) -> None:
    """Raises Conflict for a container: of what is mounted on its host, no image can be made."""
    hosts = [host for host in cloud.find("host", row.host) if row.host]
    if any(host.attributes.get("domain_type") == "lxc" for host in hosts):
        raise Conflict(f"{row.title} is a container, of whose disk no image can be made; it cannot be shelved")


def _may_go(row: Resource, request: Request) -> None:
    """Raises Conflict before anything is touched."""
    size = row.attributes.get("ephemeral_gib", 0)
    if size and row.name not in request.allow_loss_of:
        raise Conflict(
            f"{row.title}: shelving it would lose its second disk's content ({size} GiB), as only the root disk is "
            "kept; name it in allow_loss_of if that is meant"
        )


def _switch_off(cloud: Cloud, request: Request, row: Resource) -> None:
    off = (Wish("instance", row.key, spec={"power": "stopped"}),)
    errors = converge(cloud, dataclasses.replace(request, wishes=off, label="", exact=False)).errors
    if errors:
        raise Refused(errors[0])


def finished(cloud: Cloud, request: Request, result: Result) -> Result:
    """The result with the step that is left for what was shelved or brought back: the host's room, or the image."""
    rows = [item.after for root in result.roots if (item := result.outcomes[root]) and not item.error]
    left = [row for row in rows if row and row.kind == "instance" and due(row)]
    if not left:
        return result
    wishes = tuple(Wish("instance", row.key) for row in left)
    return _joined(result, converge(cloud, dataclasses.replace(request, wishes=wishes, label="", exact=False)))


def _joined(first: Result, second: Result) -> Result:
    """What became of everything in both."""
    outcomes = {**second.outcomes, **first.outcomes}
    for item, then in second.outcomes.items():
        if was := first.outcomes.get(item):
            outcomes[item] = Outcome(was.before, then.after, was.changes + then.changes, then.error)
    known = {**first.picture.resources, **second.picture.resources}
    picture = dataclasses.replace(first.picture, resources=known, family={}, by_name={})
    warnings = (*first.warnings, *second.warnings)
    return dataclasses.replace(first, outcomes=outcomes, picture=picture, warnings=warnings)
