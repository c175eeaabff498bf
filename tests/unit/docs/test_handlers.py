# SPDX-License-Identifier: Apache-2.0
"""Handlers of all roles of a play are known by name in that play: the last one of a name is the only one."""

from __future__ import annotations

import yaml
from pages import COLLECTION


def test_handlers_of_one_name_do_the_same() -> None:
    known: dict[str, tuple[str, object]] = {}
    for file in sorted((COLLECTION / "roles").glob("*/handlers/main.yml")):
        for handler in yaml.safe_load(file.read_text()):
            role, other = known.setdefault(handler["name"], (file.parts[-3], handler))
            assert other == handler, f"{handler['name']}: of the roles {role} and {file.parts[-3]}, only one would run"
