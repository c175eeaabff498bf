# SPDX-License-Identifier: Apache-2.0
"""Snapshots of stacks: taking one, and making a stack again what it was then."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from stackwright import stacks
from stackwright.cloud import Cloud
from stackwright.engine.errors import Conflict, NotFound, StackwrightError
from stackwright.engine.request import Request, Result
from stackwright.engine.resource import Resource, Wish
from stackwright.snapshots import GIB, MARK, UNSEEN, at_work, content_of

KIND = "stack_snapshot"
OF_THE_MOMENT = ("expires_at", "ttl", "restored")
"""What of a stack's spec is not kept."""


def take(cloud: Cloud, request: Request, stack: str, check: bool = False) -> Result:
    """Make the snapshot that the request's one wish names. One that is there stays as it is.

    Raises NotFound, Conflict, and what `snapshots.content_of` raises; then nothing of it stays.
    """
    (wish,) = request.wishes
    known = recorded(cloud, wish.key, request.project)
    if known and known.spec["stack"] != stack:
        raise Conflict(
            f"{known.title} is there and is one of stack {known.spec['stack']}; give the one of {stack} another name"
        )
    if known:
        return cloud.ensure(request, check)
    if check:
        row = stacks.find(cloud, stack, request.project)
        servers = _servers(cloud, row)
        images = {path: _content(server, {**UNSEEN, "virtual_size": _size(server)}) for path, server in servers.items()}
        return cloud.ensure(_asked(cloud, request, row, images), check)
    try:
        with cloud.images.use() if cloud.images else nullcontext():
            return cloud.ensure(_taken(cloud, request, stack))
    except StackwrightError:
        cloud.clean_images()
        raise


def _taken(cloud: Cloud, request: Request, stack: str) -> Request:
    """The request with what the stack is, and what is on its disks, while nobody changes it."""
    with at_work(cloud, request, [stacks.find(cloud, stack, request.project).id]):
        row = stacks.find(cloud, stack, request.project)
        servers = _servers(cloud, row)
        with at_work(cloud, request, [server.id for server in servers.values()]):
            images = {path: _content(server, content_of(cloud, server)) for path, server in servers.items()}
    return _asked(cloud, request, row, images)


def _asked(cloud: Cloud, request: Request, stack: Resource, images: Mapping[str, Any]) -> Request:
    declared = {key: value for key, value in stack.spec.items() if key not in OF_THE_MOMENT}
    at, made = cloud.registry.read(lambda txn: (txn.now(), txn.select(owner=stack.id, kind="random_string")))
    secrets = {row.key: dict(row.attributes) for row in made if row.wanted}
    spec = {"stack": stack.key, "declared": declared, "images": images, "secrets": secrets, "at": at}
    (wish,) = request.wishes
    return dataclasses.replace(request, wishes=(dataclasses.replace(wish, spec=spec),))


def _servers(cloud: Cloud, stack: Resource) -> dict[str, Resource]:
    """A stack's own instances by their paths."""
    own = cloud.registry.read(lambda txn: txn.select(owner=stack.id, kind="instance", wanted=True))
    return {row.key: row for row in own}


def _size(server: Resource) -> int:
    return int(server.attributes["root_gib"]) * GIB


def _content(server: Resource, content: Mapping[str, Any]) -> dict[str, Any]:
    return {**content, "shared": False, "properties": {MARK: server.id}}


def recorded(cloud: Cloud, name: str, project: str) -> Resource | None:
    """The snapshot of this name."""
    return next((row for row in cloud.find(KIND, name, project) if row.key == name and row.wanted), None)


def restore(cloud: Cloud, request: Request, check: bool = False) -> Result:
    """Make the stack of the snapshot that the request's one wish names what it was then; the result is the stack's.

    Raises NotFound, or Conflict where that would lose what is on disks that allow_loss_of does not name.
    """
    (wish,) = request.wishes
    snapshot = recorded(cloud, wish.key, request.project)
    if snapshot is None:
        raise NotFound(f"{KIND} {wish.key} does not exist; mend the name")
    name, declared = snapshot.spec["stack"], snapshot.spec["declared"]
    stack = next((row for row in cloud.find("stack", name, request.project) if row.key == name and row.wanted), None)
    servers = _servers(cloud, stack) if stack else {}
    lost = sorted({row.name for row in servers.values()} - request.allow_loss_of)
    if lost and not check:
        raise Conflict(
            f"stack {name}: restoring it would lose what is on the disks of {', '.join(lost)}; "
            "name them in allow_loss_of if that is meant"
        )
    wishes = (
        Wish(KIND, wish.key, spec=_turned(cloud, snapshot, servers)),
        Wish("stack", name, spec={**declared, "restored": snapshot.id, "adopt": _adopted(stack, declared["adopt"])}),
    )
    result = cloud.ensure(dataclasses.replace(request, wishes=wishes), check)
    return dataclasses.replace(result, roots=tuple(item for item in result.roots if item != snapshot.id))


def _adopted(stack: Resource | None, adopt: Mapping[str, str]) -> dict[str, str]:
    """What the stack adopted then and still has: the rest is not there any more, and is made."""
    known = stack.attributes.get("resources", {}) if stack else {}
    return {path: name for path, name in adopt.items() if path in known}


def _turned(cloud: Cloud, snapshot: Resource, servers: Mapping[str, Resource]) -> dict[str, Any]:
    """One turn on where a server starts from an image of it already: its disk has to be made anew all the same."""
    images = cloud.registry.read(lambda txn: txn.select(owner=snapshot.id, kind="image"))
    used = {server.spec["image"] for server in servers.values()}
    return {"turn": snapshot.spec["turn"] + 1} if used & {image.id for image in images} else {}
