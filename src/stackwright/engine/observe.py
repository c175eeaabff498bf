# SPDX-License-Identifier: Apache-2.0
"""Step 4, observe: ask every backend that the scope concerns, all at once. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from stackwright.engine.objects import Object
from stackwright.engine.resource import Driver, Scope
from stackwright.engine.view import Picture, Renderers


@dataclass(frozen=True, slots=True)
class Observed:
    """What all backends hold of a scope. unreachable: (driver, place) -> one sentence."""

    objects: tuple[Object, ...]
    unreachable: Mapping[tuple[str, str], str]


def observe(picture: Picture, scope: Scope, drivers: Mapping[str, Driver], renderers: Renderers) -> Observed:
    """One bulk read per backend that has something to do with the kinds in the scope."""
    kinds = {resource.kind for resource in picture.scoped()}
    asked = [name for name in drivers if kinds & renderers[name].keys()]
    with ThreadPoolExecutor(max_workers=max(1, len(asked)), thread_name_prefix="observe") as pool:
        answers = dict(zip(asked, pool.map(lambda name: drivers[name].observe(scope), asked), strict=True))
    return Observed(
        tuple(item for answer in answers.values() for item in answer.objects),
        {(name, place): words for name, answer in answers.items() for place, words in answer.unreachable.items()},
    )
