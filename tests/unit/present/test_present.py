# SPDX-License-Identifier: Apache-2.0
"""Results as people read them: names instead of ids, before and after, one word for what became of each."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sandbox import Sandbox, request, server
from stackwright import present
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish

SECRETS = {"user_data": "#cloud-config\npassword: hunter2\n", "personality": {"/root/password": "hunter3"}}
WEB = server("web", floating_ip="public", security_groups=["default"], **SECRETS)
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def told(result: Result, name: str = "web") -> dict[str, Any]:
    (entry,) = [item for item in present.report(result) if item["name"] == name]
    return entry


def without_backends(diff: dict[str, Any]) -> str:
    """Backends know things by id alone."""
    return json.dumps([{key: value for key, value in side.items() if key != "backends"} for side in diff.values()])


def test_what_is_created_is_shown_with_names_and_no_secret(cloud: Sandbox) -> None:
    entry = told(cloud.ensure(request(WEB)))
    assert (entry["action"], entry["changed"], entry["error"]) == ("created", True, "")
    assert entry["diff"]["before"] == {}
    after = entry["diff"]["after"]
    assert (after["image"], after["flavor"], after["networks"][0]["network"]) == ("guest", "m1.tiny", "net")
    assert ID.findall(without_backends(entry["diff"])) == []
    assert "hunter" not in json.dumps(entry)
    assert entry["resource"]["user_data"] == "(not shown)"
    assert entry["resource"]["personality"] == {"/root/password": "(not shown)"}


def test_an_instance_says_where_it_can_be_reached(cloud: Sandbox) -> None:
    cloud.ensure(request(WEB))
    resource = told(cloud.ensure(request(WEB)))["resource"]
    (floating,) = cloud.find("floating_ip")
    (port,) = cloud.find("port")
    assert resource["addresses"] == [
        {
            "network": "net",
            "ip_address": port.attributes["addresses"][0]["ip_address"],
            "floating_ip_address": floating.attributes["floating_ip_address"],
            "mac_address": port.attributes["mac_address"],
        }
    ]


def test_a_change_shows_both_sides_with_the_names_of_what_it_left(cloud: Sandbox) -> None:
    cloud.ensure(request(WEB))
    entry = told(cloud.ensure(request(Wish("instance", "web", spec={"flavor": "m1.small", "keypair": "key"}))))
    before, after = entry["diff"]["before"], entry["diff"]["after"]
    assert (entry["action"], before["flavor"], after["flavor"]) == ("updated", "m1.tiny", "m1.small")
    assert ("keypair" in before, after["keypair"]) == (False, "key")
    assert (before["ram"], after["ram"]) == (512, 2048)
    unlike = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert unlike == {"flavor", "keypair", "ram", "root_gib", "backends"}
    assert ID.findall(without_backends(entry["diff"])) == []


def test_what_is_unchanged_differs_in_nothing(cloud: Sandbox) -> None:
    cloud.ensure(request(WEB))
    entry = told(cloud.ensure(request(WEB)))
    assert (entry["action"], entry["changed"], entry["changes"]) == ("none", False, [])
    assert entry["diff"]["before"] == entry["diff"]["after"]


def test_what_was_changed_by_hand_is_repaired_and_shown(cloud: Sandbox) -> None:
    cloud.ensure(request(WEB))
    (lost,) = [item for item in cloud.objects("Nat") if item.type == "dnat_and_snat"]
    cloud.lose(lost)
    drift = present.drifted(cloud.drift())
    assert [(entry["kind"], entry["name"], entry["action"]) for entry in drift["drift"]] == [
        ("instance", "web", "repaired")
    ]
    entry = told(cloud.ensure(request(WEB)))
    assert entry["action"] == "repaired"
    assert entry["diff"]["before"]["backends"] == {str(lost.identity): "missing"}
    assert entry["diff"]["after"]["backends"] == {str(lost.identity): "there"}


def test_what_is_deleted_leaves_nothing_after(cloud: Sandbox) -> None:
    cloud.ensure(request(WEB))
    entry = told(cloud.drop("instance", "web"))
    assert (entry["action"], entry["resource"], entry["diff"]["after"]) == ("deleted", None, {})
    assert entry["diff"]["before"]["image"] == "guest"
    assert told(cloud.ensure(request(WEB)))["action"] == "created"


def test_what_changes_with_it_is_told_too(cloud: Sandbox) -> None:
    cloud.ensure(request(WEB))
    result = cloud.wish("flavor", "m1.tiny", vcpus=2)
    assert [(entry["kind"], entry["name"], entry["action"]) for entry in present.affected(result)] == [
        ("instance", "web", "updated")
    ]


def test_a_preview_shows_what_the_run_will(cloud: Sandbox) -> None:
    preview = told(cloud.ensure(request(WEB), check=True))
    done = told(cloud.ensure(request(WEB)))
    assert preview["diff"] == done["diff"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [({"b": {2, 1}}, {"b": [1, 2]}), ((1, (2,)), [1, [2]]), (None, None), (b"x", "b'x'"), ({1: True}, {"1": True})],
)
def test_values_become_plain_data(value: Any, expected: Any) -> None:
    assert present.plain(value) == expected
