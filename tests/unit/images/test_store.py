# SPDX-License-Identifier: Apache-2.0
"""The image store: what is in it is whole, and stays as long as an image refers to it."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from stackwright.engine.errors import Exhausted, InvalidInput, Temporary
from stackwright.engine.resource import Wish
from stackwright.images import ImageStore

CONTENT = b"\1" * 4096
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()
FOUND = {"checksum": CHECKSUM, "disk_format": "raw", "size": 4096, "virtual_size": 4096}


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    (tmp_path / "store").mkdir()
    return ImageStore(tmp_path / "store")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "image.raw").write_bytes(CONTENT)
    return tmp_path / "image.raw"


def filled(store: ImageStore, check: bool = False, **spec: object) -> dict[str, object]:
    (wish,) = store.filled([Wish("image", "guest", spec=spec)], check)
    return dict(wish.spec)


def names(store: ImageStore) -> list[str]:
    return sorted(file.name for file in store.path.iterdir())


def test_a_source_is_taken_in(store: ImageStore, source: Path) -> None:
    assert filled(store, src=str(source), min_ram=64) == {**FOUND, "min_ram": 64}
    assert names(store) == [CHECKSUM]
    assert store.file(CHECKSUM).read_bytes() == CONTENT
    assert store.file(CHECKSUM).stat().st_mode & 0o777 == 0o600


def test_what_is_there_is_known_by_its_checksum(store: ImageStore, source: Path) -> None:
    filled(store, src=str(source))
    source.unlink()
    assert filled(store, checksum=CHECKSUM) == FOUND


def test_check_mode_inspects_and_keeps_nothing(store: ImageStore, source: Path) -> None:
    assert filled(store, check=True, src=str(source)) == FOUND
    with pytest.raises(InvalidInput, match="image guest: its file is raw and not qcow2"):
        filled(store, check=True, src=str(source), disk_format="qcow2")
    assert names(store) == []


def test_a_patch_without_content_stays_as_it_is(store: ImageStore) -> None:
    assert filled(store, min_ram=64) == {"min_ram": 64}


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"checksum": "0" * 64}, "image guest: the image store has no content 0+; give src"),
        ({"checksum": "../../etc/shadow"}, "the image store has no content ../../etc/shadow; give src"),
        (
            {"src": "/does/not/exist"},
            r"its file /does/not/exist cannot be read \(No such file or directory\); mend src",
        ),
        ({"disk_format": "raw"}, "disk_format says what src is; give both or neither"),
        ({"size": 1}, "size is found out by inspection; leave it out"),
    ],
)
def test_bad_input(store: ImageStore, spec: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        filled(store, **spec)


def test_content_that_is_not_what_was_announced(store: ImageStore, source: Path) -> None:
    with pytest.raises(InvalidInput, match=f"has the checksum {CHECKSUM} and not 0+; run this again"):
        filled(store, src=str(source), checksum="0" * 64)


def test_a_source_that_changes_meanwhile(store: ImageStore, source: Path) -> None:
    with pytest.raises(Temporary, match="changed while it was read"):
        store.put(source, "0" * 64)
    assert names(store) == []


def test_a_bad_file_leaves_nothing(store: ImageStore, source: Path) -> None:
    with pytest.raises(InvalidInput, match="image guest: its file is raw and not qcow2"):
        filled(store, src=str(source), disk_format="qcow2")
    assert names(store) == []


def test_a_full_disk(store: ImageStore, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Exhausted, match=r"the disk of the image store .* is full; free some space"):
        filled(store, src=str(source))
    assert names(store) == []


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no image store is at"), ImageStore(tmp_path / "none").use():
        pass


def test_cleaning(store: ImageStore, source: Path) -> None:
    filled(store, src=str(source))
    for name in ("f" * 64, ".incoming-killed", "notes.txt"):
        (store.path / name).touch()
    assert store.clean(lambda: {CHECKSUM}) == ["f" * 64]
    assert names(store) == sorted([CHECKSUM, "notes.txt"])


def test_nothing_is_cleaned_while_somebody_declares(store: ImageStore, source: Path) -> None:
    with store.use():
        filled(store, src=str(source))
        assert store.clean(set) == []
    assert store.clean(set) == [CHECKSUM]
