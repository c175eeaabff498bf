# SPDX-License-Identifier: Apache-2.0
"""Images made from instances: a disk comes from its host, is flattened over what it starts from, and is kept."""

from __future__ import annotations

import dataclasses
import errno
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackwright.converge import converge
from stackwright.drivers.libvirt.objects import Volume, image_copy_name, root_name
from stackwright.engine.errors import Conflict, InvalidInput, NotFound, Temporary
from stackwright.engine.intent import WAIT_S
from stackwright.engine.request import Request
from stackwright.engine.resource import Resource, Wish
from stackwright.images import ImageStore, inspect_overlay
from stackwright.registry.leases import patiently
from stackwright.registry.transaction import Transaction

if TYPE_CHECKING:
    from stackwright.cloud import Cloud

GIB = 1024**3
MARK = "instance"
"""The property of an image that says which instance it was made from, by id."""
UNSEEN = {"checksum": "0" * 64, "disk_format": "qcow2", "size": 0}
"""What check mode says of content that is yet to be made."""


def with_last_images(cloud: Cloud, request: Request) -> Request:
    """The request with an image of every server that it takes out of a stack whose template asks for one.

    What never ran has nothing to keep, and may have no disk.
    """
    names = [wish.key for wish in request.wishes if wish.kind == "stack"]
    if not names:
        return request
    stacks = cloud.registry.read(lambda txn: txn.select_in("key", names, kind="stack", owner="", wanted=True))
    asked = {item for stack in stacks for item in stack.attributes.get("pictured", ())}
    if not asked:
        return request
    outcomes = converge(cloud, request, check=True).outcomes
    going = [outcome.before for item in sorted(asked) if (outcome := outcomes.get(item)) and outcome.after is None]
    ran = [row for row in going if row and row.attributes.get("started")]
    images = (Wish("image", f"{row.name}-{row.id[:8]}", spec={"instance": row.id}) for row in ran)
    return dataclasses.replace(request, wishes=(*request.wishes, *images))


def from_instances(cloud: Cloud, request: Request, check: bool) -> tuple[Wish, ...]:
    """The request's wishes, where images of instances have content. An image that is there stays as it is."""
    return tuple(_filled(cloud, request, wish, check) if _is_asked(wish) else wish for wish in request.wishes)


def _is_asked(wish: Wish) -> bool:
    return wish.kind == "image" and wish.present and "instance" in wish.spec


def _filled(cloud: Cloud, request: Request, wish: Wish, check: bool) -> Wish:
    spec = dict(wish.spec)
    name = str(spec.pop("instance"))
    if "checksum" in spec:
        raise InvalidInput(f"image {wish.key}: it is made of a file or of an instance; give src or instance, not both")
    known = [row for row in cloud.find("image", wish.key, request.project) if row.key == wish.key and row.wanted]
    if known:
        return dataclasses.replace(wish, spec=_as_it_is(known[0], spec))
    source = _instance(cloud, name, request.project)
    if check:
        content = {**UNSEEN, "virtual_size": source.attributes["root_gib"] * GIB}
    else:
        with at_work(cloud, request, [source.id]):
            content = content_of(cloud, source)
    marked = {**spec.pop("properties", {}), MARK: source.id}
    return dataclasses.replace(wish, spec={"shared": False, **content, **spec, "properties": marked})


