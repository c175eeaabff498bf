# SPDX-License-Identifier: Apache-2.0
"""Watch a guest from outside for as long as a file is there: `crossing.py FILE ADDRESS CLOSED COMMAND...`.

COMMAND echoes lines through one connection to the guest. CLOSED is a port that its security groups do not open, where
whatever answer comes, a refusal too, was let through. Prints the lines sent and missing, the longest silence, how often
the closed port was tried, and answered.
"""

import contextlib
import errno
import itertools
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

INTERVAL = 0.01
"""Between two tries, in seconds; a line goes every tenth time."""
PATIENCE = 2.0
"""How long a try is waited for, in seconds."""
PASSED = (0, errno.ECONNREFUSED)


class Door:
    """The closed port, at which many tries wait at the same time."""

    def __init__(self, address: str, port: int) -> None:
        self._place = (address, port)
        self._tries: list[tuple[float, socket.socket]] = []
        self.tried = self.passed = 0

    def knock(self) -> None:
        """Try once more."""
        stream = socket.socket()
        stream.setblocking(False)
        stream.connect_ex(self._place)
        self._tries.append((time.monotonic(), stream))
        self.tried += 1

    def look(self, patience: float) -> None:
        """Count the tries that had an answer, and forget them and the old ones."""
        waiting = []
        for since, stream in self._tries:
            passed = _answer(stream) in PASSED
            self.passed += passed
            if passed or time.monotonic() - since > patience:
                stream.close()
            else:
                waiting.append((since, stream))
        self._tries = waiting


def _answer(stream: socket.socket) -> int:
    """0 once it is connected, errno's number once it failed, and otherwise EINPROGRESS."""
    failed = stream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    with contextlib.suppress(OSError):
        stream.getpeername()
        return 0
    return failed or errno.EINPROGRESS


def watch(file: Path, door: Door, command: list[str]) -> dict[str, float]:
    """Until the file is gone. Silences are in seconds."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as echo:
        assert echo.stdin
        assert echo.stdout
        heard: list[tuple[float, bytes]] = []
        reader = threading.Thread(target=lambda: heard.extend((time.monotonic(), line) for line in echo.stdout or ()))
        reader.start()
        sent = _send(file, door, echo.stdin)
        echo.stdin.close()
        reader.join()
    return {**told(sent, heard), "ended": echo.returncode, "tried": door.tried, "passed": door.passed}


def _send(file: Path, door: Door, stream: IO[bytes]) -> int:
    """How many lines were sent."""
    sent = ticks = 0
    while file.exists():
        if ticks % 10 == 0:
            stream.write(b"%d\n" % sent)
            sent += 1
        door.knock()
        door.look(PATIENCE)
        ticks += 1
        time.sleep(INTERVAL)
    time.sleep(PATIENCE)
    door.look(0)
    return sent


def told(sent: int, heard: list[tuple[float, bytes]]) -> dict[str, float]:
    """The result, from what was sent and when which line came back."""
    times = [moment for moment, _ in heard]
    longest = max((later - earlier for earlier, later in itertools.pairwise(times)), default=0.0)
    missing = len({b"%d\n" % number for number in range(sent)} - {line for _, line in heard})
    return {"sent": sent, "missing": missing, "longest": round(longest, 2)}


if __name__ == "__main__":
    print(json.dumps(watch(Path(sys.argv[1]), Door(sys.argv[2], int(sys.argv[3])), sys.argv[4:])))
