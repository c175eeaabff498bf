# SPDX-License-Identifier: Apache-2.0
"""Whatever a template, an environment or a parameter says: it is used, or refused in one sentence, soon."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from given_files import GivenFiles
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stackwright.engine.errors import InvalidInput, StackwrightError
from stackwright.orchestration import drawing
from stackwright.orchestration.context import StackContext
from stackwright.orchestration.environment import merged, read_environment
from stackwright.orchestration.evaluate import evaluate
from stackwright.orchestration.graph import dependencies
from stackwright.orchestration.parse import parse
from stackwright.orchestration.template import read_template
from stackwright.orchestration.validate import Validation
from stackwright.orchestration.values import Unknown
from stackwright.orchestration.versions import DATES, VERSIONS

FUNCTIONS = sorted({name for version in VERSIONS.values() for name in version.functions} - {"yaql"})
CONDITIONS = ["equals", "not", "and", "or", "contains", "get_param"]
WORDS = st.sampled_from(
    ["a", "b", "web", "p", "c", "template", "params", "for_each", "%i%", "", "0", ",", "md5", "x.yaml"]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 70000), st.floats(), WORDS, st.text(max_size=5))
KEYS = st.sampled_from(
    ["template", "params", "for_each", "permutations", "scheme", "port", "query", "keys", "values", "a", "%i%"]
)
SOON = settings(deadline=30_000, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


def called(values: Any) -> Any:
    return st.builds(lambda name, value: {name: value}, st.sampled_from(FUNCTIONS + CONDITIONS), values)


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(KEYS, inner, max_size=4),
        called(inner),
        called(st.lists(inner, max_size=3)),
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(["web", "a", "b", "c"])
RESOURCES = st.fixed_dictionaries(
    {"type": st.one_of(st.just("OS::Heat::None"), st.just("x.yaml"), VALUES)},
    optional={
        "properties": VALUES,
        "metadata": VALUES,
        "condition": VALUES,
        "depends_on": VALUES,
        "deletion_policy": VALUES,
        "external_id": VALUES,
    },
)
PARAMETERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "number", "json", "comma_delimited_list", "boolean", "x"])},
    optional={
        "default": VALUES,
        "hidden": SCALARS,
        "constraints": st.lists(
            st.dictionaries(
                st.sampled_from(
                    ["length", "range", "modulo", "allowed_values", "allowed_pattern", "custom_constraint"]
                ),
                st.one_of(VALUES, st.dictionaries(st.sampled_from(["min", "max", "step", "offset"]), SCALARS)),
                max_size=2,
            ),
            max_size=2,
        ),
    },
)
TEMPLATES = st.fixed_dictionaries(
    {"heat_template_version": st.sampled_from(DATES)},
    optional={
        "parameters": st.dictionaries(st.sampled_from(["p", "q"]), PARAMETERS, max_size=2),
        "conditions": st.dictionaries(NAMES, VALUES, max_size=3),
        "resources": st.dictionaries(NAMES, RESOURCES, max_size=3),
        "outputs": st.dictionaries(NAMES, st.fixed_dictionaries({"value": VALUES}, optional={"condition": VALUES})),
        "parameter_groups": VALUES,
    },
)
EMPTY = {date: read_template(f"heat_template_version: {date}\nresources: {{web: {{type: x}}}}") for date in DATES}


class NoTypes:
    def find(self, name: str) -> None:
        return None

    def names(self) -> list[str]:
        return []


def answers(work: Callable[[], object]) -> bool:
    """Whether it works, or is refused in one sentence."""
    try:
        work()
    except InvalidInput as error:
        return is_one_sentence(error)
    return True


def is_one_sentence(error: StackwrightError) -> bool:
    return bool(str(error)) and "\n" not in str(error)


@SOON
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200), st.text("[]{}:,-&*!|>'\"# \n\tab0<", max_size=200)))
def test_any_text(text: str | bytes) -> None:
    for read in (parse, read_template, read_environment):
        assert answers(partial(read, text))


@SOON
@given(st.sampled_from(DATES), VALUES, VALUES)
def test_any_value(date: str, value: Any, parameter: Any) -> None:
    context = StackContext(
        EMPTY[date],
        {"p": parameter, "a": "x"},
        lambda name: name,
        lambda name, path: Unknown(name, "x"),
        GivenFiles({}),
    )
    assert answers(lambda: evaluate(value, context))


@SOON
@given(TEMPLATES, st.dictionaries(st.sampled_from(["p", "q", "r"]), VALUES, max_size=2))
def test_any_template(data: Any, values: Any) -> None:
    assert answers(lambda: validate_and_draw(json.dumps(data), json.dumps({"parameters": values})))


def validate_and_draw(text: str, parameters: str) -> None:
    template = read_template(text, "main.yaml")
    environment = read_environment(parameters, "env.yaml")
    validation = Validation(NoTypes(), GivenFiles({"x.yaml": text.encode()}))
    assert all(map(is_one_sentence, validation.stack(template, environment).errors))
    graph = dependencies(validation.context(template, environment))
    drawing.svg(graph, dict.fromkeys(graph, "x"))


SECTIONS = ["parameters", "parameter_defaults", "resource_registry", "event_sinks", "parameter_merge_strategies"]
TYPES = {"a": "json", "p": "string", "b": "comma_delimited_list", "c": "number", "web": "boolean"}
ANY_MAP = st.dictionaries(
    st.one_of(NAMES, st.sampled_from(["resources", "hooks", "A::*", "base_url"])), VALUES, max_size=3
)
ENVIRONMENTS = st.dictionaries(
    st.sampled_from(SECTIONS), st.one_of(VALUES, ANY_MAP, st.just({"default": "deep_merge"})), max_size=3
)


@SOON
@given(st.lists(ENVIRONMENTS, max_size=3), NAMES)
def test_any_environments(data: Any, name: str) -> None:
    assert answers(lambda: look_up([json.dumps(item) for item in data], name))


def look_up(environments: list[str], name: str) -> None:
    environment = merged([read_environment(item) for item in environments], TYPES)
    environment.registry.find(name, "web")
    environment.registry.child("web", name).hooks("a")
