# SPDX-License-Identifier: Apache-2.0
"""What a stack is declared with, or makes for itself, and nobody is shown.

What only masks does not pay for the template language, which is imported when a template is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stackwright.engine.resource import Resource

if TYPE_CHECKING:
    from stackwright.orchestration.environment import Environment
    from stackwright.orchestration.problem import TemplateError
    from stackwright.orchestration.template import Template

HIDDEN = "(hidden)"
SHORT = 4
"""A secret of fewer characters is only found where it is the whole text: it is part of many."""
LONGEST_SHOWN = 57
"""Characters of a value that a sentence shows at the most: see `problem.shown`."""
SECRET = {"random_string": "value", "keypair": "private_key"}
"""Kind -> the attribute of it that nobody is shown."""


def secrets_of(stack: Resource, resources: Iterable[Resource]) -> frozenset[str]:
    """Texts that nobody is shown: values of the stack's hidden parameters, and what was generated for it.

    resources: those of the stack are taken, others left out.
    """
    own = [row for row in resources if row.owner == stack.id and row.kind in SECRET]
    made = [str(row.attributes.get(SECRET[row.kind]) or "") for row in own]
    return frozenset(text for text in (*made, *hidden_texts(stack.spec)) if text)


def hidden_texts(spec: Mapping[str, Any]) -> frozenset[str]:
    """The values of the parameters that a stack's template hides; all that are given, if the template is of no use."""
    from stackwright.orchestration.problem import TemplateError
    from stackwright.orchestration.stack import Source

    try:
        source = Source.read(spec["template"], spec["files"], spec["environments"], spec["parameters"])
    except TemplateError:
        return frozenset(_texts(spec["parameters"]))
    return values(source.template, source.environment)


def names(template: Template, environment: Environment) -> set[str]:
    """The parameters that nobody shall see, and those that an environment calls encrypted."""
    return {name for name, item in template.parameters.items() if item.hidden} | set(environment.encrypted)


def values(template: Template, environment: Environment) -> frozenset[str]:
    """The texts that these are given."""
    declared = template.parameters
    found: list[Any] = []
    for name in names(template, environment):
        found += [given[name] for given in (environment.parameters, environment.parameter_defaults) if name in given]
        found += [declared[name].default] if name in declared else []
    return frozenset(_texts(found))


def _texts(value: Any) -> Iterator[str]:
    """Every text and number inside a value."""
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def without(secrets: Iterable[str], value: Any) -> Any:
    """A value with words in place of secrets."""
    if isinstance(value, dict):
        return {key: without(secrets, item) for key, item in value.items()}
    if isinstance(value, list):
        return [without(secrets, item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    if text in secrets:
        return HIDDEN
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN) if len(secret) >= SHORT else text
    return text if text != str(value) else value


def unsaid(secrets: Iterable[str], sentence: str) -> str:
    """A sentence, in one line, with words in place of secrets, also where these are cut off."""
    sentence = " ".join(sentence.split())
    for secret in sorted(secrets, key=len, reverse=True):
        line = " ".join(secret.split())
        if len(line) < SHORT:
            continue
        cut = (f"{line[:length]}..." for length in range(min(len(line) - 1, LONGEST_SHOWN), SHORT - 1, -1))
        for said in (line, *cut):
            sentence = sentence.replace(said, HIDDEN)
    return sentence


def conceal(secrets: Iterable[str], error: TemplateError) -> None:
    """Take secrets out of what an error says."""
    error.words = unsaid(secrets, error.words)
    error.path = tuple(step if isinstance(step, int) else unsaid(secrets, str(step)) for step in error.path)
