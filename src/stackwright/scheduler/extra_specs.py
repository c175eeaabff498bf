# SPDX-License-Identifier: Apache-2.0
"""A flavor's extra specs: which of them concern placement, and what their values mean.

The operators are those of Nova (nova/scheduler/filters/extra_specs_ops.py), as its AggregateInstanceExtraSpecsFilter
uses them: a word at the beginning compares, any other value must be equal.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache

AGGREGATE = "aggregate_instance_extra_specs"
ELSEWHERE = frozenset(
    {"accel", "aggregate_image_properties", "capabilities", "hide_hypervisor_id", "hw", "hw_rng", "hw_video", "os"}
    | {"pci_passthrough", "powervm", "quota", "resources", "trait", "vmware"}
)
"""Scopes by which Nova chooses hosts or shapes guests, and nothing here does."""

NUMBERS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.ge,  # Nova's meaning: at least
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
}
TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "s==": operator.eq,
    "s!=": operator.ne,
    "s<": operator.lt,
    "s<=": operator.le,
    "s>": operator.gt,
    "s>=": operator.ge,
    "<in>": operator.contains,
}


def aggregate_key(spec: str) -> str:
    """The key of aggregates' metadata that an extra spec is about: its own name, with or without the scope; or ''."""
    scope, colon, key = spec.partition(":")
    if not colon:
        return spec
    return key if scope == AGGREGATE else ""


def without_effect(spec: str) -> bool:
    """Whether Nova would act by an extra spec and we do not."""
    scope, colon, _ = spec.partition(":")
    return spec == "hide_hypervisor_id" or (bool(colon) and _family(scope) in ELSEWHERE)


def _family(scope: str) -> str:
    """Scopes of numbered groups of resources belong together: resources1, trait_COMPUTE."""
    return next((name for name in ("resources", "trait") if scope.startswith(name)), scope)


@lru_cache(maxsize=1024)
def matches(value: str, asked: str) -> bool:
    """Whether a value is what an extra spec asks for. What cannot be compared does not match."""
    first, *words = asked.split() or [""]
    if first == "<or>":
        return value in words[::2]
    if first == "<all-in>":
        return bool(words) and all(word in value for word in words)
    if first not in NUMBERS and first not in TEXTS:
        return value == asked
    if not words:
        return False
    return TEXTS[first](value, words[0]) if first in TEXTS else _compared(NUMBERS[first], value, words[0])


def _compared(how: Callable[[float, float], bool], value: str, asked: str) -> bool:
    try:
        return how(float(value), float(asked))
    except ValueError:
        return False
