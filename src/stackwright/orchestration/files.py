# SPDX-License-Identifier: Apache-2.0
"""The files that templates name: beside them, or by URL."""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urljoin, urlsplit

from stackwright.orchestration.parse import MAX_BYTES
from stackwright.orchestration.problem import TemplateError


class Files(Protocol):
    """Where files come from."""

    def read(self, location: str) -> bytes:
        """What a file holds. Raises TemplateError if it cannot be had."""


class LocalFiles:
    """Files of this machine, and URLs as far as `fetch` gets them."""

    def __init__(self, fetch: Callable[[str], bytes] | None = None) -> None:
        self._fetch = fetch

    def read(self, location: str) -> bytes:
        if is_url(location):
            return self._fetched(location)
        try:
            path = Path(location)
            if path.is_file() and path.stat().st_size > MAX_BYTES:
                raise TemplateError(f"the file {location} is larger than {MAX_BYTES} bytes")
            return path.read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise TemplateError(f"the file {location} cannot be read: {reason}") from error

    def _fetched(self, location: str) -> bytes:
        if self._fetch is None:
            raise TemplateError(f"{location} cannot be read: nothing is fetched from the network here")
        return self._fetch(location)


def is_url(location: str) -> bool:
    return urlsplit(location).scheme in ("http", "https")


def beside(file: str, name: str) -> str:
    """Where a file is that `file` calls `name`: a URL, an absolute path, or beside it (in it, if it ends with /)."""
    if is_url(name) or is_url(file):
        return urljoin(file, name)
    if name.startswith("file:"):
        return _path(name)
    return str(Path(posixpath.dirname(_path(file))) / name)


def _path(name: str) -> str:
    return unquote(urlsplit(name).path) if name.startswith("file:") else name


def text_of(content: bytes) -> Any:
    """A file as templates see it: text, or base64 where it is not text."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()
