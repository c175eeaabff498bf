# SPDX-License-Identifier: Apache-2.0
"""The graph of a stack as DOT, or as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import accumulate, pairwise

from stackwright.orchestration.graph import ordered

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 240, 48, 28, 56, 20
"""Pixels of a box and between boxes."""
LETTERS, LETTERS_OF_TYPE = 30, 36
"""Of a name and of a type that fit into a box."""
SWEEPS = 3
"""How often the layers are put in order by their neighbours; more change little."""
FAR = 40
"""Layers that an arrow passes beside the boxes; a longer one goes straight, or a huge stack would never be drawn."""

Cell = tuple[str, int]
"""A resource and a layer: on its own layer its box, on those above it the lane of the arrows that lead to it."""


def dot(graph: Mapping[str, frozenset[str]], types: Mapping[str, str]) -> str:
    """The graph in Graphviz' language; an arrow goes from a resource to what it needs."""
    lines = ["digraph stack {", "  rankdir=BT;", "  node [shape=box, fontname=sans];"]
    lines += [f"  {_quoted(name)} [label={_quoted(name, types[name])}];" for name in graph]
    lines += [f"  {_quoted(name)} -> {_quoted(need)};" for name, needs in graph.items() for need in sorted(needs)]
    return "\n".join([*lines, "}"]) + "\n"


