# SPDX-License-Identifier: Apache-2.0
"""Compares what listens on a host with the table of docs/security.md.

    ss -Hlntup | ports.py MANAGEMENT_ADDRESS GROUP...

Prints what differs, a line each; exits 1 if anything does.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs/security.md"
ROW = re.compile(r"^\| ([a-z, ]+) \| (tcp|udp) \| (\d+(?:-\d+)?) \| (\w+) \| ([\w-]+) \| ([\w ]+) \|", re.MULTILINE)
ADDRESSES = {"any": {"0.0.0.0", "[::]", "*"}, "loopback": {"127.0.0.1", "[::1]"}}


def listening(lines: list[str]) -> set[tuple[str, str, str, str]]:
    """(protocol, address, port, process) of each line of ss; the kernel's own have no process."""
    found = set()
    for line in lines:
        protocol, _, _, _, local, _, *processes = line.split(maxsplit=6)
        address, _, port = local.rpartition(":")
        names = re.findall(r'\("([^"]+)"', processes[0] if processes else "") or ["kernel"]
        found |= {(protocol, address.split("%")[0], port, name) for name in names}
    return found


def ports(told: str) -> list[str]:
    """A port, or each of a range."""
    first, _, last = told.partition("-")
    return [str(port) for port in range(int(first), int(last or first) + 1)]


def main(management: str, *groups: str) -> int:
    rows = [row for row in ROW.findall(PAGE.read_text()) if {"all", *groups} & set(row[0].split(", "))]
    addresses = {**ADDRESSES, "management": {management}}
    allowed = {
        (row[1], address, port, row[4]) for row in rows for address in addresses[row[3]] for port in ports(row[2])
    }
    # systemd holds the sockets that it opens for others.
    found = {item for item in listening(sys.stdin.read().splitlines()) if item[3] != "systemd"}
    differences = [f"listens, and is not in the table: {' '.join(item)}" for item in sorted(found - allowed)]
    for group, protocol, port, where, process, expected in rows:
        there = any((protocol, address, port, process) in found for address in addresses[where])
        if expected == "always" and not there:
            differences.append(f"in the table for {group}, and does not listen: {protocol} {where} {port} {process}")
    print("\n".join(differences))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
