# SPDX-License-Identifier: Apache-2.0
"""The resource types of templates. This module is a catalogue as interfaces.ResourceTypes describes it."""

from collections.abc import Mapping, Sequence

from stackwright.orchestration.types.base import Type

TYPES: Mapping[str, Type] = {}


def find(name: str) -> Type | None:
    """The type of this name, or None if it is not known at all."""
    return TYPES.get(name)


def names() -> Sequence[str]:
    """All known names, sorted."""
    return sorted(TYPES)
