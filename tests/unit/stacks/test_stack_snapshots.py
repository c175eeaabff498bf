# SPDX-License-Identifier: Apache-2.0
"""Snapshots of stacks: what is kept, what stays hidden, and that a stack becomes what it was, there or gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Place, Sandbox, drivers, flaws, portrait, request
from stackwright import present, stack_snapshots, stacks
from stackwright.engine.errors import Conflict, InvalidInput, NotFound, Refused, StackwrightError
from stackwright.engine.objects import Change
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish
from stackwright.images import ImageStore

TEMPLATE = """
heat_template_version: 2021-04-16
parameters:
  count: {type: number, default: 2}
  code: {type: string, hidden: true, default: swordfish}
  image: {type: string, default: guest}
resources:
  net: {type: OS::Neutron::Net}
  subnet:
    type: OS::Neutron::Subnet
    properties: {network: {get_resource: net}, cidr: 10.99.0.0/24}
  web:
    type: OS::Heat::ResourceGroup
    properties:
      count: {get_param: count}
      resource_def:
        type: OS::Nova::Server
        properties:
          name: web%index%
          image: {get_param: image}
          flavor: m1.tiny
          networks: [{network: {get_resource: net}}]
          user_data: {get_param: code}
  secret: {type: OS::Heat::RandomString}
outputs:
  secret: {value: {get_attr: [secret, value]}}
  names: {value: {get_attr: [web, name]}}
