# SPDX-License-Identifier: Apache-2.0
"""What kinds call secret is encrypted in the registry; whoever has the key file reads it as anything else.

The file has a key in each line (Fernet's): the first encrypts, each decrypts, so that keys can be changed at work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from stackwright import files
from stackwright.engine.errors import InvalidInput

MARK = "$encrypted"
SEALED = "sealed"
"""The setting that tells an encrypted registry. Its value can be decrypted with the key."""


class Vault:
    """The keys, read again whenever their file has changed.

    fields: kind -> names of what is secret in its specs and attributes. What is empty is no secret.
    """

    def __init__(self, path: Path, fields: Mapping[str, Collection[str]]) -> None:
        self.path = path
        self.fields = {kind: frozenset(names) for kind, names in fields.items() if names}
        self._read: tuple[tuple[int, int], MultiFernet] | None = None
        self._checked: object = None

    def lock(self, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A spec, or attributes, as they are written."""
        names = self.fields.get(kind, ())
        return {name: self._locked(value) if name in names else value for name, value in values.items()}

    def unlock(self, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A spec, or attributes, as they were before. Raises InvalidInput without the right key."""
        names = self.fields.get(kind, ())
        return {name: self._unlocked(value) if name in names else value for name, value in values.items()}

    def _locked(self, value: Any) -> Any:
        return {MARK: self.encrypt(json.dumps(value))} if value else value

    def _unlocked(self, value: Any) -> Any:
        return json.loads(self.decrypt(value[MARK])) if _is_locked(value) else value

    def check(self, ask: Callable[[str], str | None]) -> None:
        """See, once for each state of the file, that it is this registry's: nothing is encrypted with another's key.

        ask: gives a setting of the registry. Raises InvalidInput.
        """
        keys = self._keys()
        if self._checked is not keys:
            sealed = ask(SEALED)
            if sealed:
                self.decrypt(sealed)
            self._checked = keys

    def encrypt(self, text: str) -> str:
        """With the first key. Raises InvalidInput."""
        return self._keys().encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """With the key that fits. Raises InvalidInput."""
        try:
            return self._keys().decrypt(token).decode()
        except InvalidToken as error:
            raise InvalidInput(
                f"{self.path} does not hold the key that the registry is encrypted with; put that back from a backup"
            ) from error

    def _keys(self) -> MultiFernet:
        try:
            found = self.path.stat()
        except FileNotFoundError as error:
            raise InvalidInput(
                f"{self.path}, the key of the registry, does not exist; put it back from a backup, or run"
                " `stackwright init` for a new cloud"
            ) from error
        stamp = found.st_ino, found.st_mtime_ns
        if self._read is None or self._read[0] != stamp:
            self._read = stamp, MultiFernet([self._key(line) for line in self.lines()])
        return self._read[1]

    def _key(self, line: str) -> Fernet:
        try:
            return Fernet(line)
        except ValueError as error:
            raise InvalidInput(f"{self.path} holds no key in one of its lines; put it back from a backup") from error

    def lines(self) -> list[str]:
        """The keys as they are in the file, the one that encrypts first."""
        found = self.path.read_text().split()
        if not found:
            raise InvalidInput(f"{self.path} is empty; put it back from a backup")
        return found

    def replace(self, lines: list[str]) -> None:
        """Write the file."""
        files.replace(self.path, "".join(f"{line}\n" for line in lines))


def new_key() -> str:
    """A line for the file."""
    return Fernet.generate_key().decode()


def _is_locked(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {MARK} and isinstance(value[MARK], str)
