# SPDX-License-Identifier: Apache-2.0
"""Configs, and the messages that are made of them."""

from __future__ import annotations

from email import message_from_string
from typing import Any

import pytest
from typed import Known, resource, spec

from stackwright.orchestration.types import TYPES

CONFIGS = {
    "OS::Heat::SoftwareConfig": ({"config": "#!/bin/sh\n"}, "#!/bin/sh\n"),
    "OS::Heat::StructuredConfig": ({"config": {"a": 1}}, {"a": 1}),
    "OS::Heat::CloudConfig": (
        {"cloud_config": {"packages": ["git"], "bootcmd": ["é"]}},
        "#cloud-config\npackages:\n- git\nbootcmd:\n- é\n",
    ),
    "OS::Heat::MultipartMime": ({"parts": []}, None),
}


@pytest.mark.parametrize(("name", "properties", "config"), [(name, *case) for name, case in CONFIGS.items()])
def test_a_config_keeps_its_content(name: str, properties: dict[str, Any], config: Any) -> None:
    made = spec(name, properties)
    row = resource("stack_value", "c", **made)
    assert made["type"] == "config"
    if config is not None:
        assert TYPES[name].attribute("config", row, Known(row)) == config


def test_a_config_tells_what_it_takes() -> None:
    made = spec("OS::Heat::SoftwareConfig", {"inputs": [{"name": "a"}], "outputs": [{"name": "b"}], "group": "script"})
    assert made["value"] == {
        "config": "",
        "group": "script",
        "options": {},
        "inputs": [{"name": "a", "type": "String", "replace_on_change": False}],
        "outputs": [{"name": "b", "type": "String", "error_output": False}],
    }


CONFIG_ID = "6e0b0c52-5c1a-4f0e-9f5e-0d6f2a1b3c4d"


def config(content: Any, id_: str = CONFIG_ID) -> Known:
    return Known(resource("stack_value", id_, type="config", value={"config": content}))


def message(properties: dict[str, Any], look: Known) -> Any:
    return message_from_string(spec("OS::Heat::MultipartMime", properties, look=look)["value"]["config"])


def test_parts_of_a_message_are_texts_and_configs() -> None:
    parts = [
        {"config": CONFIG_ID},
        {"config": "#cloud-config\n", "subtype": "cloud-config", "filename": "a.cfg"},
        {"config": "From é\n", "filename": "part-handler.py"},
    ]
    found = message({"parts": parts}, config("#!/bin/sh\nFrom here\n"))
    assert [part.get_content_type() for part in found.get_payload()] == [
        "text/plain",
        "text/cloud-config",
        "text/part-handler",
    ]
    assert [part.get_filename() for part in found.get_payload()] == [None, "a.cfg", "part-handler.py"]
    texts = [part.get_payload(decode=True).decode(part.get_content_charset()) for part in found.get_payload()]
    assert texts == ["#!/bin/sh\nFrom here\n", "#cloud-config\n", "From é\n"]


def test_a_message_is_the_same_each_time() -> None:
    properties = {"parts": [{"config": "a"}, {"config": "b"}]}
    first, second = (spec("OS::Heat::MultipartMime", properties) for _ in range(2))
    assert first == second


def test_a_message_inside_a_message_is_taken_apart() -> None:
    inner = {"parts": [{"config": "é", "subtype": "cloud-config"}, {"config": "b", "filename": "f.sh"}]}
    text = spec("OS::Heat::MultipartMime", inner)["value"]["config"]
    outer = {"parts": [{"config": CONFIG_ID, "type": "multipart"}, {"config": "no message", "type": "multipart"}]}
    found = message(outer, config(text))
    assert [part.get_content_type() for part in found.get_payload()] == ["text/cloud-config", "text/f"]
    assert found.get_payload()[0].get_payload(decode=True).decode() == "é"
