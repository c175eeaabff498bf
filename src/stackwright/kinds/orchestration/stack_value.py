# SPDX-License-Identifier: Apache-2.0
"""Values that a stack keeps for itself: what a template computes, and the texts of its software configs."""

from collections.abc import Mapping
from typing import Any

from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Spec


class StackValueSpec(Spec):
    """value: any JSON. type: a parameter's type; config for a software config, whose value has its text in `config`."""

    with_empty = ("value",)

    type: str = ""
    value: Any = None


class StackValue(Kind):
    """No backend knows of it."""

    name = "stack_value"
    spec = StackValueSpec
    secret = ("value",)

    def quota(self, resource: Resource) -> Mapping[str, int]:
        """It costs nothing."""
        return {}
