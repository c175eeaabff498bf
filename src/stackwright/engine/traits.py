# SPDX-License-Identifier: Apache-2.0
"""What is peculiar to the backends of a cloud, as far as the engine and the kinds have to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource

Limit = Callable[[Resource, Allocator], str]
"""Why a backend cannot do what is declared, as one sentence that names the resource and the way out; '' if it can."""


@dataclass(frozen=True)
class Traits:
    """per_host: networks live on the hosts themselves, so they get a number there, and instances stay where they are.

    everywhere: kinds whose objects may be on any host, besides those that say so themselves.
    spread: kinds that have objects on every host, which a new host gets with its registration.
    limits: kind -> what the backends cannot do of it.
    """

    per_host: bool = False
    everywhere: frozenset[str] = frozenset()
    spread: frozenset[str] = frozenset()
    limits: Mapping[str, Limit] = field(default_factory=dict)
