# SPDX-License-Identifier: Apache-2.0
"""The rules that a value of a parameter or a property has to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex

from stackwright.orchestration.formats import FORMATS
from stackwright.orchestration.interfaces import Lookup
from stackwright.orchestration.problem import TemplateError, nearest

PATTERN_S = 1.0
"""How long one allowed_pattern may take on one value."""
CACHED_PATTERNS = 256


def no_lookup(_name: str, _value: Any) -> str:
    """Offline there is nothing to look a name up in."""
    return ""


@dataclass(frozen=True)
class Range:
    """A number between two bounds, both included."""

    minimum: float | None = None
    maximum: float | None = None
    description: str = ""

    def check(self, value: Any, lookup: Lookup = no_lookup) -> str:
        return "" if _between(value, self.minimum, self.maximum) else f"must be {_bounds(self.minimum, self.maximum)}"


@dataclass(frozen=True)
class Length:
    """How many characters, items or keys."""

    minimum: int | None = None
    maximum: int | None = None
    description: str = ""

    def check(self, value: Any, lookup: Lookup = no_lookup) -> str:
        if _between(len(value), self.minimum, self.maximum):
            return ""
        return f"must have a length of {_bounds(self.minimum, self.maximum)}, and has {len(value)}"


@dataclass(frozen=True)
class Modulo:
    """A number that leaves `offset` when divided by `step`."""

    step: int
    offset: int = 0
    description: str = ""

    def check(self, value: Any, lookup: Lookup = no_lookup) -> str:
        if value % self.step == self.offset:
            return ""
        return f"must be a multiple of {self.step} with an offset of {self.offset}"


@dataclass(frozen=True)
class AllowedValues:
    """One of these; of a list, every item."""

    allowed: Sequence[Any]
    description: str = ""

    def check(self, value: Any, lookup: Lookup = no_lookup) -> str:
        items = value if isinstance(value, list) else [value]
        if all(item in self.allowed for item in items):
            return ""
        return f"must be one of {', '.join(map(str, self.allowed))}"


@dataclass(frozen=True)
class AllowedPattern:
    """A regular expression that the whole text matches."""

    pattern: str
    description: str = ""

    def check(self, value: Any, lookup: Lookup = no_lookup) -> str:
        try:
            match = compiled(self.pattern).match(str(value), timeout=PATTERN_S)
        except TimeoutError:
            return f"must match the pattern {self.pattern}, which takes too long to find out: simplify the pattern"
        if match is not None and match.end() == len(str(value)):
            return ""
        return f"must match the pattern {self.pattern}"


@dataclass(frozen=True)
class Custom:
    """A rule by name: of a format (ip_addr), or of a thing that has to exist (nova.flavor)."""

    name: str
    description: str = ""

    def __post_init__(self) -> None:
        if "." not in self.name and self.name not in FORMATS:
            raise TemplateError(f"no custom constraint is called {self.name}{nearest(self.name, FORMATS)}")

    def check(self, value: Any, lookup: Lookup = no_lookup) -> str:
        check = FORMATS.get(self.name)
        return check(value) if check else lookup(self.name, value)


Rule = Range | Length | Modulo | AllowedValues | AllowedPattern | Custom


@lru_cache(CACHED_PATTERNS)
def compiled(pattern: str) -> Any:
    """The compiled pattern. Raises TemplateError if it is none."""
    try:
        return regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError, MemoryError) as error:
        raise TemplateError(f"{pattern[:60]} is not a regular expression: {error}") from error


def _between(value: Any, minimum: float | None, maximum: float | None) -> bool:
    return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)


def _bounds(minimum: float | None, maximum: float | None) -> str:
    if maximum is None:
        return f"at least {minimum}"
    if minimum is None:
        return f"at most {maximum}"
    return f"{minimum} to {maximum}"
