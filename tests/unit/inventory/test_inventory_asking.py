# SPDX-License-Identifier: Apache-2.0
"""How the plugin asks: here or by SSH, once, from a cache, and what it says when nobody answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from inventories import (
    COMMAND,
    ROOT,
    InventoryManager,
    Listing,
    Ssh,
    declare,
    program,
    warned,
)

from sandbox import Sandbox, server
from stackwright.engine.resource import Wish


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("echo 'stackwright: the registry is locked' >&2; exit 1", "controller localhost: the registry is locked"),
        ("exit 3", "controller localhost: exit code 3"),
        (
            "echo Welcome!",
            "controller localhost answered with something else than a list of instances in JSON (Expecting",
        ),
        ("echo '[7]'", "controller localhost answered with something else than a list of instances in JSON ("),
        ("exec nowhere/stackwright", "controller localhost does not have the command ("),
    ],
)
def test_errors(
    listing: Listing, tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: str, sentence: str
) -> None:
    assert listing(command=program(tmp_path, "broken", lines)).get_hosts() == []
    assert sentence in warned(capsys)


def test_there_is_no_such_project(listing: Listing, capsys: pytest.CaptureFixture[str]) -> None:
    listing(project="nine")
    assert "controller localhost: project nine does not exist; declare it first" in warned(capsys)


def test_there_is_no_cloud_here(listing: Listing, capsys: pytest.CaptureFixture[str]) -> None:
    listing(command="/nowhere/stackwright")
    sentence = (
        "/nowhere/stackwright cannot be run here (No such file or directory); run the role stackwright.cloud.controller"
    )
    assert sentence in warned(capsys)


@pytest.mark.parametrize("name", ["instances.yml", "stackwright.txt"])
def test_files_of_others_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("plugin: stackwright.cloud.instances\ncontroller: localhost\n")
    assert not inventory_loader.get("stackwright.cloud.instances").verify_file(str(tmp_path / name))


def test_a_cache_answers_until_a_refresh(cloud: Sandbox, listing: Listing, tmp_path: Path) -> None:
    declare(cloud, server("web"), Wish("project", "shop"))
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    listing(**cached)
    declare(cloud, server("db"))
    inventory = listing(**cached)
    assert {host.name for host in inventory.get_hosts()} == {"web"}
    inventory.refresh_inventory()
    assert {host.name for host in inventory.get_hosts()} == {"web", "db"}
    assert listing(**cached, project="shop").get_hosts() == []
    assert {host.name for host in listing(**cached, states=["running"]).get_hosts()} == {"web", "db"}


def test_one_ssh_call_asks_a_controller(cloud: Sandbox, listing: Listing, tmp_path: Path) -> None:
    ssh = Ssh(tmp_path)
    declare(cloud, server("web"))
    said = {"remote_user": "admin", "port": 2222, "private_key_file": "/key", "ssh_common_args": "-J 'jump host'"}
    inventory = listing(controller="192.0.2.10", ssh_executable=ssh.program, project="default", **said)
    assert [host.name for host in inventory.get_hosts()] == ["web"]
    words = ssh.words
    assert words[-2:] == ["192.0.2.10", f"{COMMAND} inventory --json --project default"]
    assert words[words.index("-J") + 1] == "jump host"
    assert words[-8:-2] == ["-l", "admin", "-p", "2222", "-i", "/key"]
    assert {"-oBatchMode=yes", "-oControlMaster=no", "-oConnectTimeout=10"} <= set(words)
    assert "-oStrictHostKeyChecking=no" not in words


def test_names_of_projects_are_no_shell(cloud: Sandbox, listing: Listing, tmp_path: Path) -> None:
    declare(cloud, Wish("project", "a; touch b"))
    ssh = Ssh(tmp_path)
    assert listing(controller="far", ssh_executable=ssh.program, project="a; touch b").get_hosts() == []
    assert ssh.words[-1].endswith(" --project 'a; touch b'")


def test_the_inventory_knows_the_controller(cloud: Sandbox, listing: Listing, tmp_path: Path) -> None:
    ssh = Ssh(tmp_path)
    declare(cloud, server("web"))
    hosts = tmp_path / "site"
    (hosts / "group_vars").mkdir(parents=True)
    (hosts / "hosts.yml").write_text(
        "{controller: {hosts: {cloud1: {ansible_host: 192.0.2.10, ansible_user: me, keys: /keys}}}}"
    )
    (hosts / "group_vars/controller.yml").write_text("{ansible_user: they, ansible_port: 2222}")
    (hosts / "group_vars/all.yml").write_text('ansible_ssh_private_key_file: "{{ keys }}/mine"')
    inventory = listing(hosts, controller="cloud1", ssh_executable=ssh.program)
    assert {host.name for host in inventory.get_hosts()} == {"cloud1", "web"}
    assert ssh.words[-8:-1] == ["-l", "me", "-p", "2222", "-i", "/keys/mine", "192.0.2.10"]


def test_a_controller_that_is_this_machine_needs_no_ssh(cloud: Sandbox, listing: Listing, tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("{controller: {hosts: {cloud1: {ansible_connection: local}}}}")
    declare(cloud, server("web"))
    inventory = listing(tmp_path / "hosts.yml", controller="cloud1", ssh_executable="/nowhere/ssh")
    assert {host.name for host in inventory.get_hosts()} == {"cloud1", "web"}


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            "echo 'ssh: connect to host 192.0.2.10 port 22: No route to host' >&2; exit 255",
            "controller cloud1 cannot be reached by SSH (ssh: connect to host 192.0.2.10 port 22: No route to host); ",
        ),
        (
            "echo 'sh: 1: stackwright: not found' >&2; exit 127",
            "controller cloud1 does not have the command (sh: 1: stackwright: not found); run the role",
        ),
    ],
)
def test_errors_of_ssh(
    listing: Listing, tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: str, sentence: str
) -> None:
    listing(controller="cloud1", ssh_executable=program(tmp_path, "ssh", lines))
    assert sentence in warned(capsys)


def test_there_is_no_ssh_client(listing: Listing, capsys: pytest.CaptureFixture[str]) -> None:
    listing(controller="cloud1", ssh_executable="/nowhere/ssh")
    assert "/nowhere/ssh cannot be run here (No such file or directory); install an SSH client" in warned(capsys)


def test_ansible_inventory_lists_it(cloud: Sandbox, listing: Listing, tmp_path: Path) -> None:
    declare(cloud, server("web", floating_ip="public"))
    listing()
    command = [
        Path(sys.executable).with_name("ansible-inventory"),
        "--list",
        "-i",
        tmp_path / "instances.stackwright.yml",
    ]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["network_net"] == {"hosts": ["web"]}
    assert told["_meta"]["hostvars"]["web"]["ansible_host"] in ("172.24.4.101", {"__ansible_unsafe": "172.24.4.101"})


def test_the_example_is_one(cloud: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inventory beside which it stands knows the controller; here, SSH is run in its place."""
    declare(cloud, server("web"))
    ssh, (example,) = Ssh(tmp_path), sorted((ROOT / "examples/inventories").glob("*.stackwright.yml"))
    program(tmp_path, "stackwright", f'exec {COMMAND} "$@"')
    (tmp_path / "hosts.yml").write_text(f"{{all: {{hosts: {{cloud1: {{ansible_ssh_executable: {ssh.program}}}}}}}}}")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    inventory = InventoryManager(DataLoader(), [str(tmp_path / "hosts.yml"), str(example)])
    assert {host.name for host in inventory.get_hosts()} == {"cloud1", "web"}
