# SPDX-License-Identifier: Apache-2.0
"""Values: what a template computes, random texts, and what stands for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Resource
from stackwright.orchestration.constraints import Range
from stackwright.orchestration.interfaces import PropertyType
from stackwright.orchestration.properties import checked
from stackwright.orchestration.types import common
from stackwright.orchestration.types.base import ANY, Asked, Attribute, Look, Prop, Type

KIND = "stack_value"
CLASSES = ("lettersdigits", "letters", "lowercase", "uppercase", "digits", "hexdigits", "octdigits")
MOST = 512


def _its_name(resource: Resource, look: Look) -> str:
    return resource.name


def _minimum() -> Prop:
    return Prop("integer", "How many of them at least.", default=1, constraints=(Range(1, MOST),))


def _random(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    classes, sequences = given.get("character_classes", []), given.get("character_sequences", [])
    if given.get("sequence"):
        if classes or sequences:
            raise InvalidInput(f"random string {asked.name}: sequence and character_classes exclude each other")
        classes = [{"class": given["sequence"], "min": 1}]
    return {
        "length": given["length"],
        "character_classes": [{"name": item["class"], "min": item["min"]} for item in classes],
        "character_sequences": [{"sequence": item["sequence"], "min": item["min"]} for item in sequences],
        "salt": given.get("salt", ""),
    }


RANDOM = Type(
    name="OS::Heat::RandomString",
    kind="random_string",
    properties={
        "length": Prop("integer", "How many characters.", default=32, constraints=(Range(1, MOST),)),
        "sequence": common.chosen("The characters that it is made of.", *CLASSES),
        "character_classes": Prop(
            "list",
            "The classes of characters that it is made of.",
            schema=Prop(
                "map",
                schema={
                    "class": common.chosen("The class.", *CLASSES, default="lettersdigits"),
                    "min": _minimum(),
                },
            ),
        ),
        "character_sequences": Prop(
            "list",
            "The sets of characters that it is made of.",
            schema=Prop(
                "map", schema={"sequence": Prop(description="The characters.", required=True), "min": _minimum()}
            ),
        ),
        "salt": Prop(description="Another salt is another text."),
    },
    values={"value": common.told("value", "The text.")},
    spec=_random,
    reference=common.the_id("value"),
    secret=True,
)

VALUE_TYPES: Mapping[str, PropertyType] = {
    "string": "string",
    "number": "number",
    "comma_delimited_list": "list",
    "json": "map",
    "boolean": "boolean",
}


def _value(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    type_ = given.get("type", "")
    schema = {"value": Prop(VALUE_TYPES.get(type_, "any"))}
    found, errors = checked(schema, {"value": given.get("value")})
    for error in errors:
        error.inside("properties")
        raise error
    return {"type": type_, "value": found.get("value")}


VALUE = Type(
    name="OS::Heat::Value",
    kind=KIND,
    properties={
        "value": Prop("any", "The value.", required=True),
        "type": common.chosen("Its type; any if left out.", *VALUE_TYPES),
    },
    values={"value": common.told("value", "The value.")},
    spec=_value,
    reference=_its_name,
)
NONE = Type(
    name="OS::Heat::None",
    kind=KIND,
    properties={ANY: Prop("any", "It takes any properties, and uses none.")},
    values={ANY: Attribute("Every attribute is null.")},
    spec=lambda asked: {"type": "", "value": None},
    reference=_its_name,
)


def _test(asked: Asked) -> Mapping[str, Any]:
    if asked.properties["fail"]:
        raise InvalidInput(f"test resource {asked.name} fails, as its property fail asks for")
    return {"type": "string", "value": asked.properties["value"]}


def _seconds(description: str) -> Prop:
    return Prop("number", f"{description}; it has no effect.")


TEST = Type(
    name="OS::Heat::TestResource",
    kind=KIND,
    properties={
        "value": Prop(description="The text that it keeps.", default="test_string"),
        "fail": Prop("boolean", "Whether it fails.", default=False),
        "update_replace": Prop("boolean", "It has no effect: nothing is replaced.", default=False),
        "update_replace_value": Prop(description="It has no effect: nothing is replaced."),
        "wait_secs": _seconds("How long it takes"),
        "action_wait_secs": Prop(
            "map",
            "How long creating, updating and deleting take; it has no effect.",
            schema={action: _seconds("How long this takes") for action in ("create", "update", "delete")},
        ),
        "attr_wait_secs": _seconds("How long its attribute takes"),
        "constraint_prop_secs": _seconds("How long its validation takes"),
        "client_name": Prop(description="A client to ask; it has no effect.", default=""),
        "entity_name": Prop(description="What to ask it for; it has no effect.", default=""),
    },
    values={"output": common.told("value", "The text that it keeps.")},
    spec=_test,
    reference=_its_name,
)
TYPES = (RANDOM, VALUE, NONE, TEST)
