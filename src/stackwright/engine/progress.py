# SPDX-License-Identifier: Apache-2.0
"""What a front end is told while backends are at work: a resource at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stackwright.engine.apply import Done
from stackwright.engine.objects import Change
from stackwright.engine.resource import Resource
from stackwright.engine.view import Picture


@dataclass(frozen=True, slots=True)
class Finished:
    """A resource whose changes were all carried out, or one of them failed: the `number`th of `total`.

    owner: what declared it, None for a task's own.
    """

    resource: Resource
    owner: Resource | None
    number: int
    total: int
    error: str = ""


class Progress:
    """Counts the changes of each resource."""

    def __init__(self, changes: Iterable[Change], picture: Picture, tell: Callable[[Finished], None]) -> None:
        known = (change.object.resource for change in changes if change.object.resource in picture.resources)
        self._left = Counter(known)
        self._total = len(self._left)
        self._picture = picture
        self._tell = tell

    def note(self, done: Done) -> None:
        """A change was tried."""
        item = done.change.object.resource
        if item not in self._left:
            return
        self._left[item] -= 1
        if done.error or not self._left[item]:
            del self._left[item]
            resource = self._picture.get(item)
            owner = self._picture.resources.get(resource.owner)
            self._tell(Finished(resource, owner, self._total - len(self._left), self._total, done.error))
