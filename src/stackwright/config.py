# SPDX-License-Identifier: Apache-2.0
"""What the controller knows about itself: /etc/stackwright/stackwright.yaml, written by the role `controller`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stackwright.engine.errors import InvalidInput

PATH = Path("/etc/stackwright/stackwright.yaml")
VARIABLE = "STACKWRIGHT_CONFIG"


class Config(BaseModel):
    """registry_url: SQLAlchemy's. pki: folder of ca.pem, cert.pem, key.pem; libvirt_pki: the same by libvirt's names.

    mtu: of tenant networks, in bytes. placement: spread uses hosts evenly, pack fills one up after the other.
    image_cache_days: how long hosts keep copies of images that nothing uses; 0 for as long as there is the image.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    registry_url: str = "sqlite:////var/lib/stackwright/registry.sqlite"
    image_store: Path = Path("/var/lib/stackwright/images")
    ovn_northbound: str = ""
    ovn_southbound: str = ""
    pki: Path = Path("/etc/stackwright/pki")
    libvirt_pki: Path = Path("/etc/stackwright/pki/libvirt")
    region: str = "RegionOne"
    mtu: int = 1400
    placement: Literal["spread", "pack"] = "spread"
    image_cache_days: int = Field(default=30, ge=0)

    @classmethod
    def load(cls, path: Path | None = None) -> Config:
        """Read the file. Raises InvalidInput, naming file and option."""
        path = path or Path(os.environ.get(VARIABLE, PATH))
        try:
            return cls.model_validate(yaml.safe_load(path.read_text()) or {})
        except FileNotFoundError as error:
            raise InvalidInput(
                f"{path} does not exist: this is no controller yet; run the role stackwright.cloud.controller"
            ) from error
        except PermissionError as error:
            raise InvalidInput(f"{path} cannot be read by this user; become root or join its group") from error
        except yaml.YAMLError as error:
            raise InvalidInput(
                f"{path} is not YAML ({error}); run the role stackwright.cloud.controller to write it anew"
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            raise InvalidInput(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
