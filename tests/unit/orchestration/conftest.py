# SPDX-License-Identifier: Apache-2.0
"""A stack whose resources do not exist: attributes and files are what a test says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from given_files import GivenFiles

from stackwright.orchestration import parameters
from stackwright.orchestration.context import StackContext
from stackwright.orchestration.functions.base import step_into
from stackwright.orchestration.template import read_template
from stackwright.orchestration.validate import PSEUDO
from stackwright.orchestration.values import Unknown

MakeContext = Callable[..., StackContext]


@pytest.fixture(scope="session")
def make_context() -> MakeContext:
    """A context of a template's text. Attributes that are not given exist only later."""

    def make(
        text: str,
        given: Mapping[str, Any] | None = None,
        attributes: Mapping[str, Any] | None = None,
        files: Mapping[str, bytes] | None = None,
        parent: Mapping[str, Any] | None = None,
    ) -> StackContext:
        template = read_template(text, "test.yaml")
        values, errors = parameters.values(template.parameters, given or {}, {})
        for error in errors:
            raise error

        def attribute(name: str, path: Sequence[Any]) -> Any:
            if name in (attributes or {}):
                return step_into((attributes or {})[name], path)
            return Unknown(name, ".".join(map(str, path)))

        return StackContext(
            template, {**PSEUDO, **values}, lambda name: f"id-of-{name}", attribute, GivenFiles(files or {}), parent
        )

    return make
