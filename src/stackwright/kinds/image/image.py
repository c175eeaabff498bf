# SPDX-License-Identifier: Apache-2.0
"""Images: what instances boot from. The content is in the controller's image store, by checksum."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from stackwright.engine.errors import InvalidInput
from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Spec


class ImageSpec(Spec):
    """checksum: sha256 of the content, hexadecimal. size, virtual_size in bytes, as inspected, never as told.

    min_disk in GiB, min_ram in MiB: the smallest flavor that may boot it.
    """

    checksum: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    disk_format: Literal["qcow2", "raw"]
    size: Annotated[int, Field(ge=0)]
    virtual_size: Annotated[int, Field(ge=0)]
    min_disk: Annotated[int, Field(ge=0)] = 0
    min_ram: Annotated[int, Field(ge=0)] = 0
    properties: dict[str, str] = {}
    description: str = ""
    shared: bool = True

    @model_validator(mode="before")
    @classmethod
    def _has_content(cls, value: Any) -> Any:
        if isinstance(value, dict) and "checksum" not in value:
            raise ValueError("it has no content yet; give src, the file that it is made of, or instance")
        return value

    @model_validator(mode="after")
    def _can_be_mounted(self) -> "ImageSpec":
        if self.for_containers() and self.disk_format != "raw":
            raise ValueError("containers need a raw file that is a file system; convert it, or mend its properties")
        return self

    def for_containers(self) -> bool:
        """Whether its properties say that it is for containers, which mount it."""
        kind = self.properties.get("img_hv_type") or self.properties.get("hypervisor_type", "")
        return kind.lower() == "lxc"


class Image(Kind):
    """Its file is `checksum` in the image store; a host that needs it gets a copy once."""

    name = "image"
    spec = ImageSpec
    everywhere = True
    columns = ("disk_format", "size", "virtual_size")

    def shared(self, resource: Resource) -> bool:
        """Public images are seen by every project."""
        return bool(resource.spec["shared"])

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """New content under an old name would pull the disk from under its instances."""
        users = allocator.referrers(wish.id, "instance")
        before = allocator.get(wish.id).spec.get("checksum")
        if users and before and before != wish.spec["checksum"]:
            names = ", ".join(sorted(user.name for user in users))
            raise InvalidInput(
                f"image {wish.name} cannot get other content while instances use it ({names}): "
                "give the new image another name"
            )
        return wish.spec