"""
SERVERS = ["web0", "web1"]


@pytest.fixture
def cloud(place: Place, tmp_path: Path) -> Iterator[Sandbox]:
    (tmp_path / "store").mkdir()
    with Sandbox(place, images=ImageStore(tmp_path / "store")) as opened:
        assert not opened.ensure(request(shop())).errors
        yield opened


def shop(template: str = TEMPLATE, **parameters: Any) -> Wish:
    spec = {"template": "main.yaml", "files": {"main.yaml": template}, "parameters": parameters}
    return Wish("stack", "shop", spec=spec)


def take(cloud: Sandbox, name: str = "before", stack: str = "shop", check: bool = False) -> Result:
    return stack_snapshots.take(cloud, request(Wish("stack_snapshot", name)), stack, check)


def restore(cloud: Sandbox, *lost: str, name: str = "before", check: bool = False) -> Result:
    asked = request(Wish("stack_snapshot", name), allow_loss_of=frozenset(lost))
    return stack_snapshots.restore(cloud, asked, check)


def files(cloud: Sandbox) -> list[str]:
    assert cloud.images
    return sorted(file.name for file in cloud.images.path.iterdir())


def starts(cloud: Sandbox) -> dict[str, str]:
    """Name of each server -> the volume that its disk starts from."""
    names = {row.id: row.name for row in cloud.find("instance")}
    return {names[item.resource]: item.backing for item in cloud.objects("Volume")}


def test_it_keeps_what_was_declared_and_the_disks(cloud: Sandbox) -> None:
    assert take(cloud).changed
    snapshot = cloud.one("stack_snapshot", "before")
    images = {row.key: row for row in cloud.find("image") if row.owner == snapshot.id}
    assert sorted(images) == ["0/web/0", "0/web/1"]
    assert [images["0/web/0"].name, images["0/web/0"].spec["shared"]] == ["before-web-0", False]
    assert images["0/web/0"].spec["properties"] == {"instance": cloud.one("instance", "web0").id}
    assert len(files(cloud)) == 2
    assert not take(cloud).changed
    assert flaws(cloud) == []


def test_it_tells_no_secret(cloud: Sandbox) -> None:
    result = take(cloud)
    told = json.dumps([present.report(result), cloud.tell("stack_snapshot"), cloud.events()])
    assert "swordfish" not in told
    (fact,) = cloud.tell("stack_snapshot")
    assert [item["path"] for item in fact["resources"]] == ["web/0", "web/1"]
    assert (fact["stack"], fact["at"][:2]) == ("shop", "20")


def test_check_mode_takes_nothing(cloud: Sandbox) -> None:
    assert take(cloud, check=True).changed
    assert (cloud.find("stack_snapshot"), files(cloud)) == ([], [])


def test_a_stack_becomes_what_it_was(cloud: Sandbox) -> None:
    take(cloud)
    cloud.ensure(request(shop(count=1), allow_loss_of=frozenset(SERVERS)))
    assert len(cloud.find("instance")) == 1
    result = restore(cloud, "web0")
    assert result.errors == []
    assert stacks.outputs(result)["names"] == SERVERS
    snapshot = cloud.one("stack_snapshot", "before")
    images = {row.id for row in cloud.find("image") if row.owner == snapshot.id}
    assert {volume[:36] for volume in starts(cloud).values()} == images
    assert flaws(cloud) == []


def test_lost_disks_are_asked_for_all_at_once(cloud: Sandbox) -> None:
    take(cloud)
    before = portrait(cloud)
    with pytest.raises(Conflict, match=r"^stack shop: restoring it would lose .* of web0, web1; name them in allow_"):
        restore(cloud)
    with pytest.raises(Conflict, match="of web1; name"):
        restore(cloud, "web0")
    assert restore(cloud, check=True).changed
    assert portrait(cloud) == before


def test_each_restoring_makes_the_disks_anew(cloud: Sandbox) -> None:
    take(cloud)
    restore(cloud, *SERVERS)
    first = starts(cloud)
    again = restore(cloud, *SERVERS)
    assert again.errors == []
    second = starts(cloud)
    assert first.keys() == second.keys()
    assert not {*first.values()} & {*second.values()}
    assert len(files(cloud)) == 2
    assert flaws(cloud) == []


def test_a_restoring_that_failed_halfway_is_gone_on_with(place: Place, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    refused: list[str] = []

    def refuse(change: Change) -> None:
        if change.object.identity.type in refused:
            raise Refused(f"{change.object.identity.type} is refused; mend the backend")

    with Sandbox(place, images=ImageStore(tmp_path / "store"), drivers=drivers(place, before=refuse)) as cloud:
        cloud.ensure(request(shop()))
        take(cloud)
        refused += ["Volume"]
        assert restore(cloud, *SERVERS).errors
        refused.clear()
        assert restore(cloud, *SERVERS).errors == []
        snapshot = cloud.one("stack_snapshot", "before")
        images = {row.id for row in cloud.find("image") if row.owner == snapshot.id}
        assert {volume[:36] for volume in starts(cloud).values()} == images
        assert flaws(cloud) == []


def test_a_stack_that_is_gone_comes_back(cloud: Sandbox) -> None:
    take(cloud)
    content = {row.name: row.spec["checksum"] for row in cloud.find("image") if row.owner}
    cloud.drop("stack", "shop")
    assert cloud.find("instance") == []
    assert len(cloud.find("stack_snapshot")) == 1
    assert restore(cloud).errors == []
    images = {row.id: row for row in cloud.find("image")}
    started = {row.name: images[row.spec["image"]].spec["checksum"] for row in cloud.find("instance")}
    assert started == {"web0": content["before-web-0"], "web1": content["before-web-1"]}
    assert flaws(cloud) == []


def test_a_restored_stack_stays_so_when_it_is_declared(cloud: Sandbox) -> None:
    take(cloud)
    restore(cloud, *SERVERS)
    assert not cloud.ensure(request(shop())).changed
    result = cloud.ensure(request(shop(count=3)))
    assert result.errors == []
    assert starts(cloud)["web2"].startswith(cloud.one("image", "guest").id)


def test_another_image_in_the_template_wins_over_the_snapshot(cloud: Sandbox) -> None:
    take(cloud)
    restore(cloud, *SERVERS)
    spec = {**cloud.one("image", "guest").spec, "checksum": "d0" * 32}
    told = {key: spec[key] for key in ("checksum", "disk_format", "size", "virtual_size")}
    cloud.images, store = None, cloud.images
    cloud.ensure(request(Wish("image", "newer", spec=told)))
    cloud.images = store
    with pytest.raises(Conflict, match="another image"):
        cloud.ensure(request(shop(image="newer")))
    newer = cloud.one("image", "newer").id
    for _ in range(2):
        result = cloud.ensure(request(shop(image="newer"), allow_loss_of=frozenset(SERVERS)))
        assert result.errors == []
        assert {volume[:36] for volume in starts(cloud).values()} == {newer}
    assert not result.changed
    assert not cloud.drop("stack_snapshot", "before").errors
    assert not cloud.ensure(request(shop(image="newer"))).errors
    assert {volume[:36] for volume in starts(cloud).values()} == {newer}


def test_random_strings_are_what_they_were(cloud: Sandbox) -> None:
    before = cloud.one("stack", "shop").attributes["outputs"]["secret"]
    take(cloud)
    salted = shop(TEMPLATE.replace("RandomString}", "RandomString, properties: {salt: other}}"))
    assert stacks.outputs(cloud.ensure(request(salted)))["secret"] != before
    assert stacks.outputs(restore(cloud, *SERVERS))["secret"] == before
    cloud.drop("stack", "shop")
    result = restore(cloud)
    told = json.dumps([present.report(result), cloud.tell("stack_snapshot"), cloud.tell("random_string")])
    assert stacks.outputs(result)["secret"] == before
    assert before not in told
    assert before not in json.dumps([cloud.events(), stacks.resources(cloud, "shop", attributes=True)])
    assert not cloud.ensure(request(shop())).changed


def test_what_was_adopted_is_made_where_it_is_gone(cloud: Sandbox) -> None:
    cloud.drop("stack", "shop")
    cloud.wish("network", "mine")
    adopting = Wish("stack", "shop", spec={**shop().spec, "adopt": {"net": "mine"}})
    assert not cloud.ensure(request(adopting)).errors
    mine = cloud.one("network", "mine").id
    take(cloud)
    assert not restore(cloud, *SERVERS).errors
    assert cloud.one("network", "mine").id == mine
    assert not cloud.ensure(request(adopting)).changed
    cloud.drop("stack", "shop")
    assert not restore(cloud).errors
    assert cloud.one("stack", "shop").attributes["resources"]["net"]["id"] != mine


def test_a_snapshot_goes_with_its_images_once_nothing_starts_from_them(cloud: Sandbox) -> None:
    take(cloud)
    restore(cloud, *SERVERS)
    with pytest.raises(Conflict, match=r"image before-web-0 is used by stack shop"):
        cloud.drop("stack_snapshot", "before")
    cloud.drop("stack", "shop")
    assert not cloud.drop("stack_snapshot", "before").errors
    assert ([row.name for row in cloud.find("image")], files(cloud)) == (["guest"], [])


def test_what_cannot_be_is_said(cloud: Sandbox) -> None:
    take(cloud)
    with pytest.raises(NotFound, match="stack none does not exist"):
        take(cloud, "other", "none")
    with pytest.raises(Conflict, match="stack_snapshot before is there and is one of stack shop"):
        take(cloud, "before", "none")
    with pytest.raises(NotFound, match="stack_snapshot none does not exist"):
        restore(cloud, name="none")
    with pytest.raises(InvalidInput, match="it holds nothing yet"):
        cloud.ensure(request(Wish("stack_snapshot", "new", spec={"stack": "shop"})))


def test_a_lost_host_leaves_nothing(cloud: Sandbox) -> None:
    host = cloud.one("instance", "web1").host
    cloud.drivers["libvirt"].unreachable[host] = f"host {host} stopped answering"  # type: ignore[attr-defined]
    with pytest.raises(StackwrightError, match="stopped answering"):
        take(cloud)
    assert (files(cloud), cloud.find("stack_snapshot")) == ([], [])


def test_the_time_to_live_is_the_stacks_own(cloud: Sandbox) -> None:
    cloud.ensure(request(Wish("stack", "shop", spec={"ttl": 60, "expires_at": 1.0})))
    take(cloud)
    cloud.ensure(request(Wish("stack", "shop", spec={"ttl": None, "expires_at": None})))
    restore(cloud, *SERVERS)
    assert cloud.one("stack", "shop").spec["expires_at"] is None
