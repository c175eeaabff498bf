# SPDX-License-Identifier: Apache-2.0
"""Public HOT templates declared as stacks: previewed, created, found unchanged, removed with nothing left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_public_templates import CASES, FOLDER

from sandbox import IMAGE, KEY, Place, Sandbox, request
from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Wish

IMAGES = ("guest", "F17-x86_64-cfntools", "ubuntu1404", "fedora-20.x86_64")
HERE = (
    Wish("keypair", "demo", spec={"public_key": KEY}),
    Wish("network", "public", spec={"external": True, "provider_physical_network": "physnet1"}),
    Wish("subnet", "public-subnet", spec={"network": "public", "cidr": "172.24.4.0/24", "enable_dhcp": False}),
    Wish("network", "private"),
    Wish("subnet", "private-subnet", spec={"network": "private", "cidr": "10.10.0.0/24"}),
    Wish("router", "router", spec={"external_network": "public", "interfaces": ["private-subnet"]}),
    *(Wish("image", name, spec={**IMAGE, "checksum": f"{number}0" * 32}) for number, name in enumerate(IMAGES)),
)
"""What the index says that the templates meet."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A cloud as the index describes it, on memory drivers."""
    folder = tmp_path_factory.mktemp("cloud")
    with Sandbox(Place(f"sqlite:///{folder}/registry.sqlite", folder / "world.sqlite")) as opened:
        opened.initialise()
        opened.add_host("host1")
        assert not opened.ensure(request(*HERE)).errors
        yield opened


def stack(case: dict[str, Any]) -> Wish:
    """The template with all that lies beside it, and beside its folder."""
    file = FOLDER / case["file"]
    near = {path.relative_to(file.parent): path for path in file.parent.rglob("*") if path.is_file()}
    above = {Path("..") / path.relative_to(file.parents[1]): path for path in file.parents[1].rglob("*.*")}
    files = {str(name): path.read_text() for name, path in {**above, **near}.items() if path.is_file()}
    return Wish("stack", "it", spec={"template": file.name, "files": files, "parameters": case.get("parameters", {})})


@pytest.mark.parametrize("case", CASES, ids=[item["file"] for item in CASES])
def test_template_as_a_stack(case: dict[str, Any], cloud: Sandbox) -> None:
    wish = stack(case)
    before = {item.identity for item in cloud.objects()}
    if case["expect"] not in ("create", "preview"):
        with pytest.raises(InvalidInput, match="unsupported resource types: "):
            cloud.ensure(request(wish))
        return
    preview = cloud.ensure(request(wish), check=True)
    assert "(after " not in str([outcome.after for outcome in preview.outcomes.values()])
    assert cloud.find("stack") == []
    assert not cloud.ensure(request(wish)).errors
    assert not cloud.ensure(request(wish)).changed
    assert not cloud.drop("stack", "it").errors
    assert {item.identity for item in cloud.objects() if type(item).__name__ != "ImageCopy"} <= before
