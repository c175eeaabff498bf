# SPDX-License-Identifier: Apache-2.0
"""`stackwright backup` and `stackwright unpack`: the controller's knowledge in one file."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

WAIT_S = 600.0


def add_to(commands: Any) -> None:
    """Add the commands to the parser's subcommands."""
    backup = commands.add_parser("backup", help="copy all that this controller knows into a new file")
    backup.add_argument("file", metavar="FILE", type=Path, help="the archive to make; it holds secrets")
    backup.add_argument("--without-images", action="store_true", help="leave the files of images out")
    backup.add_argument("--wait", type=float, default=WAIT_S, help="seconds for those at work to finish (%(default)s)")
    backup.add_argument("--json", action="store_true", help="write JSON")
    backup.set_defaults(run=_backup)
    unpack = commands.add_parser("unpack", help="check an archive, and lay out what is in it")
    unpack.add_argument("file", metavar="FILE", type=Path, help="an archive that `backup` made")
    unpack.add_argument("folder", metavar="FOLDER", type=Path, nargs="?", help="a new folder; without it, only check")
    unpack.add_argument("--json", action="store_true", help="write JSON")
    unpack.set_defaults(run=_unpack)


def _backup(options: argparse.Namespace) -> int:
    from stackwright.backup import back_up
    from stackwright.config import settings

    target, images = options.file.absolute(), not options.without_images
    return _tell(options, back_up(settings(), target, images, options.wait, lambda line: print(line, file=sys.stderr)))


def _unpack(options: argparse.Namespace) -> int:
    from stackwright.backup import unpack

    return _tell(options, unpack(options.file.absolute(), options.folder and options.folder.absolute()))


def _tell(options: argparse.Namespace, manifest: dict[str, Any]) -> int:
    absent = [
        item["name"] for item in manifest["images"].values() if f"images/{item['checksum']}" not in manifest["files"]
    ]
    told = {key: value for key, value in manifest.items() if key not in ("files", "images")}
    told |= {"files": sorted(manifest["files"]), "images_without_files": sorted(absent)}
    if options.json:
        print(json.dumps(told, indent=2))
        return 0
    for key, value in told.items():
        print(f"{key}: {', '.join(value) if isinstance(value, list) else value}")
    return 0
