# SPDX-License-Identifier: Apache-2.0
"""The role compute keeps two hosts from having their disks in one directory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
MINE = Path("/etc/machine-id")


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    role = {"name": "stackwright.cloud.compute", "tasks_from": "owner"}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.include_role": role}]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    (tmp_path / "pool").mkdir()
    return tmp_path / "pool"


def run(pool: Path, *options: str) -> tuple[int, str]:
    """How the role's tasks end, and what they say."""
    settings = {"ansible_python_interpreter": sys.executable, "compute_pools": [{"path": str(pool)}]}
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local", *options]
    command += ["-e", json.dumps(settings), pool.parent / "play.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, " ".join(done.stdout.split())


def test_a_host_marks_its_directory_once(pool: Path) -> None:
    mark = pool / ".stackwright-host"
    for options, changes in (["--check"], 1), ([], 1), ([], 0), (["--check"], 0):
        code, said = run(pool, *options)
        assert (code, f"changed={changes} " in said) == (0, True), said
        assert mark.exists() == ("--check" not in options or changes == 0)
    assert mark.read_text() == MINE.read_text()


def test_that_of_another_host_is_refused_with_the_way_out(pool: Path) -> None:
    mark = pool / ".stackwright-host"
    mark.write_text("0" * 32 + "\n")
    for options in ["--check"], []:
        code, said = run(pool, *options)
        assert code == 2, said
        assert f"{pool} of localhost belongs to another host" in said
        assert f"remove {mark} and run this again" in said
    assert mark.read_text() == "0" * 32 + "\n"


def test_check_mode_may_come_before_there_is_a_directory(pool: Path) -> None:
    pool.rmdir()
    code, said = run(pool, "--check")
    assert code == 0, said
