# SPDX-License-Identifier: Apache-2.0
"""The pipeline of examples/ci, with real modules on a cloud in memory; its guests are this machine."""

from __future__ import annotations

import os
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from inventories import COMMAND, ROOT, declare, program

from sandbox import Sandbox, server
from stackwright.engine.objects import Identity
from stackwright.engine.resource import Wish

CI = ROOT / "examples/ci"


class _Banner(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"SSH-2.0-test\r\n")


@pytest.fixture
def ssh_port() -> Iterator[int]:
    """A port of this machine that answers as a guest's SSH server does."""
    with socketserver.TCPServer(("127.0.0.1", 0), _Banner) as listener:
        threading.Thread(target=listener.serve_forever).start()
        yield listener.server_address[1]
        listener.shutdown()


@pytest.fixture
def sources(tmp_path: Path, ssh_port: int) -> list[str]:
    """A controller that is this machine, and the example's inventory, whose guests are this machine as well."""
    (tmp_path / "sitecustomize.py").write_text("import stackwright_in_memory\n")
    path = f"{tmp_path}:{Path(__file__).parent}"
    python = program(tmp_path, "python", f'PYTHONPATH={path} exec {sys.executable} "$@"')
    here = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": python}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"controller": {"hosts": {"cloud1": here}}}))
    said = yaml.safe_load((CI / "instances.stackwright.yml").read_text())
    said["compose"] |= {
        "ansible_host": "'127.0.0.1'",
        "ansible_port": str(ssh_port),
        "ansible_connection": "'local'",
    }
    (tmp_path / "instances.stackwright.yml").write_text(yaml.safe_dump({**said, "command": COMMAND}))
    return [f"--inventory={tmp_path / name}" for name in ("hosts.yml", "instances.stackwright.yml")]


@pytest.fixture
def before(cloud: Sandbox) -> set[Identity]:
    """What there is before a build, and still is after it."""
    declare(cloud, Wish("flavor", "c1.micro", spec={"vcpus": 1, "ram": 64, "disk": 1}), server("other"))
    return _objects(cloud)


@pytest.mark.parametrize(
    ("wget", "code", "said"),
    [("echo ci-17-app", 0, "failed=0"), ("echo 404", 2, "The client fetches the page of the application: ")],
)
def test_the_environment_goes_whatever_the_tests_say(
    cloud: Sandbox, before: set[Identity], tmp_path: Path, sources: list[str], wget: str, code: int, said: str
) -> None:
    program(tmp_path, "wget", f'echo "$@" >>{tmp_path}/asked; {wget}')
    done = _play(tmp_path, sources, "pipeline.yml")
    told = done.stdout + done.stderr
    assert done.returncode == code, told
    assert said in done.stdout, told
    assert (tmp_path / "asked").read_text().startswith("-q -O - http://10.20.0."), told
    assert _left(cloud) == []
    assert _objects(cloud) == before


def test_a_killed_job_leaves_what_has_an_end(
    cloud: Sandbox, before: set[Identity], tmp_path: Path, sources: list[str]
) -> None:
    program(tmp_path, "wget", f"kill -9 $(cat {tmp_path}/pid); echo ci-17-app")
    assert _play(tmp_path, sources, "pipeline.yml").returncode == -signal.SIGKILL
    assert cloud.one("stack", "ci-17").spec["ttl"] == 2 * 60 * 60
    assert _left(cloud) == ["ci-17", "ci-17-app", "ci-17-client", "ci-17"]
    done = _play(tmp_path, sources[:1], "remove.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _left(cloud) == []
    assert _objects(cloud) == before


def _play(folder: Path, sources: list[str], playbook: str) -> subprocess.CompletedProcess[str]:
    """A playbook of the example for build 17, with the programs of a folder. Its process id is in the file pid."""
    play = Path(sys.executable).with_name("ansible-playbook")
    extra = ["-e", "build=17", "-e", f"private_key_file={folder}/key"]
    return subprocess.run(
        ["sh", "-c", f'echo $$ >{folder}/pid; exec "$@"', "sh", play, *sources, CI / playbook, *extra],
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def _left(cloud: Sandbox) -> list[str]:
    """Stacks, instances and keypairs that are not of the time before."""
    rows = [row for kind in ("stack", "instance", "keypair") for row in cloud.find(kind)]
    return [row.name for row in rows if row.name not in ("other", "key")]


def _objects(cloud: Sandbox) -> set[Identity]:
    """What the backends hold; a host keeps the content of an image that was used there."""
    return {item.identity for item in cloud.objects() if item.identity.type != "ImageCopy"}
