# SPDX-License-Identifier: Apache-2.0
"""A config drive's files as an ISO 9660 image, labelled as cloud-init looks for it."""

from __future__ import annotations

import io
from pathlib import PurePosixPath

from stackwright.drivers.libvirt.objects import Files

LABEL = "config-2"


def build_iso(files: Files) -> bytes:
    """The image. Names keep their case by Rock Ridge and by Joliet; the plain names beneath are numbers."""
    # Reading and comparing needs no ISO: only who makes one pays for the import.
    from pycdlib import PyCdlib

    iso = PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=LABEL)
    plain = {PurePosixPath("."): ""}
    for folder in _folders(files):
        plain[folder] = f"{plain[folder.parent]}/D{len(plain)}"
        iso.add_directory(plain[folder], rr_name=folder.name, joliet_path=f"/{folder}")
    for number, (path, text) in enumerate(files):
        content, parent = text.encode(), PurePosixPath(path).parent
        name = PurePosixPath(path).name
        iso.add_fp(
            io.BytesIO(content), len(content), f"{plain[parent]}/F{number}.;1", rr_name=name, joliet_path=f"/{path}"
        )
    out = io.BytesIO()
    iso.write_fp(out)
    iso.close()
    return out.getvalue()


def _folders(files: Files) -> list[PurePosixPath]:
    """Every folder of the files, parents first."""
    found = {folder for path, _ in files for folder in PurePosixPath(path).parents}
    return sorted(found - {PurePosixPath(".")})
