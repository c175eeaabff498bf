# SPDX-License-Identifier: Apache-2.0
"""The graph of a stack as DOT, or as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import pairwise

from stackwright.orchestration.graph import ordered

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 220, 48, 28, 56, 20
"""Pixels of a box and between boxes."""
LETTERS = 30
"""Of a name that fit into a box."""


def dot(graph: Mapping[str, frozenset[str]], types: Mapping[str, str]) -> str:
    """The graph in Graphviz' language; an arrow goes from a resource to what it needs."""
    lines = ["digraph stack {", "  rankdir=BT;", "  node [shape=box, fontname=sans];"]
    lines += [f"  {_quoted(name)} [label={_quoted(name, types[name])}];" for name in graph]
    lines += [f"  {_quoted(name)} -> {_quoted(need)};" for name, needs in graph.items() for need in sorted(needs)]
    return "\n".join([*lines, "}"]) + "\n"


def svg(graph: Mapping[str, frozenset[str]], types: Mapping[str, str]) -> str:
    """A picture: what needs nothing at the bottom, everything else above what it needs."""
    places = _places(graph)
    width = max((x for x, _ in places.values()), default=0) + WIDTH + MARGIN
    height = max((y for _, y in places.values()), default=0) + HEIGHT + MARGIN
    edges = [_edge(places[name], places[need]) for name, needs in graph.items() for need in sorted(needs)]
    boxes = [_box(name, types[name], *places[name]) for name in graph]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif">'
    return "\n".join([head, f"<style>{STYLE}</style>", MARKER, *edges, *boxes, "</svg>"]) + "\n"


STYLE = (
    "rect{fill:#eef3f8;stroke:#4a6785}text{text-anchor:middle;fill:#16202a;font-size:13px}"
    ".type{fill:#5a6b7b;font-size:11px}path{fill:none;stroke:#8a99a8}#tip path{fill:#8a99a8}"
)
MARKER = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z"/></marker></defs>'
)


def _quoted(*lines: str) -> str:
    text = "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return f'"{text}"'


def _layers(graph: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Each resource one layer above the highest one it needs."""
    level: dict[str, int] = {}
    for name in ordered(graph):
        level[name] = 1 + max((level[need] for need in graph[name]), default=-1)
    layers: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for name in graph:
        layers[level[name]].append(name)
    for below, layer in pairwise(layers):
        place = {name: index for index, name in enumerate(below)}
        layer.sort(key=lambda name: _middle([place[need] for need in graph[name] if need in place]))
    return layers


def _middle(places: list[int]) -> float:
    return sum(places) / len(places) if places else 0.0


def _places(graph: Mapping[str, frozenset[str]]) -> dict[str, tuple[int, int]]:
    """The upper left corner of each box."""
    layers = _layers(graph)
    widest = max(map(len, layers), default=0)
    return {
        name: (
            MARGIN + (WIDTH + GAP_X) * column + (WIDTH + GAP_X) * (widest - len(layer)) // 2,
            MARGIN + (HEIGHT + GAP_Y) * row,
        )
        for row, layer in enumerate(reversed(layers))
        for column, name in enumerate(layer)
    }


def _box(name: str, kind: str, x: int, y: int) -> str:
    middle = x + WIDTH // 2
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{middle}" y="{y + 20}">{_label(name)}</text>'
        f'<text class="type" x="{middle}" y="{y + 37}">{_label(kind)}</text>'
    )


def _label(text: str) -> str:
    return escape(text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…")


def _edge(upper: tuple[int, int], lower: tuple[int, int]) -> str:
    x1, y1 = upper[0] + WIDTH // 2, upper[1] + HEIGHT
    x2, y2 = lower[0] + WIDTH // 2, lower[1]
    bend = GAP_Y // 2
    return f'<path marker-end="url(#tip)" d="M{x1} {y1}C{x1} {y1 + bend} {x2} {y2 - bend} {x2} {y2}"/>'
