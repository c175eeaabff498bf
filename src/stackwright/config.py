# SPDX-License-Identifier: Apache-2.0
"""What the controller knows about itself: /etc/stackwright/stackwright.yaml, written by the role `controller`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stackwright import files
from stackwright.engine.errors import InvalidInput

PATH = Path("/etc/stackwright/stackwright.yaml")
VARIABLE = "STACKWRIGHT_CONFIG"


class Config(BaseModel):
    """registry_url: SQLAlchemy's. pki: folder of ca.pem, cert.pem, key.pem; libvirt_pki: the same by libvirt's names.

    mtu: of tenant networks, in bytes. placement: spread uses hosts evenly, pack fills one up after the other.
    image_cache_days: how long hosts keep copies of images that nothing uses; 0 for as long as there is the image.
    ssh: folder of id_ed25519 and known_hosts; only without OVN hosts are reached so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    registry_url: str = "sqlite:////var/lib/stackwright/registry.sqlite"
    image_store: Path = Path("/var/lib/stackwright/images")
    network_backend: Literal["ovn", "legacy"] = "ovn"
    ovn_northbound: str = ""
    ovn_southbound: str = ""
    pki: Path = Path("/etc/stackwright/pki")
    ssh: Path = Path("/etc/stackwright/ssh")
    libvirt_pki: Path = Path("/etc/stackwright/pki/libvirt")
    region: str = "RegionOne"
    mtu: int = 1400
    placement: Literal["spread", "pack"] = "spread"
    image_cache_days: int = Field(default=30, ge=0)

    @classmethod
    def load(cls, path: Path | None = None) -> Config:
        """Read the file. Raises InvalidInput, naming file and option."""
        path = settings(path)
        try:
            return cls.model_validate(yaml.safe_load(path.read_text()) or {})
        except FileNotFoundError as error:
            raise InvalidInput(
                f"{path} does not exist: this is no controller yet; run the role stackwright.cloud.controller"
            ) from error
        except PermissionError as error:
            raise InvalidInput(f"{path} cannot be read by this user; become root") from error
        except yaml.YAMLError as error:
            raise InvalidInput(
                f"{path} is not YAML ({error}); run the role stackwright.cloud.controller to write it anew"
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            raise InvalidInput(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def settings(path: Path | None = None) -> Path:
    """Where the settings are."""
    return path or Path(os.environ.get(VARIABLE, PATH))


def watched(path: Path) -> tuple[Config, Callable[[], bool]]:
    """The settings, and whether they name the same registry still, which reads them again only when they changed."""
    seen = _stamp(path)
    config = Config.load(path)

    def stays() -> bool:
        nonlocal seen
        now = _stamp(path)
        if now != seen and Config.load(path).registry_url != config.registry_url:
            return False
        seen = now
        return True

    return config, stays


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def name_registry(path: Path, url: str) -> None:
    """Let the settings name another registry from now on."""
    line = f"registry_url: {json.dumps(url)}\n"
    rest = re.sub(r"(?m)^registry_url:.*\n?", "", path.read_text())
    header = re.match(r"(?:#.*\n)*", rest)
    start = header.end() if header else 0
    files.replace(path, rest[:start] + line + rest[start:])
