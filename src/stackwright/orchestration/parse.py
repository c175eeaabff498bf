# SPDX-License-Identifier: Apache-2.0
"""YAML and JSON to plain values that remember their lines; within limits, whatever the text says.

Built on the events of the YAML parser, not on its composer: that one recurses, and copies what an alias names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from stackwright.orchestration.problem import TemplateError, kind_of, shown

MAX_BYTES = 4 * 2**20
"""Size of one file."""
MAX_DEPTH = 100
"""Maps and lists inside each other."""
MAX_DIGITS = 100
"""Characters of a number."""
MAX_WEIGHT = 16 * 2**20
"""Values and characters once every alias is written out."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_MERGE = object()
_NO_KEY = object()


class Map(dict[Any, Any]):
    """A map of a template; `lines` has the line of each key."""

    __slots__ = ("lines", "weight")

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[Any, int] = {}
        self.weight = 1


class List(list[Any]):
    """A list of a template; `lines` has the line of each item."""

    __slots__ = ("lines", "weight")

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []
        self.weight = 1


def line_of(container: object, key: Any) -> int:
    """The line where an item of a map or a list stands, or 0 if it is from elsewhere."""
    if isinstance(container, Map):
        return container.lines.get(key, 0)
    return container.lines[key] if isinstance(container, List) else 0


def parse(text: str | bytes, file: str = "") -> Any:
    """The value of a YAML or JSON text. Raises TemplateError with file and line."""
    try:
        return _parse(_decoded(text))
    except TemplateError as error:
        error.inside(file=file)
        raise


def parse_map(text: str | bytes, file: str, what: str) -> Map:
    """The map that `text` must be; an empty text is an empty map."""
    value = parse(text, file)
    if value is None:
        return Map()
    if not isinstance(value, Map):
        raise TemplateError(f"{what} must be a map, and this is {kind_of(value)}", file=file)
    return value


def parse_json(text: str) -> Any:
    """The value of a JSON text, as parameters have it. Raises TemplateError."""
    if len(text) > MAX_BYTES:
        raise TemplateError(f"the JSON text is larger than {MAX_BYTES} bytes")
    try:
        value = json.loads(text)
    except ValueError as error:
        raise TemplateError(f"must be JSON, and is not: {error}") from error
    except RecursionError as error:
        raise _too_deep() from error
    check_depth(value)
    return value


def check_depth(value: Any) -> None:
    """Raise TemplateError if maps and lists are inside each other more often than may be."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [item for items in below for item in items if isinstance(item, dict | list)]
        if not level:
            return
    raise _too_deep()


def _parse(text: str) -> Any:
    try:
        return _from_events(text)
    except yaml.YAMLError as error:
        if text.lstrip().startswith("{"):  # JSON allows what YAML does not: tabs, for one
            try:
                return parse_json(text)
            except TemplateError as wrong:
                raise wrong from error
        raise _yaml_problem(error) from error


def _decoded(text: str | bytes) -> str:
    if len(text) > MAX_BYTES:
        raise TemplateError(f"the file is larger than {MAX_BYTES} bytes")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TemplateError("the file must be text in UTF-8", line=text[: error.start].count(b"\n") + 1) from error


def _from_events(text: str) -> Any:
    loader = _Loader(text)
    try:
        builder = _Builder(loader)
        while loader.check_event():
            event = loader.get_event()
            handle = builder.handlers.get(type(event))
            if handle:
                handle(event)
        return builder.root
    finally:
        loader.dispose()


class _Builder:
    """Puts the values of events into each other."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self.root: Any = None
        self.documents = 0
        self.open: list[Map | List] = []
        self.keys: list[Any] = []
        self.names: list[str | None] = []
        self.starts: list[int] = []
        self.anchors: dict[str, Any] = {}
        self.handlers: Mapping[type, Callable[[Any], None]] = {
            yaml.DocumentStartEvent: self.document,
            yaml.ScalarEvent: self.scalar,
            yaml.AliasEvent: self.alias,
            yaml.MappingStartEvent: self.start_map,
            yaml.SequenceStartEvent: self.start_list,
            yaml.MappingEndEvent: self.end,
            yaml.SequenceEndEvent: self.end,
        }

    def document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise TemplateError("the file must hold one document, and a second one starts here", line=_line(event))

    def scalar(self, event: Any) -> None:
        value = _scalar(self.loader, event)
        if event.anchor:
            self.anchors[event.anchor] = value
        self.put(value, _line(event))

    def alias(self, event: Any) -> None:
        if event.anchor in self.names:
            raise TemplateError(f"*{event.anchor} stands inside what it names", line=_line(event))
        if event.anchor not in self.anchors:
            raise TemplateError(f"*{event.anchor} names nothing that stands before it", line=_line(event))
        self.put(self.anchors[event.anchor], _line(event))

    def start_map(self, event: Any) -> None:
        self.start(Map(), event)

    def start_list(self, event: Any) -> None:
        self.start(List(), event)

    def start(self, container: Map | List, event: Any) -> None:
        if event.tag not in (None, "!", f"{_TAG}map", f"{_TAG}seq"):
            raise _unknown_tag(event)
        if len(self.open) == MAX_DEPTH:
            raise _too_deep(_line(event))
        self.open.append(container)
        self.keys.append(_NO_KEY)
        self.names.append(event.anchor)
        self.starts.append(_line(event))

    def end(self, _event: Any) -> None:
        container, _, name, line = self.open.pop(), self.keys.pop(), self.names.pop(), self.starts.pop()
        if isinstance(container, Map) and _MERGE in container:
            container = _merged(container, line)
        if name:
            self.anchors[name] = container
        self.put(container, line)

    def put(self, value: Any, line: int) -> None:
        if not self.open:
            self.root = value
            return
        container = self.open[-1]
        container.weight += _weight(value)
        if container.weight > MAX_WEIGHT:
            raise TemplateError(
                f"the file grows beyond {MAX_WEIGHT} characters once its aliases are written out", line=line
            )
        if isinstance(container, List):
            container.append(value)
            container.lines.append(line)
        elif self.keys[-1] is _NO_KEY:
            self.keys[-1] = _key(value, line)
            container.lines[self.keys[-1]] = line
        else:
            container[self.keys[-1]] = value
            self.keys[-1] = _NO_KEY


