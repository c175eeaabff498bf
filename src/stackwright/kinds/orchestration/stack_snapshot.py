# SPDX-License-Identifier: Apache-2.0
"""Snapshots of stacks: what a stack was declared with, and what was on the disks of its servers."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import model_validator

from stackwright.engine.resource import Resource, Wish
from stackwright.kinds.base import Kind, Spec


class StackSnapshotSpec(Spec):
    """stack: its name. declared: the spec that it had. images: path of a server -> spec of the image of its disk.
    secrets: path of a random string -> its attributes.

    at: when it was made, in seconds since the epoch.
    turn: one more gives it images of their own anew, as a disk that starts from one already would not be replaced.
    """

    stack: str
    declared: dict[str, Any]
    images: dict[str, dict[str, Any]]
    secrets: dict[str, dict[str, str]] = {}
    at: float
    turn: int = 0

    @model_validator(mode="before")
    @classmethod
    def _is_taken(cls, value: Any) -> Any:
        if isinstance(value, dict) and "declared" not in value:
            raise ValueError("it holds nothing yet; take it with the module stackwright.cloud.stack_snapshot")
        return value


class StackSnapshot(Kind):
    """It owns its images. It needs nothing of the stack, which may go and be made again of it."""

    name = "stack_snapshot"
    spec = StackSnapshotSpec
    secret = ("declared", "secrets")
    columns = ("stack", "at")

    def children(self, resource: Resource) -> Iterable[Wish]:
        """An image for each server."""
        spec = StackSnapshotSpec.of(resource)
        for path, content in spec.images.items():
            name = f"{resource.name}-{path.replace('/', '-')}"
            yield Wish("image", f"{spec.turn}/{path}", name[:255], content)


def images_by_path(images: Iterable[Resource]) -> Mapping[str, str]:
    """Path of a server -> id of its image, of the images that a snapshot owns."""
    return {image.key.partition("/")[2]: image.id for image in images}
