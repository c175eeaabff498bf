# SPDX-License-Identifier: Apache-2.0
"""Keypairs: the public half; a private one reaches us only where a stack asks for it to be made and kept."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import field_validator, model_validator

from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Spec


class KeypairSpec(Spec):
    """An SSH public key in OpenSSH's format ("ssh-ed25519 AAAA... comment").

    generate: a pair is made, as stacks may ask for. save_private_key: its private half is kept.
    """

    public_key: str | None = None
    generate: bool = False
    save_private_key: bool = False

    @field_validator("public_key")
    @classmethod
    def _is_openssh(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            algorithm, blob = value.split()[:2]
            known = base64.b64decode(blob, validate=True)[4:].startswith(algorithm.encode())
        except (ValueError, binascii.Error):
            known = False
        if not known or "\n" in value.strip():
            raise ValueError("is not one OpenSSH public key; give the content of a .pub file")
        return value.strip()

    @model_validator(mode="after")
    def _has_a_key(self) -> "KeypairSpec":
        if self.public_key is None and not self.generate:
            raise ValueError("option public_key is missing")
        if self.public_key and self.generate:
            raise ValueError("a public_key is given or generated, not both; leave generate out")
        return self


class Keypair(Kind):
    """What an instance accepts for login.

    Attributes: fingerprint; of a pair that was made also public_key, and private_key if it is kept.
    """

    name = "keypair"
    spec = KeypairSpec
    affects = ("instance",)
    secret = ("private_key",)
    columns = ("fingerprint",)

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """The fingerprint as ssh-keygen -l prints it, and the pair if it is to be made."""
        spec = KeypairSpec.of(resource)
        made = {} if spec.public_key else _made(resource, keep=spec.save_private_key)
        return {"fingerprint": _fingerprint(spec.public_key or made["public_key"]), **made}


def public_key(keypair: Resource) -> str:
    """The key that instances accept, given or made."""
    return str(keypair.spec["public_key"] or keypair.attributes["public_key"])


def _made(resource: Resource, *, keep: bool) -> dict[str, str]:
    """The pair that was made before; a new one where there is none, or its private half is asked for too late."""
    has = {name: value for name, value in resource.attributes.items() if name in ("public_key", "private_key")}
    if "public_key" not in has or (keep and "private_key" not in has):
        has = _pair()
    return has if keep else {"public_key": has["public_key"]}


def _pair() -> dict[str, str]:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return {"public_key": public.decode(), "private_key": private.decode()}


def _fingerprint(key: str) -> str:
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(key.split()[1])).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"
