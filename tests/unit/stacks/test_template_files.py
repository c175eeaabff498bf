# SPDX-License-Identifier: Apache-2.0
"""Which files a template leads to, found where Ansible runs; and that the library looks for them by the same names."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.stackwright.cloud.plugins.plugin_utils._stack_files import StackFilesAction
from ansible_collections.stackwright.cloud.plugins.plugin_utils._templates import MAX_BYTES, collected, leaves

from stackwright.stacks import validated

HOT = "heat_template_version: 2021-04-16\n"
ROOT = Path(__file__).resolve().parents[3]


def template(*bodies: str) -> str:
    return HOT + "resources:\n" + "".join(f"  r{index}: {body}\n" for index, body in enumerate(bodies))


def found(files: Mapping[str, str | bytes], *environments: str) -> dict[str, str]:
    """What is collected, of these files alone."""
    contents = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    result: dict[str, str] = collected("main.yaml", environments, contents.get)
    return result


VALUE = "{type: OS::Heat::Value, properties: {value: {get_file: %s}}}"
LEAF = HOT + "resources: {}\n"


@pytest.mark.parametrize(
    ("files", "environments"),
    [
        ({"main.yaml": template(VALUE % "a.sh"), "a.sh": "x"}, []),
        ({"main.yaml": template(VALUE % "./d//a.sh"), "d/a.sh": "x"}, []),
        ({"main.yaml": template(VALUE % "/etc/a.sh"), "/etc/a.sh": "x"}, []),
        ({"main.yaml": template(VALUE % "'file:///etc/a%20b'"), "/etc/a b": "x"}, []),
        ({"main.yaml": template(VALUE % "http://h/a.sh"), "http://h/a.sh": "x"}, []),
        (
            {
                "main.yaml": template("{type: lib/net.yaml}"),
                "lib/net.yaml": template("{type: x.yaml}"),
                "lib/x.yaml": LEAF,
            },
            [],
        ),
        ({"main.yaml": template("{type: ../c/n.yaml}"), "../c/n.yaml": template(VALUE % "../d/f"), "../d/f": "x"}, []),
        ({"main.yaml": template("{type: old.template}"), "old.template": LEAF}, []),
        (
            {
                "main.yaml": template("{type: http://h/d/n.yaml}"),
                "http://h/d/n.yaml": template(VALUE % "../f"),
                "http://h/f": "x",
            },
            [],
        ),
        (
            {
                "main.yaml": template("{type: OS::Heat::ResourceGroup, properties: {resource_def: {type: m.yaml}}}"),
                "m.yaml": LEAF,
            },
            [],
        ),
        (
            {
                "main.yaml": template("{type: OS::Heat::ResourceChain, properties: {resources: [a.yaml, b.yaml]}}"),
                "a.yaml": LEAF,
                "b.yaml": LEAF,
            },
            [],
        ),
        (
            {
                "main.yaml": template("{type: OS::Heat::Stack, properties: {template: {get_file: d/inner.hot}}}"),
                "d/inner.hot": template(VALUE % "a.sh"),
                "a.sh": "x",
            },
            [],
        ),
        (
            {
                "main.yaml": template("{type: My::Net}", "{type: My::Other}"),
                "../env/e.yaml": "resource_registry: {My::Net: net.yaml, resources: {r1: {My::Other: o.yaml}}}",
                "../env/net.yaml": LEAF,
                "../env/o.yaml": LEAF,
            },
            ["../env/e.yaml"],
        ),
        (
            {
                "main.yaml": template("{type: My::Net}"),
                "e.yaml": "resource_registry: {base_url: 'file:///lib/', My::Net: net.yaml}",
                "/lib/net.yaml": LEAF,
            },
            ["e.yaml"],
        ),
        (
            {
                "main.yaml": template("{type: My::Net}"),
                "e.yaml": "resource_registry: {base_url: http://h/lib, My::Net: net.yaml}",
                "http://h/lib/net.yaml": LEAF,
            },
            ["e.yaml"],
        ),
        (
            {
                "main.yaml": '{"heat_template_version":\t"2021-04-16", "resources": {"a": {"type":\t"n.yaml"}}}',
                "n.yaml": LEAF,
            },
            [],
        ),
        ({"main.yaml": template("{type: &t n.yaml}", "{type: *t}"), "n.yaml": LEAF}, []),
    ],
)
def test_what_is_named_is_found_and_the_library_finds_it_too(files: dict[str, str], environments: list[str]) -> None:
    gathered = found({**files, "unrelated.yaml": LEAF}, *environments)
    assert gathered == files
    assert validated("main.yaml", gathered, environments, {})["errors"] == []


def test_what_is_missing_is_left_to_the_library() -> None:
    gathered = found({"main.yaml": template(VALUE % "a.sh", "{type: b.yaml}")})
    assert gathered.keys() == {"main.yaml"}
    words = " ".join(error["message"] for error in validated("main.yaml", gathered, [], {})["errors"])
    assert "the file a.sh did not come" in words
    assert "the file b.yaml did not come" in words


def test_what_is_no_text_becomes_base64() -> None:
    content = bytes(range(256))
    assert found({"main.yaml": template(VALUE % "bin"), "bin": content})["bin"] == base64.b64encode(content).decode()


def test_what_comes_from_the_network_names_no_files_of_this_machine() -> None:
    near = {"main.yaml": template("{type: http://h/n.yaml}"), "/etc/shadow": "secret", "file:///etc/shadow": "secret"}
    for name in ("/etc/shadow", "file:///etc/shadow"):
        assert "secret" not in found({**near, "http://h/n.yaml": template(VALUE % name)}).values()


def test_templates_in_a_circle_end() -> None:
    files = {"main.yaml": template("{type: a.yaml}"), "a.yaml": template("{type: main.yaml}")}
    assert found(files) == files


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="big is larger than 1048576 bytes"):
        found({"main.yaml": template(VALUE % "big"), "big": b" " * (MAX_BYTES + 1)})


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
MERGES = "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 30))


@pytest.mark.parametrize(
    "text", [BOMB, MERGES, "[" * 100_000, "{a: " * 50_000, "a: [", "\0", "", "- - - x", "? {a: b}\n: c"]
)
def test_no_text_keeps_it_busy(text: str) -> None:
    assert len(list(leaves(text.encode()))) < 1000


def test_leaves_have_their_paths() -> None:
    text = b"a: 1\nb: [x, {c: y, d: [z]}, [v]]\ne: {f: {}}\ng: last"
    assert list(leaves(text)) == [
        (("a",), "1"),
        (("b", 0), "x"),
        (("b", 1, "c"), "y"),
        (("b", 1, "d", 0), "z"),
        (("b", 2, 0), "v"),
        (("g",), "last"),
    ]


@pytest.mark.parametrize("main", sorted((ROOT / "examples/stacks").rglob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_come_whole(main: Path) -> None:
    if "heat_template_version" not in main.read_text():
        return
    environments = [main.with_name("environment.yaml")] if main.with_name("environment.yaml").exists() else []
    names = [path.name for path in environments]

    def read(place: str) -> bytes | None:
        path = main.parent / place
        return path.read_bytes() if path.is_file() else None

    gathered = collected(main.name, names, read)
    errors = validated(main.name, gathered, names, {})["errors"]
    assert [error for error in errors if "did not come" in error["message"]] == []


class Action(StackFilesAction):
    """An action without a task: what it reads."""

    def __init__(self, loader: DataLoader) -> None:
        self._loader = loader

    def _find_needle(self, folder: str, name: str) -> str:
        return name


def test_files_are_read_decrypted_and_placed_relative_to_the_template(tmp_path: Path) -> None:
    secrets = [("default", VaultSecret(b"open sesame"))]
    environment = VaultLib(secrets).encrypt("parameters: {code: swordfish}\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "env").mkdir()
    (tmp_path / "stacks/web.yaml").write_text(template(VALUE % "../env/note"))
    (tmp_path / "env/prod.yaml").write_bytes(environment)
    (tmp_path / "env/note").write_text("hello")
    loader = DataLoader()
    loader.set_vault_secrets(secrets)
    given: dict[str, Any] = {"template": f"{tmp_path}/stacks/web.yaml", "environment": [f"{tmp_path}/env/prod.yaml"]}
    told = Action(loader)._announced(given)
    assert (told["template"], told["environments"]) == ("web.yaml", ["../env/prod.yaml"])
    assert told["files"].keys() == {"web.yaml", "../env/prod.yaml", "../env/note"}
    assert told["files"]["../env/prod.yaml"] == "parameters: {code: swordfish}\n"


def test_a_url_that_does_not_answer_is_named(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(template("{type: http://127.0.0.1:9/net.yaml}"))
    with pytest.raises(AnsibleActionFail, match=r"http://127.0.0.1:9/net.yaml cannot be fetched .*; mend it, or keep"):
        Action(DataLoader())._announced({"template": f"{tmp_path}/web.yaml"})
