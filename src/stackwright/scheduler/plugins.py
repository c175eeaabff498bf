# SPDX-License-Identifier: Apache-2.0
"""Filters and weighers of others: entry points of distributions that are installed beside this library."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from stackwright.engine.errors import InvalidInput
from stackwright.scheduler.candidate import Candidate, Placement

Plugin = Callable[[Candidate, Placement], Any]

FILTERS = "stackwright.filters"
WEIGHERS = "stackwright.weighers"
ANSWERS: dict[str, tuple[type, ...]] = {FILTERS: (str,), WEIGHERS: (int, float)}


def installed(group: str) -> dict[str, Plugin]:
    """What a group of entry points leads to, by name, in the order of the names. Raises InvalidInput."""
    found = sorted(entry_points(group=group), key=lambda item: item.name)
    return {item.name: _guarded(item, ANSWERS[group]) for item in found}


def _guarded(item: EntryPoint, answers: tuple[type, ...]) -> Plugin:
    """The plugin, whose faults become a sentence that names it."""
    what = item.group.removeprefix("stackwright.").removesuffix("s")
    whose = f"{what} {item.name} of package {item.dist.name if item.dist else item.module}"
    way_out = "mend that package or uninstall it"
    try:
        plugin = item.load()
    except Exception as error:
        raise InvalidInput(f"{whose} cannot be loaded ({error}); {way_out}") from error

    def ask(host: Candidate, wish: Placement) -> Any:
        try:
            answer = plugin(host, wish)
        except Exception as error:
            words = f"{whose} failed on host {host.name} ({type(error).__name__}: {error})"
            raise InvalidInput(f"{wish.who}: {words}; {way_out}") from error
        if not isinstance(answer, answers):
            raise InvalidInput(
                f"{wish.who}: {whose} answered {answer!r} and not {answers[0].__name__} for host {host.name}; {way_out}"
            )
        return answer

    return ask
