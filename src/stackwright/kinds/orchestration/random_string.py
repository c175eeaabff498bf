# SPDX-License-Identifier: Apache-2.0
"""Random strings: passwords and tokens that a stack makes for itself."""

import hashlib
import json
import secrets
import string
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from stackwright.engine.kind import Allocator
from stackwright.engine.resource import Resource
from stackwright.kinds.base import Kind, Spec

CLASSES = {
    "lettersdigits": string.ascii_letters + string.digits,
    "letters": string.ascii_letters,
    "lowercase": string.ascii_lowercase,
    "uppercase": string.ascii_uppercase,
    "digits": string.digits,
    "hexdigits": string.digits + "ABCDEF",
    "octdigits": string.octdigits,
}
Amount = Annotated[int, Field(ge=1, le=512)]


class CharacterClass(Spec):
    """A class of characters, and how many of them there are at least."""

    name: Literal["lettersdigits", "letters", "lowercase", "uppercase", "digits", "hexdigits", "octdigits"]
    min: Amount = 1


class CharacterSequence(Spec):
    """A set of characters, and how many of them there are at least."""

    sequence: Annotated[str, Field(min_length=1)]
    min: Amount = 1


class RandomStringSpec(Spec):
    """Without classes and sequences it is made of letters and digits. salt: another one is another text.

    made_before: attributes of a text that was made once, and is taken where it was made for the same spec.
    """

    length: Amount = 32
    character_classes: list[CharacterClass] = []
    character_sequences: list[CharacterSequence] = []
    salt: str = ""
    made_before: dict[str, str] = {}

    @model_validator(mode="after")
    def _long_enough(self) -> "RandomStringSpec":
        least = sum(number for _, number in self.sets())
        if least > self.length:
            raise ValueError(f"length {self.length} is less than the {least} characters that the classes ask for")
        return self

    def sets(self) -> list[tuple[str, int]]:
        """The sets of characters that it is made of, each with how many there are at least."""
        found = [(CLASSES[item.name], item.min) for item in self.character_classes]
        found += [(item.sequence, item.min) for item in self.character_sequences]
        return found or [(CLASSES["lettersdigits"], 0)]


class RandomString(Kind):
    """Attributes: value, and made_for, the spec that it was made for: it stays as long as that does."""

    name = "random_string"
    spec = RandomStringSpec
    secret = ("value", "made_before")

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """The text that it has, or a new one for a new spec."""
        asked = {key: value for key, value in resource.spec.items() if key != "made_before"}
        made_for = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        for known in (resource.attributes, resource.spec["made_before"]):
            if known.get("made_for") == made_for:
                return dict(known)
        return {"value": _generated(RandomStringSpec.of(resource)), "made_for": made_for}

    def quota(self, resource: Resource) -> Mapping[str, int]:
        """It costs nothing."""
        return {}


def _generated(spec: RandomStringSpec) -> str:
    sets = spec.sets()
    found = [secrets.choice(characters) for characters, least in sets for _ in range(least)]
    found += [secrets.choice(secrets.choice(sets)[0]) for _ in range(spec.length - len(found))]
    secrets.SystemRandom().shuffle(found)
    return "".join(found)
