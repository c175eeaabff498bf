# SPDX-License-Identifier: Apache-2.0
"""What `stackwright` prints and returns, on a cloud in memory."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox import Place, Sandbox, server
from sandbox import request as wishes
from stackwright.cli import main
from stackwright.cloud import Cloud
from stackwright.drivers.libvirt.objects import Domain
from stackwright.engine.resource import Wish
from stackwright.registry.leases import Run


class Talking(Sandbox):
    """Its instances write on their consoles."""

    def console(self, instance: Any, lines: int) -> str:
        return "\n".join([f"{instance.name} booted", "ready"][-lines:])


@pytest.fixture
def there(place: Place, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The cloud that the command finds."""
    monkeypatch.setattr(Cloud, "open", lambda **options: Talking(place, **options))
    return Sandbox(place)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    told = capsys.readouterr()
    return code, told.out, told.err


def test_init(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "init") == (0, "unchanged\n", "")
    assert run(capsys, "init", "--json") == (0, '{"changed": false}\n', "")
    there.registry.write(lambda txn: txn.set_setting("cloud", ""))
    assert run(capsys, "init") == (0, "changed\n", "")


def test_list(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "list", "network")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["net\tactive\tno\t1400", "public\tactive\tyes\t1400"]
    assert [item["name"] for item in json.loads(run(capsys, "list", "network", "--json")[1])] == ["net", "public"]


