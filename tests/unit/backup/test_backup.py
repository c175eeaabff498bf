# SPDX-License-Identifier: Apache-2.0
"""What a backup holds, when it is made, and which archives are refused."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sandbox import Place, Sandbox, server
from sandbox import request as wishes
from stackwright import backup
from stackwright.backup import back_up, unpack
from stackwright.engine.errors import InvalidInput, NotFound, Temporary
from stackwright.engine.resource import Wish
from stackwright.registry import schema
from stackwright.registry.database import Registry
from stackwright.registry.leases import Run

CONTENT = b"what a disk holds"
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


def said(line: str) -> None:
    raise AssertionError(line)


@pytest.fixture
def home(place: Place, tmp_path: Path) -> Path:
    return furnish(place, tmp_path)


def furnish(place: Place, tmp_path: Path) -> Path:
    """The folder of a controller's configuration, which has an authority and an image with content."""
    folder, store = tmp_path / "etc", tmp_path / "images"
    (folder / "ca").mkdir(parents=True)
    store.mkdir()
    (folder / "stackwright.yaml").write_text(json.dumps({"registry_url": place.url, "image_store": str(store)}))
    (folder / "ca" / "key.pem").write_text("the authority's key")
    (folder / "registry.key").write_text("the registry's key")
    (store / CHECKSUM).write_bytes(CONTENT)
    spec = {"checksum": CHECKSUM, "disk_format": "raw", "size": len(CONTENT), "virtual_size": len(CONTENT)}
    with Sandbox(place) as cloud:
        assert not cloud.ensure(wishes(Wish("image", "small", spec=spec), server("web"))).errors
    return folder


def made(home: Path, target: Path, images: bool = True) -> Path:
    back_up(home / "stackwright.yaml", target, images, 5, lambda line: None)
    return target


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of a registry, but for who is at work."""
    registry = Registry(url)
    tables = [table for table in schema.metadata.sorted_tables if table.name not in ("run", "lease")]
    with registry.engine.connect() as connection:
        rows = {table.name: sorted(map(str, connection.execute(sa.select(table)))) for table in tables}
    registry.close()
    return rows


def test_everything_comes_out_again_on_every_database(new_place: Callable[[], Place], tmp_path: Path) -> None:
    place = new_place()
    archive = made(furnish(place, tmp_path), tmp_path / "archive")
    assert archive.stat().st_mode & 0o077 == 0
    manifest = unpack(archive, tmp_path / "out")
    assert contents(f"sqlite:///{tmp_path}/out/registry.sqlite") == contents(place.url)
    assert (tmp_path / "out" / "images" / CHECKSUM).read_bytes() == CONTENT
    assert (tmp_path / "out" / "ca" / "key.pem").read_text() == "the authority's key"
    assert not [path for path in [tmp_path / "out", *tmp_path.glob("out/**/*")] if path.stat().st_mode & 0o077]
    assert {item["name"] for item in manifest["images"].values()} == {"guest", "small"}
    assert not list(tmp_path.glob(".*"))


def test_what_was_unpacked_is_a_registry_to_go_on_with(home: Path, place: Place, tmp_path: Path) -> None:
    unpack(made(home, tmp_path / "archive"), tmp_path / "out")
    with Sandbox(Place(f"sqlite:///{tmp_path}/out/registry.sqlite", place.world)) as again:
        assert not again.initialise()
        assert not [item for item in again.drift().outcomes.values() if item.changes or item.error]
        assert again.one("instance", "web").status == "active"


def test_files_of_images_may_be_left_out(home: Path, tmp_path: Path) -> None:
    manifest = unpack(made(home, tmp_path / "archive", images=False), None)
    assert CHECKSUM in {item["checksum"] for item in manifest["images"].values()}
    assert not [name for name in manifest["files"] if name.startswith("images/")]


def test_a_damaged_image_is_not_kept(home: Path, tmp_path: Path) -> None:
    (tmp_path / "images" / CHECKSUM).write_bytes(CONTENT[::-1])
    with pytest.raises(InvalidInput, match=f"{CHECKSUM} is damaged; declare"):
        made(home, tmp_path / "archive")
    assert not list(tmp_path.glob("*archive*"))
    assert not list(tmp_path.glob(".*"))


def test_it_waits_for_who_is_at_work_and_gives_up_in_the_end(home: Path, place: Place, tmp_path: Path) -> None:
    told: list[str] = []
    registry = Registry(place.url)
    run = Run(registry, "ann: network web")
    registry.write(lambda txn: run.acquire(txn, ["a"]))
    with pytest.raises(Temporary, match=r"gave up waiting for ann: network web .*; run this again later"):
        back_up(home / "stackwright.yaml", tmp_path / "archive", True, 0.5, told.append)
    assert len(told) == 1
    run.release()
    registry.close()
    back_up(home / "stackwright.yaml", tmp_path / "archive", False, 5, said)


def test_nothing_is_replaced(home: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="exists"):
        made(home, made(home, tmp_path / "archive"))


def test_a_killed_one_leaves_nothing_that_the_next_does_not_take_away(home: Path, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from stackwright import backup;"
        "backup._pack = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        "backup.back_up(Path(sys.argv[1]) / 'stackwright.yaml', Path(sys.argv[2]), True, 5, print)"
    )
    done = subprocess.run([sys.executable, "-c", code, home, tmp_path / "archive"], check=False)
    assert done.returncode == -9
    assert len(list(tmp_path.glob(".stackwright-backup-*"))) == 1
    made(home, tmp_path / "archive")
    assert not list(tmp_path.glob(".stackwright-backup-*"))


def test_nothing_is_replaced_that_appears_meanwhile(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, pack = tmp_path / "archive", backup._pack

    def packed(*arguments: Any) -> None:
        pack(*arguments)
        target.write_text("somebody's")

    monkeypatch.setattr(backup, "_pack", packed)
    with pytest.raises(InvalidInput, match=f"^{target} exists by now"):
        made(home, target)
    assert target.read_text() == "somebody's"
    assert not list(tmp_path.glob(".*"))


def test_two_at_once_leave_each_other_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tempfile.TemporaryDirectory

    def another() -> None:
        with backup._room(tmp_path):
            pass

    other = threading.Thread(target=another)

    def then_another(**options: Any) -> Any:
        monkeypatch.setattr(tempfile, "TemporaryDirectory", real)
        created = real(**options)
        other.start()
        other.join(2)  # as far as it comes
        return created

    monkeypatch.setattr(tempfile, "TemporaryDirectory", then_another)
    with backup._room(tmp_path) as room:
        other.join(60)
        assert not other.is_alive()
        assert room.is_dir()
    assert not list(tmp_path.iterdir())


def test_what_others_have_there_stays(home: Path, tmp_path: Path) -> None:
    for name in (".backup-of-photos", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "photo").touch()
    (tmp_path / ".stackwright-backup-note").touch()
    (tmp_path / ".stackwright-backup-link").symlink_to(tmp_path / "elsewhere")
    before = set(tmp_path.rglob("*"))
    made(home, tmp_path / "archive")
    assert set(tmp_path.rglob("*")) == before | {tmp_path / "archive"}


def test_a_folder_of_somebody_else_stays(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / ".stackwright-backup-theirs"
    theirs.mkdir()
    owner = theirs.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)  # only root could give the folder away
    made(home, tmp_path / "archive")
    assert theirs.is_dir()
    monkeypatch.setattr(os, "geteuid", lambda: owner)
    made(home, tmp_path / "another")
    assert not theirs.exists()


def changed(archive: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The archive with other members."""
    with tarfile.open(archive) as source:
        members = {item.name: source.extractfile(item).read() for item in source}  # type: ignore[union-attr]
    change(members)
    target = archive.with_name("changed")
    with tarfile.open(target, "w") as copy:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            copy.addfile(member, io.BytesIO(content))
    return target


