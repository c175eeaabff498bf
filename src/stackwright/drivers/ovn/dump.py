# SPDX-License-Identifier: Apache-2.0
"""Copies of OVN's databases, as files that ovsdb-server can start with."""

from __future__ import annotations

import subprocess
from pathlib import Path

from stackwright.drivers.ovn.database import TITLES
from stackwright.drivers.ovn.probe import first_answering
from stackwright.engine.errors import Unreachable

SECONDS = 300


def dump(schema: str, remotes: str, pki: Path | None, target: Path) -> None:
    """Write what a database holds at this moment into a file. Raises Unreachable."""
    title = TITLES[schema]
    remote = first_answering(title, remotes, pki)
    keys = (("private-key", "key.pem"), ("certificate", "cert.pem"), ("ca-cert", "ca.pem"))
    options = [f"--{option}={pki / file}" for option, file in keys] if pki else []
    with target.open("wb") as file:
        command = ["ovsdb-client", f"--timeout={SECONDS}", *options, "backup", remote, schema]
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode:
        cause = (done.stderr.strip().splitlines() or [f"ovsdb-client ended with {done.returncode}"])[-1]
        raise Unreachable(f"{title} at {remote} could not be copied ({cause}); look at ovn-central there")
