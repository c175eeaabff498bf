# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at any step of a move: one registry is in force, whole; and the same again completes."""

from __future__ import annotations

import multiprocessing
import signal
from itertools import count
from pathlib import Path

from processes import PATIENCE_S, Fuse, FusedRegistry
from sandbox import Place, Sandbox, flaws, portrait, request, server
from stackwright.config import name_registry, watched
from stackwright.registry import moving
from stackwright.registry.address import same


def _move(settings: Path, url: str, at: int) -> None:
    fuse = Fuse(at)
    config, stays = watched(settings)
    if same(config.registry_url, url):
        return
    source, target = FusedRegistry(config.registry_url, fuse), FusedRegistry(url, fuse)
    source.in_force = stays

    def switch() -> None:
        fuse.step()
        name_registry(settings, url)
        fuse.step()

    moving.move(source, target, switch, lambda line: fuse.step())
    fuse.step()
    moving.finish(source, target)


def test_a_killed_move_leaves_one_registry_and_is_completed(
    moving_place: Place, empty_url: str, tmp_path: Path
) -> None:
    with Sandbox(moving_place) as cloud:
        assert cloud.ensure(request(server("one", floating_ip="public"))).errors == []
        expected = portrait(cloud)
    settings = tmp_path / "stackwright.yaml"
    name = f"registry_url: {moving_place.url}\n"
    settings.write_text(name)
    killed = 0
    for at in count():
        moved = settings.read_text() != name
        process = multiprocessing.get_context("forkserver").Process(target=_move, args=(settings, empty_url, at))
        process.start()
        process.join(PATIENCE_S)
        assert process.exitcode in (0, -signal.SIGKILL), f"killed at step {at}"
        in_force = watched(settings)[0].registry_url
        assert in_force == (empty_url if moved else in_force)
        with Sandbox(Place(in_force, moving_place.world)) as cloud:
            assert portrait(cloud) == expected, f"killed at step {at}"
            assert flaws(cloud) == [], f"killed at step {at}"
            assert not cloud.ensure(request(server("one"))).changed, f"killed at step {at}"
        killed += process.exitcode != 0
        if process.exitcode == 0:
            break
    assert in_force == empty_url
    assert killed > 10, "hardly anything was tried"