def _scalar(loader: Any, event: Any) -> Any:
    tag = event.tag
    if tag is None or tag == "!":
        if event.style:  # quoted, or a block: text, whatever it looks like
            return event.value
        tag = loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    kind = tag.removeprefix(_TAG)
    if kind in ("str", "timestamp", "value"):  # dates stay text, as versions of templates have to
        return event.value
    if kind == "merge":
        return _MERGE
    if kind not in _CONSTRUCT:
        raise _unknown_tag(event)
    if len(event.value) > MAX_DIGITS:
        raise TemplateError(f"a number may have {MAX_DIGITS} characters; text stands in quotes", line=_line(event))
    try:
        return _CONSTRUCT[kind](loader, yaml.ScalarNode(tag, event.value))
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        raise TemplateError(f"{shown(event.value)} is not a value of the type {kind}", line=_line(event)) from error


_CONSTRUCT: Mapping[str, Callable[[Any, yaml.ScalarNode], Any]] = {
    "null": yaml.SafeLoader.construct_yaml_null,
    "bool": yaml.SafeLoader.construct_yaml_bool,
    "int": yaml.SafeLoader.construct_yaml_int,
    "float": yaml.SafeLoader.construct_yaml_float,
}


def _key(value: Any, line: int) -> Any:
    if isinstance(value, Map | List):
        raise TemplateError(f"a key must be text or a number, and this is {kind_of(value)}", line=line)
    return value


def _merged(container: Map, line: int) -> Map:
    """`<<: *defaults` puts in what the map does not say itself."""
    sources = container.pop(_MERGE)
    line = container.lines.pop(_MERGE, line)
    for source in sources if isinstance(sources, List) else [sources]:
        if not isinstance(source, Map):
            raise TemplateError(f"<< must name a map, and this is {kind_of(source)}", line=line)
        for key, value in source.items():
            if key not in container:
                container[key] = value
                container.lines[key] = source.lines.get(key, line)
    return container


def _weight(value: Any) -> int:
    if isinstance(value, Map | List):
        return value.weight
    return 1 + len(value) if isinstance(value, str) else 1


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _unknown_tag(event: Any) -> TemplateError:
    return TemplateError(f"the tag {shown(event.tag)} is not known in templates", line=_line(event))


def _too_deep(line: int = 0) -> TemplateError:
    return TemplateError(f"maps and lists are nested more than {MAX_DEPTH} deep", line=line)


def _yaml_problem(error: yaml.YAMLError) -> TemplateError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return TemplateError(f"not YAML: {problem}", line=mark.line + 1 if mark else 0)
