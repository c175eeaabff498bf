# SPDX-License-Identifier: Apache-2.0
"""Environments: what they say, how several are merged, and what stands for a resource type."""

from __future__ import annotations

from typing import Any

import pytest

from stackwright.orchestration.environment import Environment, merged, read_environment
from stackwright.orchestration.problem import TemplateError

WHOLE = """\
parameters: {image: debian, size: 2}
parameter_defaults: {zone: nova}
encrypted_param_names: [password]
event_sinks: [{type: zaqar-queue, target: q}]
parameter_merge_strategies: {default: merge}
resource_registry:
  My::Server: server.yaml
  My::Other: other/thing.template
  My::Web: https://example.com/web.yaml
  My::Mapped: My::Server
  OS::Networking::*: OS::Neutron::*
  OS::Ceilometer::*: OS::Heat::None
  OS::Networking::Special*: My::Special
  resources:
    db:
      OS::Nova::Server: big.yaml
      hooks: pre-create
      restricted_actions: [update, replace]
    "web_*":
      hooks: [pre-update, post-update]
    outer:
      inner:
        OS::Heat::RandomString: My::Random
        hooks: pre-delete
"""


@pytest.fixture(scope="module")
def whole() -> Environment:
    return read_environment(WHOLE, "envs/prod.yaml")


def test_everything_is_kept(whole: Environment) -> None:
    assert whole.parameters == {"image": "debian", "size": 2}
    assert whole.parameter_defaults == {"zone": "nova"}
    assert whole.encrypted == ("password",)
    assert whole.event_sinks == ({"type": "zaqar-queue", "target": "q"},)
    assert whole.strategies == {"default": "merge"}
    assert read_environment("", "e.yaml").parameters == {}


FOUND = [
    ("OS::Nova::Server", "", "OS::Nova::Server"),
    ("My::Server", "", "envs/server.yaml"),
    ("My::Other", "", "envs/other/thing.template"),
    ("My::Web", "", "https://example.com/web.yaml"),
    ("My::Mapped", "", "envs/server.yaml"),
    ("OS::Networking::Port", "", "OS::Neutron::Port"),
    ("OS::Networking::SpecialPort", "", "My::Special"),
    ("OS::Ceilometer::Alarm", "", "OS::Heat::None"),
    ("OS::Nova::Server", "db", "envs/big.yaml"),
    ("OS::Nova::Server", "web_1", "OS::Nova::Server"),
    ("beside.yaml", "", "beside.yaml"),
]


@pytest.mark.parametrize(("name", "resource", "expected"), FOUND)
def test_what_stands_for_a_type(whole: Environment, name: str, resource: str, expected: str) -> None:
    assert whole.registry.find(name, resource) == expected


def test_hooks_and_restricted_actions(whole: Environment) -> None:
    registry = whole.registry
    assert registry.hooks("db") == {"pre-create"}
    assert registry.hooks("web_7") == {"pre-update", "post-update"}
    assert registry.hooks("other") == frozenset()
    assert registry.restricted_actions("db") == {"update", "replace"}


def test_nested_stack_has_its_own_part(whole: Environment) -> None:
    child = whole.child("outer", "My::Server", {"a": 1})
    assert child.parameters == {"a": 1}
    assert child.parameter_defaults == {"zone": "nova"}
    assert child.registry.find("OS::Heat::RandomString", "inner") == "My::Random"
    assert child.registry.hooks("inner") == {"pre-delete"}
    assert child.registry.find("OS::Nova::Server", "db") == "OS::Nova::Server"
    assert child.registry.find("My::Server") == "My::Server"  # inside its own template it is the real one


def test_base_url() -> None:
    found = read_environment("resource_registry: {base_url: 'https://x.org/t', A::B: b.yaml}", "e.yaml").registry
    assert found.find("A::B") == "https://x.org/t/b.yaml"


def test_types_in_a_circle_are_named() -> None:
    found = read_environment("resource_registry: {A::A: B::B, B::B: A::A}", "e.yaml").registry
    with pytest.raises(TemplateError, match="resource_registry maps in a circle: A::A -> B::B -> A::A"):
        found.find("A::A")


