# SPDX-License-Identifier: Apache-2.0
"""Secrets are encrypted at rest on both databases, whoever wrote them; nothing else notices."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sandbox import Place, Sandbox, portrait, request, server
from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Wish
from stackwright.registry import schema
from stackwright.registry.database import Registry
from stackwright.registry.sealing import rotate
from stackwright.registry.vault import MARK, new_key

WORDS = ("swordfish-user-data", "swordfish-file", "swordfish-parameter", "swordfish-default", "swordfish-value")
STACK = """
heat_template_version: 2018-08-31
parameters:
  word: {type: string, hidden: true, default: swordfish-default}
resources:
  random: {type: OS::Heat::RandomString}
  value: {type: OS::Heat::Value, properties: {value: {list_join: ['-', [swordfish, value]]}}}
  pair: {type: OS::Nova::KeyPair, properties: {name: pair, save_private_key: true}}
outputs:
  word: {value: {get_attr: [random, value]}}
"""


def _secrets(cloud: Sandbox) -> list[str]:
    """Declare some of each sort, and say what must be nowhere."""
    guest = server("one", user_data="swordfish-user-data", personality={"/etc/motd": "swordfish-file"})
    spec = {"template": "s", "files": {"s": STACK}, "parameters": {"word": "swordfish-parameter"}}
    assert cloud.ensure(request(guest, Wish("stack", "s", spec=spec))).errors == []
    rows = {row.kind: row for row in cloud.registry.read(lambda txn: txn.select()) if row.owner}
    return [
        *WORDS,
        rows["random_string"].attributes["value"],
        rows["keypair"].attributes["private_key"].splitlines()[2],
    ]


def _written(place: Place) -> str:
    """Everything that the database keeps."""
    url = sa.make_url(place.url)
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        return "".join(file.read_bytes().decode("latin1") for file in path.parent.glob(f"{path.name}*"))
    dump = [
        "/usr/lib/postgresql/15/bin/pg_dump",
        "--host",
        str(url.query["host"]),
        "--username",
        "stackwright",
        url.database or "",
    ]
    return subprocess.run(dump, check=True, capture_output=True, text=True).stdout


def _found(place: Place, words: list[str]) -> list[str]:
    written = _written(place)
    return [word for word in words if word in written]


def _expose(place: Place) -> None:
    """As if the registry were of the time before there was a key."""
    registry = place.registry()
    rows = registry.read(lambda txn: txn.select())
    plain = Registry(place.url)
    for row in rows:
        plain.write(lambda txn, row=row: txn.update(row, spec=row.spec, attributes=row.attributes))
    plain.write(lambda txn: txn.connection.execute(sa.delete(schema.setting).where(schema.setting.c.key == "sealed")))
    registry.close()
    plain.close()
    place.key.unlink()


def test_no_secret_is_in_the_database(new_place: Callable[[], Place]) -> None:
    place = new_place()
    with Sandbox(place) as cloud:
        words = _secrets(cloud)
        assert cloud.one("instance", "one").spec["user_data"] == "swordfish-user-data"
        assert not cloud.ensure(request(server("one", user_data="swordfish-user-data"))).changed
        assert cloud.ensure(request(server("one", user_data="swordfish-user-data-2"))).changed
        assert not cloud.drift().changed
    assert _found(place, words) == []


def test_what_was_there_before_the_key_is_encrypted_and_forgotten(new_place: Callable[[], Place]) -> None:
    place = new_place()
    with Sandbox(place) as cloud:
        words = _secrets(cloud)
        expected = portrait(cloud)
    _expose(place)
    assert len(_found(place, words)) == len(words)
    with Sandbox(place) as cloud:
        assert cloud.one("instance", "one").spec["user_data"] == "swordfish-user-data"
        assert cloud.initialise() is True
        assert cloud.initialise() is False
        assert place.key.stat().st_mode & 0o777 == 0o600
        assert portrait(cloud) == expected
    assert _found(place, words) == []


def test_a_new_key_takes_the_place_of_the_old_one(new_place: Callable[[], Place]) -> None:
    place = new_place()
    with Sandbox(place) as cloud, Sandbox(place) as other:
        words = _secrets(cloud)
        expected = portrait(cloud)
        before = place.key.read_text()
        assert rotate(cloud.registry) > 3
        after = place.key.read_text()
        assert len(after.split()) == 1
        assert after != before
        assert portrait(other) == expected  # it knew only the old key
        assert other.ensure(request(server("two", user_data="swordfish-user-data"))).errors == []
    place.key.write_text(before)
    with Sandbox(place) as cloud, pytest.raises(InvalidInput, match="does not hold the key"):
        cloud.one("instance", "one")
    assert _found(place, words) == []


@pytest.mark.parametrize("rows_are_written", [False, True])
def test_a_key_is_not_lost_when_its_change_was_killed(place: Place, rows_are_written: bool) -> None:
    with Sandbox(place) as cloud:
        _secrets(cloud)
        expected = portrait(cloud)
        old = place.vault().lines()
        if rows_are_written:
            rotate(cloud.registry)
            place.vault().replace(place.vault().lines() + old)
        else:
            place.vault().replace([new_key(), *old])
    with Sandbox(place) as cloud:
        assert portrait(cloud) == expected
        rotate(cloud.registry)
        assert portrait(cloud) == expected
        assert len(place.vault().lines()) == 1


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda key: key.unlink(), "does not exist; put it back from a backup"),
        (lambda key: key.write_text(new_key()), "does not hold the key that the registry is encrypted with; put"),
        (lambda key: key.write_text("nonsense\n"), "holds no key in one of its lines; put"),
        (lambda key: key.write_text(""), "is empty; put"),
    ],
    ids=["missing", "another", "nonsense", "empty"],
)
def test_without_the_right_key_the_file_is_named_and_nothing_is_made(
    place: Place, spoil: Callable[[Path], Any], words: str
) -> None:
    with Sandbox(place) as cloud:
        _secrets(cloud)
    spoil(place.key)
    found = place.key.read_text() if place.key.exists() else None
    with Sandbox(place) as cloud:
        for attempt in (
            cloud.initialise,
            lambda: cloud.one("instance", "one"),
            lambda: rotate(cloud.registry),
            lambda: cloud.ensure(request(server("two", user_data="x"))),
        ):
            with pytest.raises(InvalidInput, match=words) as caught:
                attempt()
            assert str(place.key) in str(caught.value)
    assert (place.key.read_text() if place.key.exists() else None) == found


def test_a_value_that_looks_encrypted_is_a_value(place: Place) -> None:
    vault, spec = place.vault(), {"template": "s", "files": {}, "parameters": {MARK: "x"}}
    locked = vault.lock("stack", spec)
    assert (locked["template"], locked["files"]) == ("s", {})
    assert locked["parameters"] != spec["parameters"]
    assert vault.unlock("stack", locked) == spec
    assert vault.lock("flavor", spec) == spec
