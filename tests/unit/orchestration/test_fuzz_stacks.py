# SPDX-License-Identifier: Apache-2.0
"""Whatever a stack's templates say: it is declared, or refused in one sentence, soon and in little memory."""

from __future__ import annotations

import copy
import json
import resource
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from stacks import VERSION, WEB, wanted
from test_fuzz import VALUES, is_one_sentence

from sandbox import Sandbox
from stackwright.engine.errors import StackwrightError
from stackwright.orchestration.parse import parse

INNER = """
heat_template_version: 2018-08-31
parameters: {p: {type: string, default: x}}
resources: {word: {type: OS::Heat::RandomString}, value: {type: OS::Heat::Value, properties: {value: {get_param: p}}}}
outputs: {a: {value: {get_attr: [value, value]}}, word: {value: {get_resource: word}}}
"""
MORE = """
  router: {type: OS::Neutron::Router, properties: {external_gateway_info: {network: public}}}
  interface:
    type: OS::Neutron::RouterInterface
    properties: {router: {get_resource: router}, subnet: {get_resource: sub}}
  floating: {type: OS::Neutron::FloatingIP, properties: {floating_network: public, port_id: {get_resource: port}}}
  placed: {type: OS::Nova::ServerGroup, properties: {policies: [anti-affinity]}}
  nested: {type: inner.yaml, properties: {p: {get_attr: [web, name]}}}
  many:
    type: OS::Heat::ResourceGroup
    properties:
      count: 2
      resource_def: {type: inner.yaml, properties: {p: "%index%"}}
      removal_policies: [{resource_list: ["1"]}]
  chain:
    type: OS::Heat::ResourceChain
    properties: {resources: [OS::Heat::None, inner.yaml], resource_properties: {p: a}}
  stack: {type: OS::Heat::Stack, properties: {template: {get_file: inner.yaml}}}
  config: {type: OS::Heat::SoftwareConfig, properties: {config: {list_join: [",", {get_attr: [many, refs]}]}}}
  mime: {type: OS::Heat::MultipartMime, properties: {parts: [{config: {get_resource: config}}]}}
outputs:
  many: {value: {get_attr: [many, a]}}
"""
WHOLE = WEB.replace("outputs:\n", MORE.lstrip("\n"), 1)
# fmt: off
WRONG = st.sampled_from([
    None, "", 0, -1, 10**9, 1.5, True, [], {}, [None], {"": 1}, "net", "a/b", "\x00", "x" * 300, "Retain",
    "inner.yaml", "main.yaml", "OS::Neutron::Port", "OS::Nova::Server", "OS::Heat::ResourceGroup",
    {"get_resource": "web"}, {"get_resource": "many"}, {"get_attr": ["web"]}, {"get_attr": ["many", "refs"]},
    {"get_attr": ["nested", "resource.value", "value"]}, {"get_param": "p"}, {"get_file": "inner.yaml"},
    {"str_replace": {"template": "x"}},
])
# fmt: on
SOON_S = 20
LARGE_MIB = 2500


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything inside a value."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


WHOLE_PLACES = places(parse(WHOLE))


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """The template with a few things removed, replaced, copied elsewhere or renamed."""
    template: dict[str, Any] = copy.deepcopy(parse(WHOLE))
    for _ in range(draw(st.integers(1, 2))):
        *above, last = draw(st.sampled_from(WHOLE_PLACES))
        try:
            holder: Any = template
            for step in above:
                holder = holder[step]
            kind = draw(st.sampled_from(["remove", "replace", "value", "copy", "rename"]))
            if kind == "remove":
                del holder[last]
            elif kind == "rename":
                holder[draw(st.sampled_from(["", "net", "x", "type", "count", 3]))] = holder.pop(last)
            elif kind == "copy":
                source: Any = parse(WHOLE)
                for step in draw(st.sampled_from(WHOLE_PLACES)):
                    source = source[step]
                holder[last] = source
            else:
                holder[last] = draw(WRONG if kind == "replace" else VALUES)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue
    return template


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(mutated())
def test_any_stack_is_declared_or_refused(cloud: Sandbox, template: dict[str, Any]) -> None:
    request = wanted(json.dumps(template, default=str), files={"inner.yaml": INNER})
    try:
        result = cloud.ensure(request, check=True)
    except StackwrightError as error:
        event("refused")
        told = is_one_sentence(error)
        assert told
    else:
        event("accepted")
        assert "(after" not in repr(result.outcomes)


def test_the_template_that_is_mutated_is_sound(cloud: Sandbox) -> None:
    assert cloud.ensure(wanted(WHOLE, files={"inner.yaml": INNER})).errors == []
    assert not cloud.ensure(wanted(WHOLE, files={"inner.yaml": INNER})).changed


