# SPDX-License-Identifier: Apache-2.0
"""Files that a test gives."""

from __future__ import annotations

from collections.abc import Mapping

from stackwright.orchestration.problem import TemplateError


class GivenFiles:
    """Files by location."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def read(self, location: str) -> bytes:
        if location not in self.files:
            raise TemplateError(f"the file {location} cannot be read: No such file or directory")
        return self.files[location]
