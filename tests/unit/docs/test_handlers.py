# SPDX-License-Identifier: Apache-2.0
"""A play knows its roles' handlers by name: of two with one name only one runs, under the condition of its role."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml
from pages import COLLECTION

MODULE = "ansible.builtin.systemd_service"
HANDLERS: list[dict[str, Any]] = [
    handler
    for file in sorted((COLLECTION / "roles").glob("*/handlers/main.yml"))
    for handler in yaml.safe_load(file.read_text())
]


def test_no_two_roles_have_a_handler_of_one_name() -> None:
    names = Counter(handler["name"] for handler in HANDLERS)
    assert [name for name, count in names.items() if count > 1] == []


def test_a_unit_of_ours_is_read_again_before_it_is_restarted() -> None:
    ours = [item[MODULE] for item in HANDLERS if item.get(MODULE, {}).get("name", "").startswith("stackwright-")]
    restarted = [item for item in ours if item.get("state") == "restarted"]
    assert restarted
    assert [item["name"] for item in restarted if not item.get("daemon_reload")] == []
