# SPDX-License-Identifier: Apache-2.0
"""What the module instance_info tells of consoles, on a cloud in memory."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule

from sandbox import Place, Sandbox, request, server
from stackwright.engine.errors import NotFound


class Talking(Sandbox):
    """One of its instances writes on its console; the others have none, as where they are shelved."""

    def console(self, instance: Any, lines: int) -> str:
        return "ready" if instance.name == "talks" else super().console(instance, lines)


def looked(place: Place, **options: Any) -> dict[str, Any]:
    """What the module answers."""
    with patch_module_args({"console_lines": 20, **options}), Talking(place) as cloud:
        return InfoModule("instance", {"console_lines": {"type": "int", "default": 0}}).answer(cloud)


@pytest.fixture
def instances(cloud: Sandbox, place: Place) -> Place:
    """Two, one of which has a console."""
    assert cloud.ensure(request(server("shelved"), server("talks"))).errors == []
    return place


def test_one_without_a_console_hides_no_other(instances: Place) -> None:
    told = looked(instances)
    assert {item["name"]: item["console"] for item in told["instances"]} == {"shelved": "", "talks": "ready"}
    (words,) = told["warnings"]
    assert words.startswith("instance shelved is on no host")


def test_one_that_is_asked_for_by_name_has_to_have_one(instances: Place) -> None:
    assert looked(instances, name="talks")["instances"][0]["console"] == "ready"
    with pytest.raises(NotFound):
        looked(instances, name="shelved")
