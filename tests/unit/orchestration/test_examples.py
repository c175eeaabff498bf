# SPDX-License-Identifier: Apache-2.0
"""The example stacks, through the command, without a cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stackwright.cli import main

STACKS = Path(__file__).resolve().parents[3] / "examples/stacks"
EXAMPLES = {
    "web-tier/web-tier.yaml": ["-P", "key_name=demo"],
    "three-tiers/three-tiers.yaml": ["-P", "key_name=demo"],
    "cells/cells.yaml": ["-e", str(STACKS / "cells/environment.yaml")],
}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["stack", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("example", EXAMPLES)
def test_valid(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "validate", str(STACKS / example), *EXAMPLES[example])
    assert told == {"valid": True, "errors": [], "unsupported": {}, "needed": []}


def test_preview_shows_all_that_is_inside(capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "preview", str(STACKS / "web-tier/web-tier.yaml"), "-P", "key_name=demo", "-P", "servers=1")
    by_path = {item["path"]: item for item in told["resources"]}
    assert by_path.keys() >= {"network", "subnet", "web/0/port", "web/0/server", "web/0/floating_ip"}
    assert by_path["web/0/server"]["type"] == "OS::Nova::Server"
    assert by_path["web/0/server"]["properties"]["networks"] == [{"port": "(after web/0/port.id)"}]
    assert by_path["subnet"]["properties"]["cidr"] == "10.21.0.0/24"
    assert told["outputs"] == {
        "urls": ["(after web/0/floating_ip.floating_ip_address)"],
        "addresses": ["(after web/0/port.fixed_ips.0.ip_address)"],
        "token": "(generated)",
    }


def test_preview_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    example = "cells/cells.yaml"
    assert main(["stack", "preview", str(STACKS / example), *EXAMPLES[example], "-P", "cells=1"]) == 0
    assert capsys.readouterr().out.startswith("cells/0/network:\n  type: OS::Neutron::Net\n")


def test_preview_of_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", "preview", str(STACKS / "cells/cells.yaml")]) == 1
    assert "no resource type is called Example::Cell" in capsys.readouterr().err


def test_graph(capsys: pytest.CaptureFixture[str]) -> None:
    needs = run(capsys, "graph", str(STACKS / "three-tiers/three-tiers.yaml"), "-P", "key_name=demo")
    assert needs["from_web"] == ["app_tier", "web_tier"]
    assert "app" in needs["web"]
