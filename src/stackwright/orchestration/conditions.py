# SPDX-License-Identifier: Apache-2.0
"""The conditions of a template: found out when first asked for, once each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.orchestration.functions.logic import holds
from stackwright.orchestration.interfaces import Context
from stackwright.orchestration.parse import line_of
from stackwright.orchestration.problem import TemplateError, kind_of, unknown_name


class Conditions:
    """Which conditions hold."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._found: dict[str, bool] = {}
        self._asked: list[str] = []

    def holds(self, name: str, context: Context) -> bool:
        """Raises TemplateError if there is no such condition, or if it depends on itself."""
        if name in self._found:
            return self._found[name]
        if name not in self._definitions:
            raise unknown_name("condition", name, self._definitions)
        if name in self._asked:
            circle = [*self._asked[self._asked.index(name) :], name]
            raise TemplateError(f"the condition {name} depends on itself: {' -> '.join(circle)}")
        self._asked.append(name)
        try:
            self._found[name] = self._decided(self._definitions[name], context)
        except TemplateError as error:
            error.inside("conditions", name, line=line_of(self._definitions, name))
            error.settled = True
            raise
        finally:
            self._asked.pop()
        return self._found[name]

    def _decided(self, definition: Any, context: Context) -> bool:
        if not isinstance(definition, bool | dict):
            raise TemplateError(f"must be a function, true or false, and is {kind_of(definition)}")
        return holds(definition, context)
