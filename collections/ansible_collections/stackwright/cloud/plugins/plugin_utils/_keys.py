# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.
"""SSH keys in files: reading the public half of one, and making one where there is none."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

# cryptography is imported where it is needed: ansible-core brings it, but loading it costs every other task time.


def public_half(path: Path) -> str:
    """The public half of a private key, in OpenSSH's format. Raises ValueError for what is no such key, or OSError."""
    from cryptography.hazmat.primitives import serialization

    content = path.read_bytes()
    for load in (serialization.load_ssh_private_key, serialization.load_pem_private_key):
        try:
            return _openssh(load(content, password=None).public_key())
        except TypeError as error:
            raise ValueError(f"{path} has a passphrase; give its public half with public_key_file") from error
        except ValueError:
            continue
    raise ValueError(f"{path} is no private SSH key; name another file")


def new_key() -> tuple[bytes, str]:
    """An ed25519 key without passphrase, and its public half."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return private, _openssh(key.public_key())


def _openssh(public_key: Any) -> str:
    from cryptography.hazmat.primitives import serialization

    return public_key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def write_once(path: Path, private: bytes, public: str) -> bool:
    """Write both halves, complete or not at all; False, and nothing written, where another was quicker.

    Raises OSError, also where a file with the public half exists already.
    """
    beside = path.with_name(f"{path.name}.pub")
    if beside.exists():
        raise FileExistsError(0, "exists without its private key", str(beside))
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(private)
        os.link(name, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(name)
    beside.write_text(f"{public}\n", encoding="utf-8")
    beside.chmod(0o644)
    return True