def written(resources: dict[str, Any], **more: Any) -> str:
    return json.dumps({"heat_template_version": "2018-08-31", "resources": resources, **more})


def group(count: int, member: dict[str, Any], variable: str = "%index%") -> dict[str, Any]:
    return {
        "type": "OS::Heat::ResourceGroup",
        "properties": {"count": count, "index_var": variable, "resource_def": member},
    }


NONE: dict[str, Any] = {"type": "OS::Heat::None"}
VALUE = "OS::Heat::Value"
MANY = "a stack has at most 20000 resources; make it smaller, or several of it"
MADE = "the functions of this stack make more than"


def _deep() -> dict[str, Any]:
    member = NONE
    for level in range(30):
        member = group(1, member, f"%i{level}%")
    return member


def _levels() -> dict[str, str]:
    """Ten times ten times ten ... resources, from ten small files."""
    inner = {
        f"{level}.yaml": written({f"r{n}": {"type": f"{level + 1}.yaml"} for n in range(10)}) for level in range(8)
    }
    return inner | {"8.yaml": written({f"r{n}": NONE for n in range(10)})}


def _outputs() -> dict[str, str]:
    """Each file's output has that of the next one twenty times."""
    found = {"8.yaml": written({"r": NONE}, outputs={"o": {"value": "x"}})}
    for level in range(8):
        output = {"o": {"value": [{"get_attr": ["r", "o"]}] * 20}}
        found[f"{level}.yaml"] = written({"r": {"type": f"{level + 1}.yaml"}}, outputs=output)
    return found


def _values() -> dict[str, Any]:
    found: dict[str, Any] = {"v0": {"type": VALUE, "properties": {"value": "x" * 1000}}}
    for level in range(1, 10):
        value = [{"get_attr": [f"v{level - 1}", "value"]}] * 20
        found[f"v{level}"] = {"type": VALUE, "properties": {"value": value}}
    return found


SELF = written(
    {f"r{n}": {"type": "OS::Heat::Stack", "properties": {"template": {"get_file": "self.yaml"}}} for n in "ab"}
)
REPEAT = {"for_each": {f"<{name}>": list(range(100)) for name in "abcdef"}, "template": "<a><b><c><d><e><f>"}
YAQL = {"expression": "range(0, 100000000).select($ * $).sum()", "data": {}}
BOMB = "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "files", "words"),
    [
        (written({"a": group(100_000, NONE)}), {}, MANY),
        (written({"a": group(10**15, NONE)}), {}, MANY),
        (written({f"a{n}": group(15_000, NONE) for n in range(2)}), {}, MANY),
        (written({"a": group(1000, group(1000, group(1000, NONE, "%c%"), "%b%"))}), {}, MANY),
        (written({"a": _deep()}), {}, "templates are nested more than 10 deep"),
        (f"{VERSION}resources: {'[' * 10_000}{']' * 10_000}", {}, "nested more than 100"),
        (written({"a": {"type": "0.yaml"}}), _levels(), MANY),
        (written({"a": {"type": "0.yaml"}}, outputs={"o": {"value": {"get_attr": ["a", "o"]}}}), _outputs(), MADE),
        (written(_values()), {}, MADE),
        (SELF, {"self.yaml": SELF}, "templates are nested more than 10 deep"),
        (written({"a": {"type": "a.yaml"}}), {"a.yaml": written({"a": {"type": "a.yaml"}})}, "in a circle"),
        (written({"a": {"type": VALUE, "properties": {"value": {"repeat": REPEAT}}}}), {}, "make more than"),
        (written({"a": {"type": VALUE, "properties": {"value": {"yaql": YAQL}}}}), {}, "yaql"),
        (f"{VERSION}x:\n  a0: &a0 [1]\n{BOMB}", {}, "aliases are written out"),
    ],
    ids=[
        *("count", "huge count", "two groups", "groups in groups", "deep groups", "deep values", "files", "outputs"),
        *("values", "itself", "circle", "repeat", "yaql", "aliases"),
    ],
)  # fmt: skip
def test_a_stack_that_would_run_away_is_refused(cloud: Sandbox, text: str, files: dict[str, str], words: str) -> None:
    began = time.process_time()  # the machine may be busy with other things
    with pytest.raises(StackwrightError) as error:
        cloud.ensure(wanted(text, files=files))
    assert words in str(error.value)
    assert is_one_sentence(error.value)
    assert len(str(error.value)) < 1000
    assert time.process_time() - began < SOON_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < LARGE_MIB * 1024
    assert cloud.find("stack") == []
