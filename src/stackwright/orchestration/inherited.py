# SPDX-License-Identifier: Apache-2.0
"""What a stack takes over: disks of its servers out of a snapshot, and resources that were there without it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from stackwright.engine.resource import Resource
from stackwright.orchestration.problem import TemplateError, nearest


@dataclass(frozen=True)
class Inherited:
    """Everything by the paths of the resources.

    restored: ids of the images that servers start from. replaced: what is remembered of that: the image, and what the
    template named when it took the place of it. secrets: attributes that random strings had.
    adopt: names or ids of what is adopted. adopted: ids of what was.
    """

    restored: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    replaced: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    adopt: Mapping[str, str] = field(default_factory=dict)
    adopted: Collection[str] = ()
    _replaced: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def name(self, path: str, before: Resource | None) -> str:
        """The name that a resource keeps as long as its template gives it none; '' for one that is the stack's own."""
        return before.name if before and (path in self.adopt or before.id in self.adopted) else ""

    def spec(self, kind: str, path: str, spec: Mapping[str, Any]) -> Mapping[str, Any]:
        """The spec of a resource with what it has of the snapshot."""
        if kind == "instance" and path in self.restored:
            return self._server(path, spec, self.restored[path])
        if kind == "random_string":
            return {**spec, "made_before": self.secrets.get(path, {})}
        return spec

    def _server(self, path: str, spec: Mapping[str, Any], image: str) -> Mapping[str, Any]:
        """It starts from its image, until its template names another image than it did when it was restored."""
        known = self.replaced.get(path, {})
        named = known["named"] if known.get("image") == image else spec["image"]
        self._replaced[path] = {"image": image, "named": named}
        return {**spec, "image": image} if named == spec["image"] else spec

    def remembered(self, ids: Mapping[str, str]) -> dict[str, Any]:
        """What is to be remembered, where the resources at these paths have these ids. Raises TemplateError."""
        unknown = next((path for path in self.adopt if path not in ids), None)
        if unknown is not None:
            raise TemplateError(f"adopt names {unknown}, and there is no such resource{nearest(unknown, ids)}")
        adopted = [item for path, item in ids.items() if path in self.adopt or item in self.adopted]
        found = {"replaced": dict(self._replaced), "adopted": adopted}
        return {key: value for key, value in found.items() if value}
