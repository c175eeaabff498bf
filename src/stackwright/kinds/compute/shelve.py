# SPDX-License-Identifier: Apache-2.0
"""Shelving: an instance whose root disk is kept as an image, off its host until it is wanted again.

    shelved     shelf     offloaded
    no          -         no          it is on its host, as ever
    yes         content   no          its guest and disks go; the host is still claimed
    yes         content   yes         nothing of it is on any host
    no          content   no          it is placed anew, on a disk made of the shelf; that goes in the end

A step is taken when the one before has come true, which `learn` notes as `shelving`. So nothing that is needed goes
before what takes its place is there, wherever a run breaks off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from stackwright.engine.errors import InvalidInput, Temporary
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource, Wish
from stackwright.kinds.base import Spec
from stackwright.kinds.image.image import ImageSpec

PREFIX = "shelf-"
"""Begins the key of the image that an instance keeps."""


class Shelf(Spec):
    """What its root disk held, as an image says it. revision: of the instance whose disk was read."""

    checksum: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    disk_format: str
    size: int
    virtual_size: int
    min_ram: int = 0
    revision: int


def decided(wish: Resource, allocator: Allocator) -> dict[str, Any]:
    """shelved, shelf and offloaded as they are recorded. Raises InvalidInput or Temporary."""
    row = allocator.get(wish.id)
    before: Mapping[str, Any] = row.spec if row.wanted else {}
    was, shelf, shelved = before.get("shelved", False), before.get("shelf"), wish.spec["shelved"]
    if shelved and not was:
        return {"shelved": True, "shelf": _fresh(wish, row), "offloaded": False}
    true = bool(shelf) and row.attributes.get("shelving") == phase(before)
    if shelved:
        _stays_as_it_is(wish, before)
        return {"shelved": True, "shelf": shelf, "offloaded": true or before["offloaded"]}
    return {"shelved": False, "shelf": None if true and not was else shelf, "offloaded": False}


def _fresh(wish: Resource, row: Resource) -> Mapping[str, Any]:
    """What was read of its disk, if that is still what is there."""
    shelf: Mapping[str, Any] | None = wish.spec["shelf"]
    if shelf is None:
        raise InvalidInput(f"instance {wish.name} does not exist, so there is nothing to shelve; declare it first")
    if shelf["revision"] != row.revision:
        raise Temporary(f"instance {wish.name} was changed while its disk was read; run this again")
    return shelf


def _stays_as_it_is(wish: Resource, before: Mapping[str, Any]) -> None:
    if any(wish.spec[name] > before.get(name, 0) for name in ("reboots", "rebuilds")):
        raise InvalidInput(f"instance {wish.name} is shelved; bring it back with state: started first")


def phase(spec: Mapping[str, Any]) -> str:
    """What is being done with its shelf; '' without one."""
    shelf = spec.get("shelf")
    return f"{'shelved' if spec['shelved'] else 'restored'} {shelf['checksum'][:12]}" if shelf else ""


def noted(resource: Resource) -> dict[str, str]:
    """The attribute that says that this has come true; nothing of what is done with another shelf."""
    now = phase(resource.spec)
    return {"shelving": now} if now and resource.attributes.get("shelving") == now else {}


def due(resource: Resource) -> bool:
    """Whether declaring it again, as it is, is another step."""
    now = phase(resource.spec)
    return bool(now) and resource.attributes.get("shelving") == now and not resource.spec["offloaded"]


def image_of(resource: Resource) -> Iterator[Wish]:
    """The image that it keeps while it has a shelf."""
    shelf = resource.spec.get("shelf")
    if shelf:
        content = {key: value for key, value in shelf.items() if key != "revision"}
        spec = {**content, "shared": False, "properties": {"instance": resource.id}}
        yield Wish("image", f"{PREFIX}{shelf['checksum'][:12]}", f"{resource.name[:240]}-shelf", spec)


def smallest_gib(image: ImageSpec, spec: Any) -> int:
    """What its root disk must have at least, in GiB."""
    sizes = [image.virtual_size, spec.shelf.virtual_size if spec.shelf else 0]
    return -(-max(sizes) // 1024**3)
