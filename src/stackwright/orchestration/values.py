# SPDX-License-Identifier: Apache-2.0
"""Values that a template's author cannot write: what exists only later, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True)
class Unknown:
    """A value that exists only after a resource does; a function over it is unknown as well."""

    resource: str
    attribute: str

    def __str__(self) -> str:
        return f"(after {self.resource}.{self.attribute})"


class Nothing(Enum):
    """`if` with two arguments and a false condition: the list item or the key is left out."""

    OMITTED = "omitted"


OMITTED = Nothing.OMITTED


def unknown_in(value: Any) -> Unknown | None:
    """The first unknown value anywhere inside, or None."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return None
    return next((found for found in map(unknown_in, value) if found), None)


def told(value: Any) -> Any:
    """A value with words for what exists only later: only a preview has any."""
    if isinstance(value, Unknown):
        return str(value)
    if isinstance(value, dict):
        return {key: told(item) for key, item in value.items()}
    return [told(item) for item in value] if isinstance(value, list) else value


def size(value: Any, most: int) -> int:
    """How much a value holds, counted up to `most`: its items, and a sixteenth of its characters."""
    found = 0
    rest = [value]
    while rest and found <= most:
        item = rest.pop()
        found += 1
        if isinstance(item, str):
            found += len(item) // 16
        elif isinstance(item, (dict, list)):
            rest += item.values() if isinstance(item, dict) else item
    return found
