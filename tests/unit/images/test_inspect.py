# SPDX-License-Identifier: Apache-2.0
"""What is accepted as an image: files that qemu-img made, and files that somebody tampered with."""

import struct
import subprocess
from pathlib import Path

import pytest

from stackwright.engine.errors import InvalidInput
from stackwright.images import Inspected, inspect, verify

MIB = 1024**2


def qemu_img(*words: str | Path) -> None:
    subprocess.run(["qemu-img", *map(str, words)], check=True, capture_output=True)


@pytest.fixture
def qcow2(tmp_path: Path) -> Path:
    """16 MiB, of which half a MiB is written."""
    raw, image = tmp_path / "content.raw", tmp_path / "image.qcow2"
    raw.write_bytes(b"\1" * (MIB // 2))
    qemu_img("resize", "-f", "raw", raw, "16M")
    qemu_img("convert", "-O", "qcow2", raw, image)
    return image


def patched(image: Path, offset: int, layout: str, value: int) -> Path:
    content = bytearray(image.read_bytes())
    struct.pack_into(layout, content, offset, value)
    image.write_bytes(content)
    return image


@pytest.mark.parametrize("declared", ["", "qcow2"])
def test_qcow2(qcow2: Path, declared: str) -> None:
    found = inspect(qcow2, declared)
    verify(qcow2, found)
    assert found == Inspected("qcow2", qcow2.stat().st_size, 16 * MIB)


@pytest.mark.parametrize("declared", ["", "raw"])
def test_raw(tmp_path: Path, declared: str) -> None:
    image = tmp_path / "image.raw"
    image.write_bytes(bytes(MIB))
    found = inspect(image, declared)
    verify(image, found)
    assert found == Inspected("raw", MIB, MIB)


def test_raw_with_a_partition_table(tmp_path: Path) -> None:
    image = tmp_path / "image.raw"
    image.write_bytes(bytes(510) + b"\x55\xaa" + bytes(MIB - 512))
    assert inspect(image, "raw").disk_format == "raw"


@pytest.mark.parametrize(("made", "declared"), [("qcow2", "raw"), ("raw", "qcow2"), ("vmdk", "qcow2"), ("vdi", "raw")])
def test_another_format_than_declared(tmp_path: Path, made: str, declared: str) -> None:
    image = tmp_path / "image"
    qemu_img("create", "-f", made, image, "1M")
    with pytest.raises(InvalidInput, match=f"its file is {made} and not {declared}; mend disk_format"):
        inspect(image, declared)


def test_unknown_format(tmp_path: Path) -> None:
    image = tmp_path / "image"
    qemu_img("create", "-f", "vmdk", image, "1M")
    with pytest.raises(InvalidInput, match="its file is vmdk; make it qcow2"):
        inspect(image)


def test_backing_file(tmp_path: Path, qcow2: Path) -> None:
    image = tmp_path / "overlay.qcow2"
    qemu_img("create", "-f", "qcow2", "-b", qcow2, "-F", "qcow2", image)
    with pytest.raises(InvalidInput, match="its file has a backing file; flatten it"):
        inspect(image, "qcow2")


def test_data_file(tmp_path: Path) -> None:
    image = tmp_path / "split.qcow2"
    qemu_img("create", "-f", "qcow2", "-o", f"data_file={tmp_path}/data,data_file_raw=on", image, "1M")
    with pytest.raises(InvalidInput, match="keeps its content in an external data file; flatten it"):
        inspect(image, "qcow2")


def test_unknown_feature(qcow2: Path) -> None:
    with pytest.raises(InvalidInput, match="features of qcow2 that are not known to be safe"):
        inspect(patched(qcow2, 72, ">Q", 1 << 40))


@pytest.mark.parametrize(
    ("offset", "layout", "value", "cause"),
    [
        pytest.param(100, ">I", 0x7FFFFFFF, "header exceeds cluster size", id="header"),
        pytest.param(36, ">I", 0x7FFFFFFF, "L1 table too large", id="L1 table"),
        pytest.param(56, ">I", 0x7FFFFFFF, "Reference count table too large", id="refcount table"),
        pytest.param(60, ">I", 0x7FFFFFFF, "snapshot table too large", id="snapshot table"),
        pytest.param(20, ">I", 40, "Unsupported cluster size", id="cluster"),
        pytest.param(24, ">Q", 1 << 62, "too big", id="virtual size"),
    ],
)
def test_oversized(qcow2: Path, offset: int, layout: str, value: int, cause: str) -> None:
    image = patched(qcow2, offset, layout, value)
    with pytest.raises(InvalidInput, match=f"damaged or truncated .*{cause}"):
        verify(image, inspect(image, "qcow2"))


def test_truncated(qcow2: Path) -> None:
    content = qcow2.read_bytes()
    qcow2.write_bytes(content[: len(content) // 2])
    with pytest.raises(InvalidInput, match="damaged or truncated"):
        verify(qcow2, inspect(qcow2, "qcow2"))


def test_cut_within_the_header(qcow2: Path) -> None:
    qcow2.write_bytes(qcow2.read_bytes()[:60])
    with pytest.raises(InvalidInput, match="its file is raw and not qcow2"):
        inspect(qcow2, "qcow2")


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "image").touch()
    with pytest.raises(InvalidInput, match="its file is empty"):
        inspect(tmp_path / "image")
