# SPDX-License-Identifier: Apache-2.0
"""What a front end asks for, and what it gets back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stackwright.engine.errors import InvalidInput
from stackwright.engine.objects import Change, Object
from stackwright.engine.resource import Resource, Wish
from stackwright.engine.view import Picture


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: every declare carries one."""

    name: str
    roles: frozenset[str] = frozenset({"admin"})


@dataclass(frozen=True, slots=True)
class Request:
    """One declare and converge.

    project: name of the project that the wishes belong to.
    label: written on every resource that is declared present; '' leaves labels alone.
    exact: remove the project's resources that carry `label` and are not wished for.
    allow_loss_of: names of the resources whose data may be lost by what is asked.
    timeout: seconds after which nothing more is begun, from when nobody else is waited for; 0 for no end.
    attended: somebody is there to clear hooks; without, none is waited at.
    """

    wishes: tuple[Wish, ...]
    actor: Actor
    project: str = "default"
    label: str = ""
    exact: bool = False
    allow_loss_of: frozenset[str] = frozenset()
    timeout: float = 0.0
    attended: bool = True

    def __post_init__(self) -> None:
        """Raises InvalidInput."""
        if self.timeout < 0:
            raise InvalidInput(f"a timeout of {self.timeout:g} s is over before it begins; give 0 for no end")


LEARNED = ("started", "shelving")
"""Attributes that note what happened; a difference in them is no change of the wish."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one resource of a scope.

    before, after: as recorded; None where there was or is none.
    changes: what the backends needed.
    error: one sentence; '' when all went well.
    """

    before: Resource | None
    after: Resource | None
    changes: tuple[Change, ...] = ()
    error: str = ""

    @property
    def resource(self) -> Resource:
        """The newest state that there is."""
        known = self.after or self.before
        assert known is not None  # noqa: S101 - an outcome is about something
        return known

    @property
    def recorded_change(self) -> bool:
        """Whether the record differs from before; what is merely learned does not count."""
        return _content(self.before) != _content(self.after)

    @property
    def changed(self) -> bool:
        """Whether the record or a backend differs from before."""
        return bool(self.changes) or self.recorded_change


def _content(resource: Resource | None) -> tuple[Any, ...] | None:
    if resource is None:
        return None
    allocated = {key: value for key, value in resource.attributes.items() if key not in LEARNED}
    return (resource.spec, allocated, resource.host, resource.label, resource.name, resource.wanted)


def _once(first: Outcome, second: Outcome) -> tuple[Change, ...]:
    """What failed was tried again, elsewhere perhaps: that counts."""
    return second.changes if first.error and second.changes else (*first.changes, *second.changes)


@dataclass(frozen=True, slots=True)
class Result:
    """What a converge did, or in check mode would do.

    outcomes: by resource id.
    roots: ids of the resources that were asked for, in the order of the wishes.
    warnings: sentences about what is accepted but not seen to work yet.
    picture: the resources that the outcomes are about, and what they refer to.
    orphans: objects that carry our mark and that nobody declared; looked for only over the whole cloud.
    refused: resource id -> what its host said that definitely refused to make it.
    """

    outcomes: Mapping[str, Outcome]
    picture: Picture
    roots: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    orphans: tuple[Object, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    def followed_by(self, later: Result) -> Result:
        """The same after all of it was looked at once more, which decides how it stands."""
        both = {
            item: dataclasses.replace(second, before=first.before, changes=_once(first, second))
            for item, first in self.outcomes.items()
            if (second := later.outcomes.get(item))
        }
        warnings = tuple(dict.fromkeys((*self.warnings, *later.warnings)))
        return dataclasses.replace(self, outcomes={**self.outcomes, **both}, warnings=warnings, refused=later.refused)

    def explained(self, more: Mapping[str, str]) -> Result:
        """With a better account of what failed. more: resource id -> a sentence."""
        failed = {item: outcome for item, outcome in self.outcomes.items() if outcome.error and item in more}
        told = {item: dataclasses.replace(outcome, error=more[item]) for item, outcome in failed.items()}
        return dataclasses.replace(self, outcomes={**self.outcomes, **told})

    @property
    def failed(self) -> dict[str, str]:
        """Resource id -> what went wrong."""
        return {item: outcome.error for item, outcome in self.outcomes.items() if outcome.error}

    @property
    def changed(self) -> bool:
        """Whether anything differs from before."""
        return any(outcome.changed for outcome in self.outcomes.values())

    @property
    def errors(self) -> list[str]:
        """The sentences of what failed, each once."""
        return list(dict.fromkeys(outcome.error for outcome in self.outcomes.values() if outcome.error))