def _as_it_is(image: Resource, spec: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of an image that was made before. Raises Conflict for one that was made of something else."""
    mark = image.spec["properties"].get(MARK)
    if mark is None:
        raise Conflict(f"{image.title} is there and was made of a file; give the image of the instance another name")
    properties = {"properties": {**spec["properties"], MARK: mark}} if "properties" in spec else {}
    return {**spec, **properties}


def _instance(cloud: Cloud, name: str, project: str) -> Resource:
    found = [row for row in cloud.find("instance", name, project) if row.wanted] if name else []
    if not found:
        raise NotFound(f"instance {name} does not exist; mend the name")
    if len(found) > 1:
        raise InvalidInput(f"instance {name} means more than one ({', '.join(row.id for row in found)}); use the id")
    return found[0]


@contextmanager
def at_work(cloud: Cloud, request: Request, ids: Iterable[str]) -> Iterator[None]:
    """Keep other runs away from some resources, after waiting for those that are at work on them."""
    names = list(ids)
    with cloud.run(request) as run:
        patiently(lambda: cloud.registry.write(lambda txn: run.acquire(txn, names)), WAIT_S, cloud.say)
        run.keep()
        yield


def content_of(cloud: Cloud, instance: Resource) -> dict[str, Any]:
    """Take the content of an instance's root disk into the store; what an image's spec says of it.

    Nobody else may be at work on it: see `at_work`. Raises NotFound, Unreachable, Temporary or Exhausted; then nothing
    of it stays.
    """
    store = cloud.images
    if store is None:
        raise InvalidInput("this cloud has no image store; run the role stackwright.cloud.controller")
    if instance.spec.get("adopt"):
        raise Conflict(f"{instance.title} is adopted, so its disks are not looked after here; copy them on its host")
    instance, host, image = cloud.registry.read(lambda txn: _recorded(txn, instance))
    driver: Any = cloud.drivers[Volume.driver]
    with store.room() as disk, store.room() as flat:
        with disk.open("r+b") as file:
            volume = root_name(instance.id, instance.spec.get("rebuilds", 0))
            starts_from = driver.disk(host.name, host.spec["uri"], instance.id, volume, file)
        inspect_overlay(disk)
        _flatten(disk, flat, *_base(store, instance, image, starts_from))
        checksum = store.take(flat)
    inspected = dataclasses.asdict(store.inspected(checksum))
    return {"checksum": checksum, "min_ram": image.spec["min_ram"], **inspected}


def _recorded(txn: Transaction, instance: Resource) -> tuple[Resource, Resource, Resource]:
    """An instance as whoever was waited for left it, its host, and its image. Raises NotFound or Temporary."""
    found = txn.select(id=instance.id, wanted=True)
    hosts = txn.select(kind="host", name=found[0].host, wanted=True) if found else []
    if not hosts:
        raise NotFound(f"{instance.title} is on no host, so there is no disk to make an image of; see its status")
    _is_there(txn, found[0])
    return found[0], hosts[0], txn.get(found[0].spec["image"])


def _is_there(txn: Transaction, instance: Resource) -> None:
    """Raises Temporary for what was not seen yet on the host that it is placed on: its disk may be half there."""
    left = [txn.get(item.host).name for item in txn.departures(instance.id).values() if not item.lost]
    if left and instance.status != "active":
        raise Temporary(
            f"{instance.title} is still on its way from host {left[0]} to {instance.host}; declare it, and run this "
            "again when it is there"
        )


def _base(store: ImageStore, instance: Resource, image: Resource, starts_from: str) -> tuple[Path | None, str]:
    """The store's own file for what a disk starts from, with its format: never what the disk itself names."""
    if not starts_from:
        return None, ""
    checksum = image.spec["checksum"]
    if starts_from != image_copy_name(image.id, checksum):
        raise Conflict(f"the disk of {instance.title} starts from {starts_from} and not from its {image.title}")
    if not store.has(checksum):
        raise NotFound(f"{image.title} is missing in the image store ({store.file(checksum)}); upload it again")
    return store.file(checksum), image.spec["disk_format"]


def _flatten(disk: Path, flat: Path, base: Path | None, base_format: str) -> None:
    """Write what a guest sees of its disk. Raises OSError for a full disk, Conflict for one that cannot be read."""
    over = ["-b", str(base), "-F", base_format] if base else ["-b", ""]
    _qemu_img("rebase", "-u", "-f", "qcow2", *over, str(disk))
    _qemu_img("convert", "-f", "qcow2", "-O", "qcow2", str(disk), str(flat))


def _qemu_img(*arguments: str) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603
            ["qemu-img", *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError as error:
        raise InvalidInput("the controller has no qemu-img; run the role stackwright.cloud.controller") from error
    if done.returncode:
        cause = " ".join(done.stderr.split())
        if os.strerror(errno.ENOSPC) in cause:
            raise OSError(errno.ENOSPC, cause)
        raise Conflict(f"the disk cannot be made an image of ({cause}); look after it on its host")
