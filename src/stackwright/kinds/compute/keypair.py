# SPDX-License-Identifier: Apache-2.0
"""Keypairs: the public half alone; the private one never reaches us."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import field_validator

from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Spec


class KeypairSpec(Spec):
    """An SSH public key in OpenSSH's format ("ssh-ed25519 AAAA... comment")."""

    public_key: str

    @field_validator("public_key")
    @classmethod
    def _is_openssh(cls, value: str) -> str:
        try:
            algorithm, blob = value.split()[:2]
            known = base64.b64decode(blob, validate=True)[4:].startswith(algorithm.encode())
        except (ValueError, binascii.Error):
            known = False
        if not known or "\n" in value.strip():
            raise ValueError("is not one OpenSSH public key; give the content of a .pub file")
        return value.strip()


class Keypair(Kind):
    """What an instance accepts for login."""

    name = "keypair"
    spec = KeypairSpec
    affects = ("instance",)

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """The fingerprint as ssh-keygen -l prints it."""
        blob = base64.b64decode(KeypairSpec.of(resource).public_key.split()[1])
        digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
        return {"fingerprint": f"SHA256:{digest}"}
