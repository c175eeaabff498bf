# SPDX-License-Identifier: Apache-2.0
"""deletion_policy: Snapshot. What a server had on its disk is an image before the server goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Place, Sandbox, request
from stackwright import stack_snapshots, stacks
from stackwright.engine.errors import InvalidInput, Refused
from stackwright.engine.objects import Action, Change
from stackwright.engine.resource import Wish
from stackwright.images import ImageStore
from stackwright.present import report

SERVER = """
  {name}:
    type: OS::Nova::Server
    deletion_policy: {policy}
    properties: {{name: {name}, image: guest, flavor: m1.tiny, networks: [{{network: net}}]}}
"""


@pytest.fixture
def cloud(place: Place, tmp_path: Path) -> Iterator[Sandbox]:
    (tmp_path / "store").mkdir()
    with Sandbox(place, images=ImageStore(tmp_path / "store")) as opened:
        yield opened


def stack(**servers: str) -> Wish:
    """A stack of servers, each with its deletion_policy."""
    text = "".join(SERVER.format(name=name, policy=policy) for name, policy in servers.items())
    main = f"heat_template_version: 2018-08-31\nresources:{text or ' {}'}"
    return Wish("stack", "s", spec={"template": "main.yaml", "files": {"main.yaml": main}})


def images(cloud: Sandbox) -> list[str]:
    return sorted(row.name for row in cloud.find("image") if row.name != "guest")


def test_an_image_is_made_of_what_goes(cloud: Sandbox) -> None:
    assert not cloud.ensure(request(stack(one="Snapshot", two="Snapshot", three="Delete"))).errors
    one, two = cloud.one("instance", "one").id, cloud.one("instance", "two").id
    preview = cloud.ensure(request(stack(two="Snapshot")), check=True)
    assert [item.resource.name for item in preview.outcomes.values() if item.resource.kind == "image"] == [
        f"one-{one[:8]}"
    ]
    assert images(cloud) == []
    made = stacks.declare(cloud, request(stack(two="Snapshot")), rollback=True)
    assert not made.errors
    assert [(item["path"], item["action"]) for item in stacks.changes(made)] == [
        ("one", "deleted"),
        ("three", "deleted"),
    ]
    assert images(cloud) == [f"one-{one[:8]}"]
    assert not cloud.ensure(request(stack(two="Snapshot"))).changed
    assert not cloud.drop("stack", "s").errors
    assert images(cloud) == sorted([f"one-{one[:8]}", f"two-{two[:8]}"])
    assert [row.spec["properties"] for row in cloud.find("image", f"two-{two[:8]}")] == [{"instance": two}]
    assert cloud.find("instance") == []


def test_what_never_ran_goes_without_an_image(cloud: Sandbox) -> None:
    driver: Any = cloud.drivers["libvirt"]
    driver.before = refuse
    result = stacks.declare(cloud, request(stack(one="Snapshot")), rollback=True)
    # The image file may be refused before the instance is looked at, which is then "not tried".
    (text,) = {item for item in result.errors if item.endswith("; stack s was removed again")}
    assert "the host is full; free some of it" in text
    assert "no host can take it (" in text
    assert images(cloud) == []
    assert cloud.find("stack") == cloud.find("instance") == []


def refuse(change: Change) -> None:
    if change.action is not Action.DELETE:
        raise Refused("the host is full; free some of it")


def test_only_servers_can(cloud: Sandbox) -> None:
    text = "heat_template_version: 2018-08-31\nresources: {a: {type: OS::Neutron::Net, deletion_policy: Snapshot}}"
    with pytest.raises(InvalidInput, match="there are no snapshots of this type here"):
        cloud.ensure(request(Wish("stack", "s", spec={"template": "m", "files": {"m": text}})))


def test_what_a_restored_stack_lets_go_of(cloud: Sandbox) -> None:
    assert not cloud.ensure(request(stack(one="Snapshot"))).errors
    taken = request(Wish("stack_snapshot", "before"))
    assert not stack_snapshots.take(cloud, taken, "s").errors
    assert not cloud.ensure(request(stack(one="Snapshot", two="Snapshot"))).errors
    two = cloud.one("instance", "two").id
    result = stack_snapshots.restore(cloud, request(Wish("stack_snapshot", "before"), allow_loss_of={"one", "two"}))
    assert result.errors == []
    assert [entry["kind"] for entry in report(result)] == ["stack", "image"]
    assert f"two-{two[:8]}" in images(cloud)
    assert [row.name for row in cloud.find("instance")] == ["one"]
