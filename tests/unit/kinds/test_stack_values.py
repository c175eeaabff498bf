# SPDX-License-Identifier: Apache-2.0
"""What stacks keep for themselves: random strings, values, generated keypairs; and that secrets are not shown."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key, load_ssh_public_key

from sandbox import KEY, Sandbox
from stackwright import present
from stackwright.engine.errors import InvalidInput

UNKNOWN_ID = "0a4a1d3c-1111-4222-8333-444455556666"


def value(cloud: Sandbox, name: str = "password") -> str:
    return str(cloud.one("random_string", name).attributes["value"])


def test_a_random_string_stays_as_long_as_its_spec(cloud: Sandbox) -> None:
    cloud.wish("random_string", "password", length=20)
    first = value(cloud)
    assert re.fullmatch("[A-Za-z0-9]{20}", first)
    again = cloud.wish("random_string", "password", length=20)
    assert not any(item.changed for item in again.outcomes.values())
    assert value(cloud) == first
    cloud.wish("random_string", "password", length=20, salt="other")
    assert value(cloud) != first


def test_two_random_strings_differ(cloud: Sandbox) -> None:
    cloud.wish("random_string", "one")
    cloud.wish("random_string", "two")
    assert value(cloud, "one") != value(cloud, "two")
    assert len(value(cloud, "one")) == 32


@pytest.mark.parametrize("turn", range(20))
def test_a_random_string_has_what_its_classes_ask_for(cloud: Sandbox, turn: int) -> None:
    cloud.wish(
        "random_string",
        "password",
        length=8,
        character_classes=[{"name": "uppercase", "min": 3}, {"name": "digits", "min": 2}],
        character_sequences=[{"sequence": "!?", "min": 1}],
    )
    found = value(cloud)
    assert len(found) == 8
    assert re.fullmatch("[A-Z0-9!?]*", found)
    assert len(re.findall("[A-Z]", found)) >= 3
    assert len(re.findall("[0-9]", found)) >= 2
    assert re.search("[!?]", found)


def test_a_random_string_too_short_for_its_classes(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="length 4 is less than the 5 characters that the classes ask for"):
        cloud.wish("random_string", "password", length=4, character_classes=[{"name": "digits", "min": 5}])


def test_a_random_string_is_shown_nowhere(cloud: Sandbox) -> None:
    result = cloud.wish("random_string", "password")
    secret = value(cloud)
    assert secret not in json.dumps(present.report(result))
    assert present.report(result)[0]["resource"]["value"] == "(not shown)"
    cloud.drop("random_string", "password")
    assert secret not in json.dumps(list(cloud.events()), default=str)


VALUES: list[Any] = ["", "text", 0, 1.5, False, None, [], [1, {"a": None}], {"a": ["b"]}, UNKNOWN_ID, f"x {UNKNOWN_ID}"]


@pytest.mark.parametrize("content", VALUES, ids=repr)
def test_a_value_is_kept_as_it_is(cloud: Sandbox, content: Any) -> None:
    cloud.wish("stack_value", "it", value=content)
    found = cloud.one("stack_value", "it").spec["value"]
    assert (found, type(found)) == (content, type(content))
    assert not any(item.changed for item in cloud.wish("stack_value", "it", value=content).outcomes.values())
    cloud.drop("stack_value", "it")
    assert cloud.find("stack_value", "it") == []


def test_a_keypair_is_made_once_and_its_private_half_kept_when_asked_for(cloud: Sandbox) -> None:
    cloud.wish("keypair", "made", generate=True, save_private_key=True)
    made = dict(cloud.one("keypair", "made").attributes)
    private = load_ssh_private_key(made["private_key"].encode(), password=None)
    assert private.public_key() == load_ssh_public_key(made["public_key"].encode())
    result = cloud.wish("keypair", "made", generate=True, save_private_key=True)
    assert cloud.one("keypair", "made").attributes == made
    assert present.report(result)[0]["resource"]["private_key"] == "(not shown)"


def test_a_private_key_that_is_not_asked_for_is_not_kept(cloud: Sandbox) -> None:
    cloud.wish("keypair", "made", generate=True)
    assert cloud.one("keypair", "made").attributes.keys() == {"fingerprint", "public_key"}


def test_an_instance_accepts_a_keypair_that_was_made(cloud: Sandbox) -> None:
    cloud.add_host("here")
    cloud.wish("keypair", "made", generate=True)
    cloud.wish("instance", "web", image="guest", flavor="m1.tiny", networks=["net"], keypair="made")
    (drive,) = cloud.objects("ConfigDrive")
    assert cloud.one("keypair", "made").attributes["public_key"] in dict(drive.files)["openstack/latest/meta_data.json"]


def test_a_keypair_is_given_or_made(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="option public_key is missing"):
        cloud.wish("keypair", "x")
    with pytest.raises(InvalidInput, match="given or generated, not both"):
        cloud.wish("keypair", "x", public_key=KEY, generate=True)
