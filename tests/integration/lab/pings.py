# SPDX-License-Identifier: Apache-2.0
"""Ping an address for a while: `pings.py ADDRESS SECONDS` prints how many were sent and lost, and the longest silence.

Needs root, as every program that makes its own ICMP does.
"""

import contextlib
import json
import os
import socket
import struct
import sys
import time

INTERVAL = 0.1
PATIENCE = 2.0
"""How long the last answers are waited for, in seconds."""
ECHO, REPLY = 8, 0


def checksum(data: bytes) -> int:
    """As RFC 1071 has it."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def echo(number: int) -> bytes:
    """One request."""
    identifier = os.getpid() & 0xFFFF
    blank = struct.pack("!BBHHH", ECHO, 0, 0, identifier, number & 0xFFFF)
    return struct.pack("!BBHHH", ECHO, 0, checksum(blank), identifier, number & 0xFFFF)


def answered(packet: bytes) -> int | None:
    """Number of the request that a packet answers, if it is one of ours."""
    header = (packet[0] & 0xF) * 4
    kind, _, _, identifier, number = struct.unpack("!BBHHH", packet[header : header + 8])
    return number if (kind, identifier) == (REPLY, os.getpid() & 0xFFFF) else None


def ping(address: str, seconds: float) -> dict[str, float]:
    """Send at a steady pace. Silences are in seconds."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as stream:
        stream.connect((address, 0))
        count = int(seconds / INTERVAL)
        sent: list[float] = []
        answers: set[int] = set()
        start = time.monotonic()
        while (now := time.monotonic() - start) < seconds + PATIENCE:
            if len(sent) < count and now >= len(sent) * INTERVAL:
                _send(stream, len(sent))
                sent.append(now)
            _receive(stream, answers)
    return told(count, answers)


def _send(stream: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # nobody knows the way just now
        stream.send(echo(number))


def _receive(stream: socket.socket, answers: set[int]) -> None:
    stream.settimeout(INTERVAL / 4)
    try:
        number = answered(stream.recv(2048))
    except OSError:
        return
    if number is not None:
        answers.add(number)


def told(count: int, answers: set[int]) -> dict[str, float]:
    """The result, from what was sent and what was answered."""
    longest = silent = 0
    for number in range(count):
        silent = 0 if number in answers else silent + 1
        longest = max(longest, silent)
    return {"sent": count, "lost": count - len(answers), "longest": round(longest * INTERVAL, 1)}


if __name__ == "__main__":
    print(json.dumps(ping(sys.argv[1], float(sys.argv[2]))))
