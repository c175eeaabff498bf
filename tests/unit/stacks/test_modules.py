# SPDX-License-Identifier: Apache-2.0
"""The modules of stacks with their action plugins, as a playbook runs them; the backends are memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from sandbox import Place, Sandbox

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PLAYBOOK = HERE / "playbook.yml"


def test_a_stack_lives_and_shows_no_secret(place: Place, tmp_path: Path) -> None:
    config = tmp_path / "stackwright.yaml"
    config.write_text(yaml.safe_dump({"registry_url": place.url}))
    # Python imports this before anything else, so the modules find the cloud in memory.
    start = f"import sys\nsys.path.append({str(ROOT / 'tests/unit/inventory')!r})\nimport stackwright_in_memory\n"
    (tmp_path / "sitecustomize.py").write_text(start)
    ansible = Path(sys.executable).with_name("ansible-playbook")
    run = subprocess.run(
        [
            ansible,
            "-vvv",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            PLAYBOOK,
        ],
        env={**os.environ, "STACKWRIGHT_CONFIG": str(config), "PYTHONPATH": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    shown = (run.stdout + run.stderr).replace("user:swordfish", "")  # an output, which is told as it is
    assert "swordfish" not in shown
    assert "heat_template_version" not in shown
    with Sandbox(place) as cloud:
        assert cloud.find("stack") == []
