# SPDX-License-Identifier: Apache-2.0
"""A play knows its roles' handlers by name: of two with one name only one runs, under the condition of its role."""

from __future__ import annotations

from collections import Counter

import yaml
from pages import COLLECTION


def test_no_two_roles_have_a_handler_of_one_name() -> None:
    files = (COLLECTION / "roles").glob("*/handlers/main.yml")
    names = Counter(handler["name"] for file in files for handler in yaml.safe_load(file.read_text()))
    assert [name for name, count in names.items() if count > 1] == []
