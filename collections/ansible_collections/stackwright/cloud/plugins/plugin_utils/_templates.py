# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.
"""The files that a stack's template names, so that they can be brought to the controller.

What a template means, the library knows: here is only found what may be a name of a file. What is named and is not
there is left out; the library says which file that is, and where it is named.
"""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

import yaml

MAX_BYTES = 2**20
"""Size of one file."""
MAX_FILES = 1000
"""Of one stack."""
MAX_DEPTH = 100
"""Maps and lists inside each other: the library takes no more either."""
TEMPLATES = (".yaml", ".template")
WORDS = ("base_url", "hooks", "restricted_actions")
"""Keys of a resource_registry that name no file."""
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Named:
    """A file that is named. near: the file whose place its own names start from. role: what is looked for in it."""

    location: str
    near: str
    role: str


def collected(template: str, environments: Sequence[str], read: Callable[[str], bytes | None]) -> dict[str, str]:
    """Location -> text of a template, of its environments, of every file that they name; base64 of what is no text.

    Locations are relative to the template's folder, or URLs. read: gives a file's content by its location, None if it
    is not there. Raises ValueError for a file that is too large, or for too many.
    """
    files: dict[str, str] = {}
    seen: set[Named] = set()
    todo = [Named(template, template, "template"), *(Named(name, name, "environment") for name in environments)]
    while todo:
        item = todo.pop()
        content = None if item in seen else read(item.location)
        seen.add(item)
        if content is None:
            continue
        if len(content) > MAX_BYTES:
            raise ValueError(f"{item.location} is larger than {MAX_BYTES} bytes; a stack is made of smaller files")
        files[item.location] = _text(content)
        if len(files) > MAX_FILES:
            raise ValueError(f"{template} leads to more than {MAX_FILES} files; name fewer")
        todo += _named(item, content)
    return files


def location(near: str, name: str) -> str:
    """Where a file is that the file `near` calls `name`."""
    if is_url(near) or is_url(name):
        return urljoin(near, name)
    return posixpath.normpath(posixpath.join(posixpath.dirname(_path(near)), _path(name)))


def _path(name: str) -> str:
    return unquote(urlsplit(name).path) if name.startswith("file:") else name


def is_url(name: str) -> bool:
    return urlsplit(name).scheme in ("http", "https")


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


def _named(item: Named, content: bytes) -> Iterator[Named]:
    """What a file names. What comes from the network does not name files of this machine."""
    find = {"template": _in_template, "environment": _in_environment, "file": _in_file}[item.role]
    for found in find(item, content):
        if is_url(found.location) or not is_url(item.near):
            yield found


def _in_template(item: Named, content: bytes) -> Iterator[Named]:
    for path, value in leaves(content):
        if path[-1:] == ("get_file",):
            yield Named(location(item.near, value), item.near, "file")
        elif value.endswith(TEMPLATES) and (path[-1:] == ("type",) or _in_chain(path)):
            place = location(item.near, value)
            yield Named(place, place, "template")


def _in_chain(path: Path) -> bool:
    """An item of the list of types that an OS::Heat::ResourceChain has."""
    return len(path) > 1 and path[-2] == "resources" and isinstance(path[-1], int)


def _in_file(item: Named, content: bytes) -> Iterator[Named]:
    """An OS::Heat::Stack may be given a template by get_file; its names start where that one's do."""
    if b"heat_template_version" in content:
        yield from _in_template(item, content)


def _in_environment(item: Named, content: bytes) -> Iterator[Named]:
    found = [(path[1:], value) for path, value in leaves(content) if path[:1] == ("resource_registry",)]
    bases = [value for path, value in found if path == ("base_url",) and value]
    near = f"{bases[0].rstrip('/')}/" if bases else item.near
    for path, value in found:
        if not set(WORDS).isdisjoint(path) or not value or ("::" in value and not value.endswith(TEMPLATES)):
            continue
        place = location(near, value)
        yield Named(place, place, "template")


def leaves(content: bytes) -> Iterator[tuple[Path, str]]:
    """Path and text of every scalar of a YAML or JSON document; nothing after a mistake, which the library explains.

    Read from the parser's events: nothing is built, so aliases cost nothing.
    """
    try:
        text = content.decode("utf-8-sig")
        yield from _leaves(Loader(text.replace("\t", " ") if text.lstrip().startswith("{") else text))
    except (UnicodeDecodeError, yaml.YAMLError):
        return


def _leaves(loader) -> Iterator[tuple[Path, str]]:
    path: list[str | int | None] = []
    anchors: dict[str, str] = {}
    while len(path) <= MAX_DEPTH and loader.check_event():
        event = loader.get_event()
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            path.pop()
            _step(path)
            continue
        if isinstance(event, yaml.MappingStartEvent):
            path.append(None)
        elif isinstance(event, yaml.SequenceStartEvent):
            path.append(0)
        elif isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
            value = anchors.get(event.anchor, "") if isinstance(event, yaml.AliasEvent) else event.value
            if event.anchor:
                anchors[event.anchor] = value
            if path and path[-1] is None:
                path[-1] = value
                continue
            yield tuple(step for step in path if step is not None), value
            _step(path)


def _step(path: list[str | int | None]) -> None:
    """After a value comes the next item of a list, or the next key of a map."""
    if path:
        path[-1] = path[-1] + 1 if isinstance(path[-1], int) else None
