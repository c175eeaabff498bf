# SPDX-License-Identifier: Apache-2.0
"""What a stack is declared with, read: its template, its environment, its files."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stackwright.orchestration import hidden, parameters
from stackwright.orchestration.environment import Environment, merged, read_environment
from stackwright.orchestration.files import Files, is_url
from stackwright.orchestration.problem import TemplateError, nearest
from stackwright.orchestration.template import Template, read_template
from stackwright.orchestration.validate import Validation


@dataclass(frozen=True)
class GivenFiles:
    """The files that came with a stack: location -> content."""

    contents: Mapping[str, str]

    def read(self, location: str) -> bytes:
        """What a file holds. Raises TemplateError for one that did not come along."""
        found = self.contents.get(plain_location(location))
        if found is None:
            raise TemplateError(
                f"the file {location} did not come with the template{nearest(location, self.contents)}; "
                "it must be beside it, or at the place that it is named by"
            )
        return found.encode()


def plain_location(location: str) -> str:
    """One spelling for each place: lib/../a.yaml is a.yaml."""
    return location if is_url(location) else posixpath.normpath(location)


@dataclass(frozen=True)
class Source:
    """A stack's template with everything that goes with it. Raises TemplateError while it is read."""

    template: Template
    environment: Environment
    files: Files

    @classmethod
    def read(
        cls, location: str, files: Mapping[str, str], environments: Sequence[str], given: Mapping[str, Any]
    ) -> Source:
        """From the files by their locations; the parameters that are given win over what the environments say."""
        return cls.of(GivenFiles(files), location, environments, given)

    @classmethod
    def of(cls, files: Files, location: str, environments: Sequence[str], given: Mapping[str, Any]) -> Source:
        """As `read`, from wherever the files are."""
        template = read_template(files.read(location), location)
        read = [read_environment(files.read(name), name) for name in environments]
        environment = merged(read, {name: item.type for name, item in template.parameters.items()})
        return cls(template, replace(environment, parameters={**environment.parameters, **given}), files)

    def values(self) -> dict[str, Any]:
        """The values of its parameters, of those that have one."""
        given = self.environment.parameters, self.environment.parameter_defaults
        return parameters.values(self.template.parameters, *given)[0]

    def hidden(self) -> set[str]:
        """Names of the parameters that nobody shall see, and those that an environment calls encrypted."""
        return hidden.names(self.template, self.environment)


def check(source: Source, validation: Validation) -> None:
    """Raises TemplateError that says everything that is wrong: first of all which types cannot be had here."""
    report = validation.stack(source.template, source.environment)
    if report.missing:
        raise TemplateError(unsupported(report.missing), file=source.template.file)
    missing = [f"the parameter {name} is missing" for name in report.needed]
    wrong = [*missing, *map(str, report.errors)]
    if wrong:
        raise TemplateError("; ".join(dict.fromkeys(wrong)))


def keep_immutable(before: Source, now: Source) -> None:
    """Raises TemplateError where parameters that are immutable get other values than the stack was made with."""
    was, shall_be = before.values(), now.values()
    immutable = [name for name, item in now.template.parameters.items() if item.immutable and name in was]
    changed = sorted(name for name in immutable if shall_be.get(name) != was[name])
    if changed:
        raise TemplateError(
            f"immutable parameters keep the value that the stack was made with: {', '.join(changed)}; give that again",
            ("parameters",),
            file=now.template.file,
        )


def unsupported(missing: Mapping[str, str]) -> str:
    """The types that have no service here, in one sentence."""
    listed = ", ".join(f"{name} ({service})" for name, service in sorted(missing.items()))
    return f"unsupported resource types: {listed}"