def test_list_of_instances_tells_their_power_and_addresses(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    there.ensure(wishes(server("web", floating_ip="public")))
    (line,) = run(capsys, "list", "instance")[1].splitlines()
    name, status, power, _, flavor, addresses = line.split("\t")
    assert (name, status, power, flavor) == ("web", "active", "running", "m1.tiny")
    assert addresses == "10.0.0.2 / 172.24.4.101"


def test_inventory(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    there.ensure(wishes(server("web", floating_ip="public")))
    assert run(capsys, "inventory") == (0, "web\tdefault\t\trunning\t10.0.0.2 / 172.24.4.101\n", "")
    (told,) = json.loads(run(capsys, "inventory", "--json", "--project", "default")[1])
    assert (told["name"], told["availability_zone"], told["power_state"]) == ("web", "nova", "running")


def test_show(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "show", "subnet", "sub")
    assert code == 0
    assert "cidr: 10.0.0.0/24\n" in out
    assert json.loads(run(capsys, "show", "flavor", "1", "--json")[1])["name"] == "m1.tiny"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["show", "network", "nine"], "network nine does not exist; `stackwright list network` shows those that do"),
        (["console", "nine"], "instance nine does not exist; `stackwright list instance` shows those that do"),
        (["list", "network", "--project", "shop"], "project shop does not exist; declare it first"),
    ],
)
def test_errors(there: Sandbox, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    assert run(capsys, *arguments) == (1, "", f"stackwright: {sentence}\n")


def test_an_unknown_kind(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "list", "volcano")
    assert code == 1
    assert err.startswith("stackwright: unknown kind volcano; known are: project, ")


def test_no_controller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("STACKWRIGHT_CONFIG", str(tmp_path / "none.yaml"))
    code, _, err = run(capsys, "list", "network")
    assert code == 1
    assert err.endswith("this is no controller yet; run the role stackwright.cloud.controller\n")


def test_a_fault_of_ours_is_no_traceback(
    there: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(Cloud, "find")
    assert run(capsys, "list", "network") == (
        1,
        "",
        "stackwright: unexpected AttributeError ('Talking' object has no attribute 'find'); please report it\n",
    )


def test_events(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    there.wish("network", "fresh")
    (line,) = run(capsys, "events", "--limit", "1")[1].splitlines()
    assert line.split("\t")[1:6] == ["system", "default", "created", "network", "fresh"]
    found = json.loads(run(capsys, "events", "--json", "--project", "default")[1])
    assert {event["project"] for event in found} == {"default"}
    assert found[-1]["name"] == "fresh"
    assert found[-1]["at"].endswith("+00:00")


def test_drift(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    there.ensure(wishes(server("web")))
    assert run(capsys, "drift") == (0, "", "")
    (domain,) = there.objects("Domain")
    there.lose(domain)
    there.hold(Domain(place="host1", name="left-over", resource="left-over", title="old", vcpus=1, memory=64))
    code, out, _ = run(capsys, "drift")
    assert code == 2
    assert f"instance web: differs\n  create Domain {domain.name} on {domain.place}\n" in out
    assert out.endswith("orphan: Domain left-over on host1\n")
    code, out, _ = run(capsys, "drift", "--json")
    assert code == 2
    assert [item["name"] for item in json.loads(out)["drift"]] == ["web"]


def test_purge(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    there.hold(Domain(place="host1", name="left-over", resource="left-over", title="old", vcpus=1, memory=64))
    assert run(capsys, "purge") == (0, "orphan: Domain left-over on host1\n", "")
    assert run(capsys, "drift") == (0, "", "")
    assert run(capsys, "purge", "--json") == (0, '{\n  "orphans": [],\n  "errors": []\n}\n', "")


def test_console(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    there.ensure(wishes(server("web")))
    assert run(capsys, "console", "web") == (0, "web booted\nready\n", "")
    assert run(capsys, "console", "web", "--lines", "1") == (0, "ready\n", "")


def test_cancel(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    template = "heat_template_version: rocky\nresources: {net: {type: OS::Neutron::Net}}\n"
    there.wish("stack", "lan", template="lan.yaml", files={"lan.yaml": template})
    assert main(["cancel", "lan"]) == 0
    assert capsys.readouterr().out == "nobody is at work on stack lan\n"
    run = Run(there.registry, "ann: stack lan")
    there.registry.write(lambda txn: run.acquire(txn, [there.one("stack", "lan").id]))
    assert main(["cancel", "lan"]) == 0
    assert capsys.readouterr().out == "ann: stack lan is asked to stop\n"
    assert main(["cancel", run.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"changed": True, "run": "ann: stack lan"}
    run.check()
    assert run.stopped().startswith("not tried: ")
    run.release()
    assert main(["cancel", "none"]) == 1
    assert "none is neither a stack nor a run that is at work; mend the name" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("stackwright 0.")


STACK: dict[str, Any] = {
    "template": "a.yaml",
    "files": {"a.yaml": "heat_template_version: 2021-04-16\nresources: {}\n"},
}


def test_stacks_go_when_they_are_due(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    there.wish("stack", "old", **STACK, expires_at=1.0)
    there.wish("stack", "young", **STACK)
    assert run(capsys, "list", "stack")[1].splitlines()[0] == "old\tactive\tno\t1970-01-01T00:00:01+00:00\t"
    assert run(capsys, "converge", "--due") == (0, "removed: stack old of project default\n", "")
    assert run(capsys, "converge", "--due", "--json") == (0, "{}\n", "")
    assert [row.name for row in there.find("stack")] == ["young"]


def test_a_stack_that_is_due_and_stays_says_why(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    network = STACK["files"]["a.yaml"].replace("{}", "{n: {type: OS::Neutron::Net}}")
    there.wish("stack", "old", template="a.yaml", files={"a.yaml": network}, expires_at=1.0)
    there.wish("port", "guest", network=there.find("stack")[0].attributes["resources"]["n"]["id"])
    code, out, err = run(capsys, "converge", "--due")
    assert (code, out) == (1, "")
    assert err.startswith("stackwright: stack old of project default stays: network old-n-")
    assert "is used by port guest" in err


def test_hook(there: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    template = "heat_template_version: 2018-08-31\nresources: {lan: {type: OS::Neutron::Net}}\n"
    environment = "resource_registry: {resources: {lan: {hooks: pre-create}}}\n"
    spec = {
        "template": "a.yaml",
        "files": {"a.yaml": template, "env.yaml": environment},
        "environments": ["env.yaml"],
    }
    request = dataclasses.replace(wishes(Wish("stack", "shop", spec=spec)), timeout=1.0)
    assert there.ensure(request).errors
    assert run(capsys, "hook", "list", "shop") == (0, "lan\tpre-create\n", "")
    assert run(capsys, "hook", "clear", "shop", "web")[0] == 1
    assert run(capsys, "hook", "clear", "shop", "lan", "pre-create") == (0, "cleared pre-create\n", "")
    assert json.loads(run(capsys, "hook", "list", "shop", "--json")[1]) == []
    assert run(capsys, "hook", "list", "ship")[2] == (
        "stackwright: stack ship does not exist; mend the name or declare it first\n"
    )
    assert there.ensure(request).errors == []
