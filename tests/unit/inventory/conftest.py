# SPDX-License-Identifier: Apache-2.0
"""A cloud that the command finds, and Ansible's inventory of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from inventories import COMMAND, InventoryManager, Listing, WithStacks

from sandbox import Place, Sandbox


@pytest.fixture
def cloud(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The cloud of the controller that the plugin asks."""
    config = tmp_path / "stackwright.yaml"
    config.write_text(yaml.safe_dump({"registry_url": place.url}))
    monkeypatch.setenv("STACKWRIGHT_CONFIG", str(config))
    with WithStacks(place) as opened:
        yield opened


@pytest.fixture
def listing(cloud: Sandbox, tmp_path: Path) -> Listing:
    """Makes the inventory of a configuration, after those of other sources."""

    def make(*sources: Path, **options: Any) -> InventoryManager:
        said = {"plugin": "stackwright.cloud.instances", "controller": "localhost", "command": COMMAND, **options}
        file = tmp_path / "instances.stackwright.yml"
        file.write_text(yaml.safe_dump(said))
        return InventoryManager(DataLoader(), [str(source) for source in (*sources, file)])

    return make