def of_manifest(**values: object) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members["manifest.json"] = json.dumps({**json.loads(members["manifest.json"]), **values}).encode()

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda members: members.update({"ca/key.pem": b"another key"}), "ca/key.pem is not what was put in"),
        (lambda members: members.pop("registry.sqlite"), "registry.sqlite is missing"),
        (lambda members: members.update({"more": b""}), "more is not in its manifest.json"),
        (lambda members: members.pop("manifest.json"), "does not begin with manifest.json"),
        (lambda members: members.update({"manifest.json": b"[]"}), "cannot be understood"),
        (of_manifest(registry_revision="9999", stackwright="99.1"), "made by Stackwright 99.1, which is newer"),
        (of_manifest(format=2), "which is newer"),
    ],
)
def test_what_is_damaged_foreign_or_too_new_is_refused(
    home: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], object], words: str
) -> None:
    archive = changed(made(home, tmp_path / "archive"), change)
    with pytest.raises(InvalidInput, match=f"^{archive} .*{words}"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_name_leads_out_of_the_folder(home: Path, tmp_path: Path) -> None:
    def escape(members: dict[str, bytes]) -> None:
        files = {"../escaped": {"sha256": hashlib.sha256(b"x").hexdigest(), "size": 1}}
        of_manifest(files=files)(members)
        members["../escaped"] = b"x"
        for name in set(members) - {"manifest.json", "../escaped"}:
            del members[name]

    with pytest.raises(InvalidInput, match="leads out of it"):
        unpack(changed(made(home, tmp_path / "archive"), escape), tmp_path / "out")


def test_a_truncated_one_and_none_at_all_are_refused(home: Path, tmp_path: Path) -> None:
    archive = made(home, tmp_path / "archive")
    whole = archive.stat().st_size
    for size in (0, 100, whole // 2, whole - 20 * 512):
        shutil.copy(archive, tmp_path / "short")
        os.truncate(tmp_path / "short", size)
        with pytest.raises(InvalidInput, match="is no backup of a controller, or is damaged"):
            unpack(tmp_path / "short", None)
    with pytest.raises(NotFound, match="none does not exist"):
        unpack(tmp_path / "none", None)
