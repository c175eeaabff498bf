# SPDX-License-Identifier: Apache-2.0
"""Shelving: the root disk becomes an image before anything goes, the host is free, and all of it comes back."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from sandbox import Place, Sandbox, drivers, flaws, portrait, request, server
from stackwright.engine.apply import Done
from stackwright.engine.errors import Conflict, InvalidInput, NotFound, Temporary
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish
from stackwright.images import ImageStore
from stackwright.inventory import instances

SHELVED = {"shelved": True, "power": "stopped"}
STARTED = {"shelved": False, "power": "running"}


@pytest.fixture
def cloud(place: Place, tmp_path: Path) -> Iterator[Sandbox]:
    """With an instance whose disk bears a sign that what it holds was written by its guest."""
    (tmp_path / "store").mkdir()
    with Sandbox(place, images=ImageStore(tmp_path / "store")) as opened:
        assert opened.ensure(request(server("one", floating_ip="public"))).errors == []
        (root,) = opened.objects("Volume")
        opened.hold(dataclasses.replace(root, backing_format=WRITTEN))
        yield opened


WRITTEN = "written by the guest"


def ask(cloud: Sandbox, *allowed: str, **spec: Any) -> Result:
    return cloud.ensure(request(Wish("instance", "one", spec=spec), allow_loss_of=frozenset(allowed)))


def told(cloud: Sandbox) -> dict[str, Any]:
    (found,) = cloud.tell("instance", "one")
    return found


def stored(cloud: Sandbox) -> list[str]:
    assert cloud.images
    return sorted(file.name for file in cloud.images.path.iterdir())


def claimed(cloud: Sandbox) -> int:
    used = cloud.registry.read(lambda txn: txn.counters(host.id for host in cloud.find("host")))
    return sum(used.values())


def settled(cloud: Sandbox) -> bool:
    seen = cloud.drift()
    return not seen.changed and not seen.orphans and flaws(cloud) == []


def test_nothing_of_it_is_on_a_host_and_its_addresses_stay(cloud: Sandbox) -> None:
    before = told(cloud)
    result = ask(cloud, **SHELVED)
    assert (result.errors, result.changed) == ([], True)
    assert [cloud.objects(kind) for kind in ("Domain", "Volume", "ConfigDrive")] == [[], [], []]
    now = told(cloud)
    assert (now["shelved"], now["power_state"], now.get("host")) == (True, "shelved", None)
    assert (now["id"], now["addresses"]) == (before["id"], before["addresses"])
    assert claimed(cloud) == 0
    (image,) = (item for item in cloud.tell("image") if item["name"] == "one-shelf")
    assert stored(cloud) == [image["checksum"]]
    assert image["owner"] == "instance one"
    assert [item["power_state"] for item in instances(cloud)] == ["shelved"]
    assert settled(cloud)
    assert not ask(cloud, **SHELVED).changed
    assert not ask(cloud).changed


def test_it_comes_back_from_its_disk_wherever_there_is_room(cloud: Sandbox) -> None:
    before = told(cloud)
    ask(cloud, **SHELVED)
    (image,) = (item for item in cloud.find("image") if item.name == "one-shelf")
    cloud.wish("host", before["host"], state="disabled")
    result = ask(cloud, **STARTED)
    assert (result.errors, result.changed) == ([], True)
    (root,) = cloud.objects("Volume")
    assert root.content == f"{image.id}_{image.spec['checksum'][:12]}"
    now = told(cloud)
    assert now["host"] != before["host"]
    assert (now["addresses"], now["shelved"], now["power_state"]) == (before["addresses"], False, "running")
    assert stored(cloud) == []
    assert "one-shelf" not in [item["name"] for item in cloud.tell("image")]
    assert settled(cloud)
    assert not ask(cloud, **STARTED).changed


def test_it_is_shelved_again(cloud: Sandbox) -> None:
    for spec in (SHELVED, STARTED, SHELVED, STARTED):
        assert ask(cloud, **spec).errors == []
        assert settled(cloud)
    assert cloud.drop("instance", "one").errors == []
    assert (claimed(cloud), stored(cloud), cloud.objects("Volume")) == (0, [], [])


def test_a_shelved_instance_goes_with_its_image(cloud: Sandbox) -> None:
    ask(cloud, **SHELVED)
    assert cloud.drop("instance", "one").errors == []
    assert (stored(cloud), [item.name for item in cloud.find("image")]) == ([], ["guest"])
    assert flaws(cloud) == []


def test_check_mode_says_it_and_touches_nothing(cloud: Sandbox) -> None:
    before = portrait(cloud)
    assert cloud.ensure(request(Wish("instance", "one", spec=SHELVED)), check=True).changed
    assert (portrait(cloud), stored(cloud)) == (before, [])
    ask(cloud, **SHELVED)
    before = portrait(cloud)
    assert cloud.ensure(request(Wish("instance", "one", spec=STARTED)), check=True).changed
    assert portrait(cloud) == before


def test_a_second_disk_is_lost_only_where_that_is_allowed(cloud: Sandbox) -> None:
    cloud.wish("flavor", "m1.tiny", ephemeral=2)
    before = portrait(cloud)
    words = r"instance one: shelving it would lose its second disk's content \(2 GiB\), .*name it in allow_loss_of"
    with pytest.raises(Conflict, match=words):
        ask(cloud, **SHELVED)
    assert portrait(cloud) == before
    warnings = cloud.ensure(request(Wish("instance", "one", spec=SHELVED)), check=True).warnings
    assert any("name it in allow_loss_of" in words for words in warnings)
    assert ask(cloud, "one", **SHELVED).errors == []
    assert ask(cloud, **STARTED).errors == []
    assert sorted(item.name.partition("_")[2] for item in cloud.objects("Volume")) == ["ephemeral", "root"]
    assert settled(cloud)


@pytest.mark.parametrize("counter", ["reboots", "rebuilds"])
def test_what_is_on_the_shelf_is_not_started_again(cloud: Sandbox, counter: str) -> None:
    ask(cloud, **SHELVED)
    with pytest.raises(InvalidInput, match="instance one is shelved; bring it back with state: started first"):
        ask(cloud, "one", **{counter: 1})


def test_what_is_not_there_is_not_shelved(cloud: Sandbox) -> None:
    with pytest.raises(NotFound, match="instance two does not exist, so there is nothing to shelve"):
        cloud.ensure(request(server("two", **SHELVED)))


def test_a_disk_that_may_have_changed_since_is_not_given_up(cloud: Sandbox) -> None:
    row = cloud.one("instance", "one")
    shelf = {"checksum": "ab" * 32, "disk_format": "qcow2", "size": 1, "virtual_size": 1, "revision": row.revision}
    cloud.wish("instance", "one", power="running")
    with_shelf = request(Wish("instance", "one", spec={**SHELVED, "shelf": shelf}))
    with pytest.raises(Temporary, match="instance one was changed while its disk was read; run this again"):
        Sandbox(cloud.place).ensure(with_shelf)


def test_a_smaller_disk_than_what_is_on_the_shelf_is_refused(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def large(host: str, uri: str, instance_id: str, volume: str, target: BinaryIO) -> str:
        subprocess.run(["qemu-img", "create", "-f", "qcow2", target.name, "3G"], check=True)
        return ""

    monkeypatch.setattr(cloud.drivers["libvirt"], "disk", large)
    cloud.wish("flavor", "m1.tiny", disk=3)
    ask(cloud, **SHELVED)
    with pytest.raises(InvalidInput, match="instance one needs a disk of 3 GiB for its image; keep that much"):
        cloud.wish("flavor", "m1.tiny", disk=2)
    cloud.wish("flavor", "m1.tiny", disk=4)
    assert ask(cloud, **STARTED).errors == []
    assert settled(cloud)


def test_what_would_be_refused_is_before_the_guest_is_switched_off(cloud: Sandbox) -> None:
    before = portrait(cloud)
    with pytest.raises(InvalidInput, match="not a name is no host name"):
        ask(cloud, **SHELVED, hostname="not a name")
    assert portrait(cloud) == before


class Killed(BaseException):
    """What ends a run."""


@contextlib.contextmanager
def dying(cloud: Sandbox, after: int) -> Iterator[None]:
    """The run ends at once when so many changes were made, and leaves everything as it was then."""
    done: list[Done] = []

    def die(item: Done) -> None:
        done.append(item)
        if len(done) > after:
            raise Killed

    cloud.report = die
    with contextlib.suppress(Killed):
        yield
    cloud.report = lambda item: None


def whole(cloud: Sandbox) -> bool:
    """Whether what the guest wrote is on a disk, or on one that is made of the image of that."""
    roots = [item for item in cloud.objects("Volume") if item.name.endswith("_root")]
    return any(item.backing_format == WRITTEN or item.content for item in roots)


@pytest.mark.parametrize("then", [SHELVED, STARTED], ids=["shelve", "start"])
@pytest.mark.parametrize("after", range(5))
def test_a_run_that_is_killed_while_it_shelves_loses_nothing(cloud: Sandbox, after: int, then: dict[str, Any]) -> None:
    with dying(cloud, after):
        ask(cloud, **SHELVED)
    assert whole(cloud) or stored(cloud)
    assert ask(cloud, **then).errors == []
    assert settled(cloud)
    assert ask(cloud, **STARTED).errors == []
    assert whole(cloud)
    assert (stored(cloud), settled(cloud)) == ([], True)


@pytest.mark.parametrize("then", [SHELVED, STARTED], ids=["shelve", "start"])
@pytest.mark.parametrize("after", range(6))
def test_a_run_that_is_killed_while_it_brings_back_loses_nothing(
    cloud: Sandbox, after: int, then: dict[str, Any]
) -> None:
    ask(cloud, **SHELVED)
    with dying(cloud, after):
        ask(cloud, **STARTED)
    assert whole(cloud) or stored(cloud)
    assert ask(cloud, **then).errors == []
    assert settled(cloud)
    assert ask(cloud, **STARTED).errors == []
    assert whole(cloud)
    assert (stored(cloud), settled(cloud)) == ([], True)


def test_a_host_that_does_not_answer_keeps_its_room_until_the_guest_is_gone(cloud: Sandbox, place: Place) -> None:
    host = told(cloud)["host"]
    ask(cloud, power="stopped")
    backends = drivers(place, before=lambda change: None)
    cloud.drivers = backends
    original = backends["libvirt"].disk

    def read_and_lose(*arguments: Any) -> str:
        name = original(*arguments)
        backends["libvirt"].unreachable = {host: f"host {host} does not answer"}
        return name

    backends["libvirt"].disk = read_and_lose  # type: ignore[method-assign]
    assert ask(cloud, **SHELVED).errors == [f"host {host} does not answer"]
    assert (told(cloud)["host"], claimed(cloud) > 0) == (host, True)
    backends["libvirt"].unreachable = {}
    assert ask(cloud, **SHELVED).errors == []
    assert claimed(cloud) == 0
    assert settled(cloud)


@pytest.mark.parametrize("declared", [True, False])
def test_what_was_made_anew_is_shelved_while_its_old_host_is_away(cloud: Sandbox, place: Place, declared: bool) -> None:
    lost = told(cloud)["host"]
    backends = drivers(place)
    cloud.drivers = backends
    backends["libvirt"].unreachable = {lost: f"host {lost} does not answer"}
    evacuation = request(Wish("host", lost, spec={"state": "evacuated"}), allow_loss_of=frozenset({"one"}))
    assert cloud.ensure(evacuation).errors == []
    assert ask(cloud, **SHELVED).errors == []
    assert told(cloud)["shelved"]
    assert [item.place for item in cloud.objects("Volume")] == [lost]
    (port,) = (item for item in cloud.objects("SwitchPort") if item.resource in nics(cloud))
    assert port.options == {"requested-chassis": "-"}  # the old guest, should it run on, is not heard
    assert not ask(cloud, **SHELVED).changed
    backends["libvirt"].unreachable = {}
    if declared:
        assert cloud.wish("host", lost, state="enabled").errors == []
        assert cloud.objects("Volume") == []
    (image,) = (item for item in cloud.find("image") if item.name == "one-shelf")
    result = ask(cloud, **STARTED)
    assert result.errors == []
    assert not [item for outcome in result.outcomes.values() for item in outcome.changes if item.moves]
    (root,) = cloud.objects("Volume")
    assert root.content.startswith(image.id)
    assert settled(cloud)


def nics(cloud: Sandbox) -> set[str]:
    return {nic["port"] for nic in cloud.one("instance", "one").attributes["nics"]}


def test_a_container_is_not_even_switched_off(cloud: Sandbox) -> None:
    host = cloud.one("host", told(cloud)["host"])
    (found,) = (item for item in cloud.objects("Hypervisor") if item.name == host.name)
    cloud.hold(dataclasses.replace(found, domain_type="lxc"))
    cloud.wish("host", host.name)
    before = portrait(cloud)
    with pytest.raises(Conflict, match="instance one is a container, of whose disk no image can be made"):
        ask(cloud, **SHELVED)
    assert portrait(cloud) == before
