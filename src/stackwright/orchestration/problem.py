# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a template, and where: file, line, path, one sentence, and the nearest known name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from stackwright.engine.errors import InvalidInput
from stackwright.orchestration.values import Unknown

Step = str | int


class TemplateError(InvalidInput):
    """A template, an environment or a parameter that cannot be used. `words` is the sentence without its place."""

    def __init__(self, words: str, path: Iterable[Step] = (), line: int = 0, file: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.path: tuple[Step, ...] = tuple(path)
        self.line = line
        self.file = file
        self.settled = False
        """The path is complete: where it was asked from says no more."""

    def inside(self, *path: Step, line: int = 0, file: str = "") -> None:
        """Say that this happened below `path`. What was found first (further inside) stays: it is more exact."""
        if not self.settled:
            self.path = (*path, *self.path)
        self.line = self.line or line
        self.file = self.file or file

    @property
    def where(self) -> str:
        """`resources.web.properties.networks[0]`."""
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)}" for step in self.path)
        return text.removeprefix(".")

    def __str__(self) -> str:
        place = ", ".join(filter(None, (self.file, f"line {self.line}" if self.line else "", self.where)))
        text = f"{place}: {self.words}" if place else self.words
        return " ".join(text.split())  # whatever stands in a template, this is one line


class Undecided(TemplateError):
    """Nothing is wrong yet: the answer depends on a value that is not there."""


class NoValue(TemplateError):
    """A parameter has no default and was given no value."""


@contextmanager
def inside(*path: Step, line: int = 0, file: str = "") -> Iterator[None]:
    """Errors of the block happened below this path."""
    try:
        yield
    except TemplateError as error:
        error.inside(*path, line=line, file=file)
        raise


def nearest(name: object, known: Iterable[str]) -> str:
    """`; did you mean NAME?` if a known name is near, otherwise ''."""
    near = get_close_matches(str(name)[:200], sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def unknown_name(what: str, name: object, known: Iterable[str]) -> TemplateError:
    """The error for a name that nothing has."""
    return TemplateError(f"no {what} is called {shown(name)}{nearest(name, known)}")


def kind_of(value: Any) -> str:
    """What a value is, in the words of a template's author."""
    if value is None:
        return "nothing"
    if isinstance(value, Unknown):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    for types, words in ((dict, "a map"), (list | tuple, "a list"), (int | float, "a number"), (str, "text")):
        if isinstance(value, types):
            return words
    return f"a {type(value).__name__}"


def shown(value: Any) -> str:
    """A value short enough for a sentence."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
