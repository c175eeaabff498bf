# SPDX-License-Identifier: Apache-2.0
"""One SSH connection per host, to the one program that its key may run there: see the role `legacy_network`."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stackwright.engine.errors import Unreachable

CONNECT_S = 10
ALIVE_S = 5


class Shell:
    """A connection that answers one request after the other. Safe to use from any thread."""

    def __init__(self, place: str, uri: str, folder: Path) -> None:
        self.place = place
        self._lock = threading.Lock()
        self._ssh = subprocess.Popen(  # noqa: S603 - a fixed program; the host's name is the inventory's
            [
                "/usr/bin/ssh", "-F", "none", "-i", str(folder / "id_ed25519"), "-l", "root", "-T",
                "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes",
                "-o", f"UserKnownHostsFile={folder / 'known_hosts'}", "-o", "GlobalKnownHostsFile=none",
                "-o", f"ConnectTimeout={CONNECT_S}", "-o", f"ServerAliveInterval={ALIVE_S}", "-o", "LogLevel=ERROR",
                "--", urlsplit(uri).hostname or place, "serve",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def ask(self, request: dict[str, str]) -> dict[str, Any]:
        """The answer to a request. Raises Unreachable."""
        with self._lock:
            try:
                assert self._ssh.stdin  # noqa: S101 - a pipe
                assert self._ssh.stdout  # noqa: S101 - another
                self._ssh.stdin.write(json.dumps(request) + "\n")
                self._ssh.stdin.flush()
                answer: dict[str, Any] = json.loads(self._ssh.stdout.readline())
            except (OSError, ValueError) as error:
                raise Unreachable(f"host {self.place} cannot be reached over SSH ({self._why()})") from error
            return answer

    def _why(self) -> str:
        """What ssh said, which has ended or ends now."""
        self._ssh.kill()
        _, said = self._ssh.communicate()
        words = " ".join(said.split())
        return f"{words or 'it closed the connection'}; see whether it is up, and run site.yml"

    def close(self) -> None:
        """Hang up."""
        self._ssh.kill()
        self._ssh.communicate()
