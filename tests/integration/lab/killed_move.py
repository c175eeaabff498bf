# SPDX-License-Identifier: Apache-2.0
"""Moves an instance, and kills the run that does so while its memory is under way: killed_move.py NAME FROM TO.

Runs on the controller. Exits 1 where the run ended before.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import libvirt

from stackwright.cloud import SYSTEM, Cloud
from stackwright.config import Config
from stackwright.engine.request import Request
from stackwright.engine.resource import Wish


def move(name: str, host: str) -> None:
    """The run that is killed."""
    with Cloud.open() as cloud:
        cloud.ensure(Request((Wish("instance", name, spec={"host": host}),), SYSTEM))


def under_way(guest: libvirt.virDomain) -> bool:
    statistics = guest.jobStats()
    out = statistics.get("operation") == libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
    return bool(out and statistics.get("memory_processed"))


def main(name: str, source: str, target: str) -> int:
    with Cloud.open() as cloud:
        (row,) = cloud.find("instance", name)
    uri = f"qemu+tls://{source}/system?pkipath={Config.load().libvirt_pki}"
    guest = libvirt.open(uri).lookupByUUIDString(row.id)
    with subprocess.Popen([sys.executable, __file__, name, target]) as run:
        while run.poll() is None and not under_way(guest):
            time.sleep(0.05)
        run.kill()
    return 0 if run.returncode == -signal.SIGKILL else 1


if __name__ == "__main__":
    if len(sys.argv) == 3:
        move(*sys.argv[1:])
    else:
        sys.exit(main(*sys.argv[1:]))
