# SPDX-License-Identifier: Apache-2.0
"""Which resource needs which, and how that is drawn."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest
from lxml import etree

from stackwright.orchestration import drawing
from stackwright.orchestration.graph import dependencies, ordered
from stackwright.orchestration.problem import TemplateError

TEXT = """\
heat_template_version: 2021-04-16
parameters:
  target: {type: string, default: port}
  small: {type: boolean, default: true}
conditions:
  small: {equals: [{get_param: small}, true]}
resources:
  net: {type: A}
  port: {type: A, properties: {network: {get_resource: net}}}
  web:
    type: A
    depends_on: [net, big]
    properties:
      port: {get_attr: [{get_param: target}, id]}
      only: {if: [small, {get_resource: net}, {get_resource: big}]}
  big: {type: A, condition: {not: small}}
  named:
    type: A
    metadata: {a: {str_replace: {template: x, params: {x: {get_attr: [web, name]}}}}}
    update_policy: {b: {list_join: [',', [{get_resource: port}]]}}
    external_id: {get_resource: net}
"""


def test_by_name_and_by_depends_on(make_context: Any) -> None:
    found = dependencies(make_context(TEXT))
    assert found == {"net": set(), "port": {"net"}, "web": {"net", "port"}, "named": {"web", "port", "net"}}
    assert ordered(found) == ["net", "port", "web", "named"]


def test_the_other_branch(make_context: Any) -> None:
    found = dependencies(make_context(TEXT, {"small": False}))
    assert found["web"] == {"net", "port", "big"}


REFUSED = [
    (
        "  a: {type: A, depends_on: b}\n  b: {type: A, metadata: {x: {get_resource: c}}}\n"
        "  c: {type: A, depends_on: a}",
        "test.yaml, resources: resources need each other in a circle: ",
    ),
    ("  a: {type: A, depends_on: a}", "resources need each other in a circle: a -> a"),
    (
        "  web: {type: A, depends_on: wbe}",
        "test.yaml, line 3, resources.web.depends_on: no resource is called wbe; did you",
    ),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_circle_is_named_in_one_sentence(make_context: Any, text: str, expected: str) -> None:
    with pytest.raises(TemplateError) as caught:
        dependencies(make_context(f"heat_template_version: rocky\nresources:\n{text}"))
    assert expected in str(caught.value)


def test_circle_goes_from_who_needs_to_what_is_needed() -> None:
    graph = {"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"a"})}
    with pytest.raises(TemplateError) as caught:
        ordered(graph)
    circle = str(caught.value).rpartition(": ")[2].split(" -> ")
    assert all(after in graph[before] for before, after in pairwise(circle))


def test_thousands_of_resources_in_a_chain(make_context: Any) -> None:
    lines = [f"  r{i}: {{type: A, properties: {{x: {{get_resource: r{max(i - 1, 0)}}}}}}}" for i in range(1, 5000)]
    context = make_context("\n".join(["heat_template_version: rocky", "resources:", "  r0: {type: A}", *lines]))
    begun = time.monotonic()
    assert len(ordered(dependencies(context))) == 5000
    assert time.monotonic() - begun < 60


ODD = {'we"b': frozenset({"a<b>"}), "a<b>": frozenset(), "long" * 20: frozenset({'we"b', "a<b>"})}


def test_dot() -> None:
    text = drawing.dot(ODD, dict.fromkeys(ODD, "OS::Nova::Server"))
    assert '"we\\"b" -> "a<b>";' in text
    assert text.startswith("digraph stack {")
    assert text.endswith("}\n")


@pytest.mark.parametrize("graph", [ODD, {}])
def test_svg_is_a_picture_of_all(graph: Any) -> None:
    root = etree.fromstring(drawing.svg(graph, dict.fromkeys(graph, "A & B")).encode())
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}rect")) == len(graph)
    assert len(root.findall(f"{space}path")) == sum(map(len, graph.values()))


def test_svg_puts_what_is_needed_below() -> None:
    places = drawing._places({"web": frozenset({"net"}), "net": frozenset()})
    assert places["net", 0][1] > places["web", 1][1]


TOWER = {"net": frozenset[str](), "port": frozenset({"net"}), "web": frozenset({"net", "port"})}


def test_arrows_pass_beside_boxes() -> None:
    places = drawing._places(TOWER)
    assert abs(places["net", 1][0] - places["port", 1][0]) >= drawing.WIDTH // 2 + drawing.GAP_X


def test_picture_says_what_it_shows() -> None:
    root = etree.fromstring(drawing.svg(TOWER, dict.fromkeys(TOWER, "A")).encode())
    assert root.findtext("{*}desc") == "port needs net; web needs net, port"


def test_everything_needs_everything() -> None:
    names = [f"r{number}" for number in range(400)]
    graph = {name: frozenset(names[:at]) for at, name in enumerate(names)}
    begun = time.monotonic()
    drawing.svg(graph, dict.fromkeys(graph, "A"))
    assert time.monotonic() - begun < 60
