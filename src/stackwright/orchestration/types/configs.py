# SPDX-License-Identifier: Apache-2.0
"""Software configs: texts that servers get as user data, or that deployments run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from email import message_from_string
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import PurePosixPath
from typing import Any

import yaml

from stackwright.engine.resource import Resource
from stackwright.orchestration.types import common
from stackwright.orchestration.types.base import Asked, Attribute, Look, Prop, Type

KIND = "stack_value"
UNGROUPED = "Heat::Ungrouped"
TYPES_OF_INPUT = ("String", "Number", "CommaDelimitedList", "Json", "Boolean")


def text_of(value: str, asked: Asked) -> str:
    """The text itself, or that of the config of the same project whose id it is."""
    if len(value) != common.UUID_LENGTH:
        return value
    try:
        found = asked.look.get(value)
    except KeyError:
        return value
    if (found.kind, found.project) != (KIND, asked.project) or not found.wanted:
        return value
    content = found.spec["value"]
    return common.as_text(content["config"] if found.spec["type"] == "config" else content)


def _config(config: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of a config: what a deployment needs to know of it as well."""
    group, options = given.get("group", UNGROUPED), given.get("options", {})
    inputs, outputs = given.get("inputs", []), given.get("outputs", [])
    value = {"config": config, "group": group, "options": options, "inputs": inputs, "outputs": outputs}
    return {"type": "config", "value": value}


def _attribute(resource: Resource, look: Look) -> Any:
    return resource.spec["value"]["config"]


VALUES = {"config": Attribute("Its content.", _attribute)}


def _io(more: Mapping[str, Prop]) -> Prop:
    """A list of what a config takes in or gives out."""
    schema = {
        "name": Prop(description="Its name.", required=True),
        "description": Prop(description="What it is."),
        "type": common.chosen("Of which type.", *TYPES_OF_INPUT, default="String"),
        **more,
    }
    return Prop("list", "What it takes in or gives out.", schema=Prop("map", schema=schema))


SHARED = {
    "group": Prop(description="The tool that it is for.", default=UNGROUPED),
    "options": Prop("map", "Options of the tool."),
    "inputs": _io(
        {
            "default": Prop("any", "Its value if none is given."),
            "replace_on_change": Prop("boolean", "Whether another value is another deployment.", default=False),
        }
    ),
    "outputs": _io({"error_output": Prop("boolean", "Whether having a value means an error.", default=False)}),
}
SOFTWARE = Type(
    name="OS::Heat::SoftwareConfig",
    kind=KIND,
    properties={**SHARED, "config": Prop(description="Its content.")},
    values=VALUES,
    spec=lambda asked: _config(asked.properties.get("config", ""), asked.properties),
)
STRUCTURED = Type(
    name="OS::Heat::StructuredConfig",
    kind=KIND,
    properties={**SHARED, "config": Prop("map", "Its content.")},
    values=VALUES,
    spec=lambda asked: _config(asked.properties.get("config", {}), asked.properties),
)


def _cloud_config(asked: Asked) -> Mapping[str, Any]:
    content = yaml.safe_dump(asked.properties.get("cloud_config", {}), sort_keys=False, allow_unicode=True, width=1000)
    return _config(f"#cloud-config\n{content}", {})


CLOUD = Type(
    name="OS::Heat::CloudConfig",
    kind=KIND,
    properties={"cloud_config": Prop("map", "Its content, as cloud-init reads it.")},
    values=VALUES,
    spec=_cloud_config,
)


def _multipart(asked: Asked) -> Mapping[str, Any]:
    parts = [part for item in asked.properties["parts"] for part in _parts(item, asked)]
    # The same parts are the same text, whenever it is made.
    boundary = hashlib.sha256("\n".join(part.as_string() for part in parts).encode()).hexdigest()
    return _config(MIMEMultipart(boundary=f"==={boundary[:32]}==", _subparts=parts).as_string(), {})


def _parts(item: Mapping[str, Any], asked: Asked) -> Iterator[MIMEText]:
    text = text_of(item["config"], asked)
    if item["type"] == "text":
        yield _part(text, item.get("subtype", ""), item.get("filename", ""))
        return
    message = message_from_string(text)
    for part in message.walk() if message.is_multipart() else ():
        if not part.is_multipart():
            yield _part(_content(part), part.get_content_subtype(), part.get_filename() or "")


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode(part.get_content_charset() or "utf-8", "replace") if isinstance(payload, bytes) else ""


def _part(text: str, subtype: str, filename: str) -> MIMEText:
    part = MIMEText(text, subtype or PurePosixPath(filename).stem or "plain")
    if filename:
        part.add_header("Content-Disposition", "attachment", filename=filename)
    return part


MULTIPART = Type(
    name="OS::Heat::MultipartMime",
    kind=KIND,
    properties={
        "parts": Prop(
            "list",
            "What it consists of.",
            default=[],
            schema=Prop(
                "map",
                schema={
                    "config": Prop(description="Its content, or the id of a config.", required=True),
                    "filename": Prop(description="Its file name."),
                    "type": common.chosen("Whether it consists of parts.", "text", "multipart", default="text"),
                    "subtype": Prop(description="Its subtype, like cloud-config."),
                },
            ),
        ),
        "group": SHARED["group"],
    },
    values=VALUES,
    spec=_multipart,
)
TYPES = (SOFTWARE, STRUCTURED, CLOUD, MULTIPART)
