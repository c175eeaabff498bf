# SPDX-License-Identifier: Apache-2.0
"""Images made of instances: once, with the content of the moment, and leaving nothing where that fails."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import GIB, Place, Sandbox, drivers, request, server
from stackwright.engine.errors import Conflict, Exhausted, InvalidInput, NotFound, Unreachable
from stackwright.engine.resource import Wish
from stackwright.images import ImageStore, inspect_overlay
from stackwright.registry.leases import Run


@pytest.fixture
def cloud(place: Place, tmp_path: Path) -> Iterator[Sandbox]:
    (tmp_path / "store").mkdir()
    with Sandbox(place, images=ImageStore(tmp_path / "store")) as opened:
        assert not opened.ensure(request(server("web"))).errors
        yield opened


def snap(name: str = "snap", **spec: object) -> Wish:
    return Wish("image", name, spec={"instance": "web", **spec})


def files(cloud: Sandbox) -> list[str]:
    assert cloud.images
    return sorted(file.name for file in cloud.images.path.iterdir())


def test_an_image_holds_the_disk_of_its_instance(cloud: Sandbox, tmp_path: Path) -> None:
    assert not cloud.ensure(request(snap(description="Before the upgrade"))).errors
    image, web = cloud.one("image", "snap"), cloud.one("instance", "web")
    assert image.spec["properties"] == {"instance": web.id}
    assert (image.spec["shared"], image.spec["disk_format"]) == (False, "qcow2")
    assert files(cloud) == [image.spec["checksum"]]
    stored = tmp_path / "store" / image.spec["checksum"]
    subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", stored, tmp_path / "raw"], check=True)
    assert (tmp_path / "raw").read_bytes().startswith(web.id.encode())


def test_it_is_made_once(cloud: Sandbox) -> None:
    cloud.ensure(request(snap()))
    before = cloud.one("image", "snap")
    assert not cloud.ensure(request(snap())).changed
    cloud.drop("instance", "web")
    assert not cloud.ensure(request(snap())).changed
    assert cloud.ensure(request(snap(properties={"os": "debian"}))).changed
    after = cloud.one("image", "snap")
    assert after.spec["properties"] == {"os": "debian", "instance": before.spec["properties"]["instance"]}
    assert after.spec["checksum"] == before.spec["checksum"]


def test_instances_start_from_it(cloud: Sandbox) -> None:
    cloud.ensure(request(snap()))
    assert not cloud.ensure(request(server("second", image="snap"))).errors


def test_check_mode_touches_no_instance(cloud: Sandbox) -> None:
    result = cloud.ensure(request(snap()), check=True)
    (outcome,) = (result.outcomes[root] for root in result.roots)
    assert outcome.after is not None
    assert outcome.after.spec["virtual_size"] == GIB
    assert (cloud.find("image", "snap"), files(cloud)) == ([], [])


@pytest.mark.parametrize(
    ("wish", "error", "words"),
    [
        (Wish("image", "snap", spec={"instance": "nobody"}), NotFound, "instance nobody does not exist"),
        (Wish("image", "snap", spec={"instance": ""}), NotFound, "does not exist"),
        (Wish("image", "guest", spec={"instance": "web"}), Conflict, "image guest is there and was made of a file"),
        (snap(checksum="a" * 64), InvalidInput, "the image store has no content"),
        (snap(disk_format="raw"), InvalidInput, "give both or neither"),
    ],
)
def test_what_cannot_be_is_said(cloud: Sandbox, wish: Wish, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cloud.ensure(request(wish))
    assert files(cloud) == []


def test_a_lost_host_leaves_nothing(cloud: Sandbox) -> None:
    host = cloud.one("instance", "web").host
    cloud.drivers["libvirt"].unreachable[host] = f"host {host} stopped answering"  # type: ignore[attr-defined]
    with pytest.raises(Unreachable, match="stopped answering"):
        cloud.ensure(request(snap()))
    assert (files(cloud), cloud.find("image", "snap")) == ([], [])


def test_a_full_disk_leaves_nothing(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "bin" / "qemu-img"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\necho qemu-img: error while writing: No space left on device >&2; exit 1\n")
    script.chmod(0o755)
    with (tmp_path / "disk").open("w+b") as disk:
        cloud.drivers["libvirt"].disk("host1", "", "web", "web_root", disk)  # type: ignore[attr-defined]
        disk.seek(0)
        content = disk.read()
    monkeypatch.setattr(cloud.drivers["libvirt"], "disk", lambda *given: given[-1].write(content) and "")
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")
    with pytest.raises(Exhausted, match=r"the disk of the image store .* is full"):
        cloud.ensure(request(snap()))
    assert files(cloud) == []


def test_it_waits_for_whoever_is_at_work(cloud: Sandbox) -> None:
    web = cloud.one("instance", "web")
    other = Run(cloud.registry, "somebody: instance web")
    cloud.registry.write(lambda txn: other.acquire(txn, [web.id]))
    said: list[str] = []

    def release(line: str) -> None:
        said.append(line)
        other.release()

    cloud.say = release
    cloud.ensure(request(snap()))
    assert said[0].startswith("waiting for somebody: instance web")


def test_a_disk_that_starts_from_something_else_is_not_followed(place: Place, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    found = drivers(place)
    with Sandbox(place, images=ImageStore(tmp_path / "store"), drivers=found) as cloud:
        cloud.ensure(request(server("web")))
        read = found["libvirt"].disk
        found["libvirt"].disk = lambda *given: read(*given) or "/etc/shadow"  # type: ignore[method-assign]
        with pytest.raises(Conflict, match="starts from /etc/shadow and not from its image guest"):
            cloud.ensure(request(snap()))
        assert files(cloud) == []


def test_a_disk_that_keeps_its_content_elsewhere_is_refused(tmp_path: Path) -> None:
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-o", f"data_file={tmp_path}/data", tmp_path / "disk", "1M"]
    subprocess.run(command, check=True)
    with pytest.raises(InvalidInput, match="external data file"):
        inspect_overlay(tmp_path / "disk")


def test_what_is_no_disk_is_refused(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"QFI")
    with pytest.raises(InvalidInput, match="not qcow2"):
        inspect_overlay(tmp_path / "disk")
