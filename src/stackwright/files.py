# SPDX-License-Identifier: Apache-2.0
"""Files of the controller that must not be lost or half there, whenever the machine stops."""

import os
from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Give a file this content, for its owner alone: a reader finds the old one or the new one, whole."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