def svg(graph: Mapping[str, frozenset[str]], types: Mapping[str, str]) -> str:
    """A picture: what needs nothing at the bottom, everything else above what it needs."""
    level, places = _levels(graph), _places(graph)
    width = max((x + _width(cell, level) // 2 for cell, (x, _) in places.items()), default=0) + MARGIN
    height = max((y for _, y in places.values()), default=0) + HEIGHT + MARGIN
    edges = [_edge(name, need, level, places) for name, needs in graph.items() for need in sorted(needs)]
    boxes = [_box(name, types[name], *places[name, level[name]]) for name in graph]
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" role="img">'
    said = f"<title>{TITLE}</title>\n<desc>{escape(_said(graph))}</desc>"
    return "\n".join([head, said, f"<style>{STYLE}</style>", MARKER, *edges, *boxes, "</svg>"]) + "\n"


TITLE = "Which resource needs which"
STYLE = (
    "rect{fill:#eef3f8;stroke:#4a6785}text{text-anchor:middle;fill:#16202a;font-size:13px}"
    ".type{fill:#5a6b7b;font-size:11px}path{fill:none;stroke:#8a99a8}#tip path{fill:#8a99a8}"
)
MARKER = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z"/></marker></defs>'
)


def _said(graph: Mapping[str, frozenset[str]]) -> str:
    """The picture in words."""
    needs = (f"{name} needs {', '.join(sorted(graph[name]))}" for name in graph if graph[name])
    return "; ".join(needs) or "no resource needs another"


def _quoted(*lines: str) -> str:
    text = "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return f'"{text}"'


# Where everything is


def _levels(graph: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """Each resource one layer above the highest one it needs."""
    level: dict[str, int] = {}
    for name in ordered(graph):
        level[name] = 1 + max((level[need] for need in graph[name]), default=-1)
    return level


def _places(graph: Mapping[str, frozenset[str]]) -> dict[Cell, tuple[int, int]]:
    """The middle of the upper side of every cell."""
    level = _levels(graph)
    below = _below(graph, level)
    layers = _layers(below)
    across = _across(layers, below, level)
    down = [MARGIN + (HEIGHT + GAP_Y) * row for row in range(len(layers))][::-1]
    return {cell: (round(across[cell]), down[cell[1]]) for layer in layers for cell in layer}


def _below(graph: Mapping[str, frozenset[str]], level: Mapping[str, int]) -> dict[Cell, list[Cell]]:
    """Every cell -> those on the next layer down that its arrows lead to."""
    near = {name: [need for need in sorted(graph[name]) if level[name] - level[need] <= FAR] for name in graph}
    top = {need: level[name] for name in sorted(graph, key=level.__getitem__) for need in near[name]}
    found = {(name, level[name]): [(need, level[name] - 1) for need in near[name]] for name in graph}
    for name, highest in top.items():
        found |= {(name, layer): [(name, layer - 1)] for layer in range(level[name] + 1, highest)}
    return found


def _layers(below: Mapping[Cell, Sequence[Cell]]) -> list[list[Cell]]:
    """The cells of each layer from the bottom up, in an order in which few arrows cross."""
    layers: list[list[Cell]] = [[] for _ in range(max((layer for _, layer in below), default=-1) + 1)]
    above: dict[Cell, list[Cell]] = {cell: [] for cell in below}
    for cell, lower in below.items():
        layers[cell[1]].append(cell)
        for other in lower:
            above[other].append(cell)
    for _ in range(SWEEPS):
        _sort(reversed(layers), above)
        _sort(layers, below)
    return layers


def _sort(layers: Iterable[list[Cell]], neighbours: Mapping[Cell, Sequence[Cell]]) -> None:
    """Put each layer after the first in the order of its neighbours on the one before."""
    for before, layer in pairwise(layers):
        place = {cell: index / len(before) for index, cell in enumerate(before)}
        own = {cell: index / len(layer) for index, cell in enumerate(layer)}
        layer.sort(key=lambda cell: _mean([place[other] for other in neighbours[cell]] or [own[cell]]))


def _across(
    layers: Sequence[Sequence[Cell]], below: Mapping[Cell, Sequence[Cell]], level: Mapping[str, int]
) -> dict[Cell, float]:
    """How far to the right the middle of each cell is: above what it needs, as far as its neighbours leave room."""
    found: dict[Cell, float] = {}
    for layer in layers:
        widths = [_width(cell, level) for cell in layer]
        packed = list(accumulate(((left + right) / 2 + GAP_X for left, right in pairwise(widths)), initial=0.0))
        wanted = [
            _mean([found[lower] for lower in below[cell]] or [at]) for cell, at in zip(layer, packed, strict=True)
        ]
        slack = accumulate((want - at for want, at in zip(wanted, packed, strict=True)), max)
        placed = [at + more for at, more in zip(packed, slack, strict=True)]
        shift = _mean([want - at for want, at in zip(wanted, placed, strict=True)])
        found |= {cell: at + shift for cell, at in zip(layer, placed, strict=True)}
    left = min((at - _width(cell, level) / 2 for cell, at in found.items()), default=0.0) - MARGIN
    return {cell: at - left for cell, at in found.items()}


def _width(cell: Cell, level: Mapping[str, int]) -> int:
    """A lane is as wide as its line."""
    return WIDTH if level[cell[0]] == cell[1] else 0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


# What is drawn


def _box(name: str, kind: str, middle: int, y: int) -> str:
    return (
        f'<rect x="{middle - WIDTH // 2}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{middle}" y="{y + 20}">{_label(name, LETTERS)}</text>'
        f'<text class="type" x="{middle}" y="{y + 37}">{_label(kind, LETTERS_OF_TYPE)}</text>'
    )


def _label(text: str, letters: int) -> str:
    return escape(text if len(text) <= letters else f"{text[: letters - 1]}…")


def _edge(name: str, need: str, level: Mapping[str, int], places: Mapping[Cell, tuple[int, int]]) -> str:
    """An arrow from a box down to another one, on layers in between through the lane that leads there."""
    x, y = places[name, level[name]]
    path = f"M{x} {y + HEIGHT}"
    first = level[name] - 1 if level[name] - level[need] <= FAR else level[need]
    for layer in range(first, level[need] - 1, -1):
        bend = y + HEIGHT + GAP_Y // 2
        lower, y = places[need, layer]
        path += f"C{x} {bend} {lower} {bend} {lower} {y}"
        path += f"V{y + HEIGHT}" if layer > level[need] else ""
        x = lower
    return f'<path marker-end="url(#tip)" d="{path}"/>'
