# SPDX-License-Identifier: Apache-2.0
"""Where this is imported, the cloud's backends are memory. Run as a program, it is the command `stackwright`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sandbox import Place, Sandbox
from stackwright.cli import main
from stackwright.cloud import Cloud
from stackwright.config import Config


def in_memory(**options: Any) -> Sandbox:
    """The cloud of the configuration, with the file of its backends beside the registry."""
    url = Config.load().registry_url
    return Sandbox(Place(url, Path(sa.make_url(url).database or "").with_name("world.sqlite")), **options)


Cloud.open = in_memory  # type: ignore[method-assign,assignment]
if __name__ == "__main__":
    sys.exit(main())