REFUSED = [
    ("[a]", "e.yaml: an environment must be a map, and this is a list"),
    ("paramters: {}", "e.yaml, line 1: an environment has no paramters; did you mean parameters?"),
    ("image: debian", "an environment has no image"),
    ("parameters: [a]", "e.yaml, line 1, parameters: must be a map, and is a list"),
    ("event_sinks: [x]", "e.yaml, line 1, event_sinks[0]: an event sink must be a map with its type, and is text"),
    ("encrypted_param_names: x", "encrypted_param_names: must be a list, and is text"),
    ("parameter_merge_strategies: {a: mrege}", "did you mean merge?"),
    (
        "resource_registry:\n  A::B: 5",
        "e.yaml, line 2, resource_registry.A::B: must be a type or the name of a template",
    ),
    ("resource_registry: {base_url: 5}", "resource_registry.base_url: must be text"),
    ("resource_registry: {resources: [a]}", "resource_registry.resources: must be a map of resources"),
    ("resource_registry: {resources: {a: b}}", "resource_registry.resources.a: must be a map of resources"),
    (
        "resource_registry:\n  resources:\n    a:\n      hooks: precreate",
        "e.yaml, line 4, resource_registry.resources.a.hooks: precreate must be one of pre-create",
    ),
    ("resource_registry: {resources: {a: {restricted_actions: [delete]}}}", "delete must be one of update, replace"),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_mistake_is_told_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(TemplateError) as caught:
        read_environment(text, "e.yaml")
    assert expected in str(caught.value)


TYPES = {"s": "string", "n": "number", "l": "comma_delimited_list", "j": "json", "b": "boolean"}
MERGED: list[tuple[list[str], dict[str, Any]]] = [
    (["parameters: {s: a, n: 1}", "parameters: {s: b}"], {"s": "b", "n": 1}),
    (["parameters: {s: a}", "parameters: {s: null}"], {"s": "a"}),
    (["parameters: {s: a}", "parameters: {s: b}\nparameter_merge_strategies: {n: merge}"], {"s": "b"}),
    (["parameters: {s: a}\n" + "parameter_merge_strategies: {s: merge}", "parameters: {s: b}"], {"s": "ab"}),
    (["parameters: {n: 1}\n" + "parameter_merge_strategies: {default: merge}", "parameters: {n: '2'}"], {"n": 3}),
    (
        ["parameters: {l: 'a,b'}\n" + "parameter_merge_strategies: {l: merge}", "parameters: {l: [c]}"],
        {"l": ["a", "b", "c"]},
    ),
    (
        [
            "parameters: {j: {a: {x: 1}, b: 1}}\n" + "parameter_merge_strategies: {j: merge}",
            "parameters: {j: {a: {y: 2}}}",
        ],
        {"j": {"a": {"y": 2}, "b": 1}},
    ),
    (
        [
            "parameters: {j: {a: {x: 1}, l: [1], t: a}}\n" + "parameter_merge_strategies: {j: deep_merge}",
            'parameters: {j: \'{"a": {"y": 2}, "l": [2], "t": "b"}\'}',
        ],
        {"j": {"a": {"x": 1, "y": 2}, "l": [1, 2], "t": "ab"}},
    ),
]


@pytest.mark.parametrize(("texts", "expected"), MERGED)
def test_several_are_merged_in_order(texts: list[str], expected: dict[str, Any]) -> None:
    environments = [read_environment(text, f"{number}.yaml") for number, text in enumerate(texts)]
    assert merged(environments, TYPES).parameters == expected


MERGE_REFUSED = [
    (
        [
            "parameters: {s: a}\n" + "parameter_merge_strategies: {s: merge}",
            "parameters: {s: b}\n" + "parameter_merge_strategies: {s: overwrite}",
        ],
        "1.yaml, parameter_merge_strategies.s: s is merged by merge in an environment before this one, and by ",
    ),
    (
        ["parameters: {b: true}\n" + "parameter_merge_strategies: {b: merge}", "parameters: {b: false}"],
        "1.yaml, line 1, parameters.b: true and false cannot be merged: the strategy must be overwrite",
    ),
    (
        ["parameters: {j: [1]}\n" + "parameter_merge_strategies: {j: merge}", "parameters: {j: {}}"],
        "only maps can be merged",
    ),
]


@pytest.mark.parametrize(("texts", "expected"), MERGE_REFUSED)
def test_merge_is_refused_in_one_sentence(texts: list[str], expected: str) -> None:
    environments = [read_environment(text, f"{number}.yaml") for number, text in enumerate(texts)]
    with pytest.raises(TemplateError) as caught:
        merged(environments, TYPES)
    assert expected in str(caught.value)


def test_an_empty_entry_takes_entries_away() -> None:
    first = read_environment("resource_registry: {A::A: x.yaml, A::B: y.yaml, B::B: z.yaml}", "one/e.yaml")
    second = read_environment("resource_registry: {A::*: null, B::B: w.yaml}", "two/e.yaml")
    registry = merged([first, second], {}).registry
    assert [registry.find(name) for name in ("A::A", "A::B", "B::B")] == ["A::A", "A::B", "two/w.yaml"]
