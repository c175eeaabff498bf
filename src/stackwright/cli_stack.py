# SPDX-License-Identifier: Apache-2.0
"""`stackwright stack`: looks at templates, offline."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from stackwright.orchestration.interfaces import ResourceTypes
    from stackwright.orchestration.stack import Source
    from stackwright.orchestration.validate import Validation


def add_to(commands: Any) -> None:
    """Add the command to the parser's subcommands."""
    stack = commands.add_parser("stack", help="look at templates of stacks, without a cloud")
    actions = stack.add_subparsers(required=True, metavar="ACTION")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("file", metavar="FILE", help="a HOT template")
    common.add_argument("-e", "--environment", metavar="ENV", action="append", default=[], help="an environment file")
    common.add_argument("-P", "--parameter", metavar="KEY=VALUE", action="append", default=[], help="a parameter")
    common.add_argument("--json", action="store_true", help="write JSON")
    validate = actions.add_parser("validate", parents=[common], help="say what is wrong; exit code 1 if anything is")
    validate.set_defaults(run=_validate)
    preview = actions.add_parser("preview", parents=[common], help="show every resource with its properties")
    preview.set_defaults(run=_preview)
    graph = actions.add_parser("graph", parents=[common], help="draw which resource needs which")
    graph.add_argument("--format", choices=("dot", "svg"), default="dot", help="%(default)s if not given")
    graph.set_defaults(run=_graph)


def _validate(options: argparse.Namespace) -> int:
    from stackwright.orchestration.problem import TemplateError
    from stackwright.orchestration.validate import findings

    validation = _validation()
    needed: list[str] = []
    try:
        source = _source(options)
        needed = list(validation.stack(source.template, source.environment).needed)
    except TemplateError as error:
        validation.errors.append(error)
    if options.json:
        print(json.dumps(findings(validation.errors, validation.missing, needed), indent=2))
    else:
        _tell(options.file, validation, needed)
    return 1 if validation.errors or validation.missing else 0


def _preview(options: argparse.Namespace) -> int:
    from stackwright.orchestration.offline import preview
    from stackwright.orchestration.stack import check

    source = _source(options)
    check(source, _validation())
    found = preview(source)
    if options.json:
        print(json.dumps({"resources": found.resources, "outputs": found.outputs}, indent=2))
        return 0
    for item in found.resources:
        given = {name: value for name, value in item["properties"].items() if value not in (None, "", [], {})}
        print(_written({item["path"]: {"type": item["type"], "properties": given}}), end="")
    if found.outputs:
        print(_written({"outputs": dict(found.outputs)}), end="")
    return 0


def _written(data: Any) -> str:
    import yaml

    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000)


def _graph(options: argparse.Namespace) -> int:
    from stackwright.orchestration import drawing, graph

    source = _source(options)
    found = graph.dependencies(_validation().context(source.template, source.environment))
    if options.json:
        print(json.dumps({name: sorted(needs) for name, needs in found.items()}, indent=2))
        return 0
    types = {name: source.template.resources[name].type for name in found}
    print(getattr(drawing, options.format)(found, types), end="")
    return 0


def _validation() -> Validation:
    from importlib import import_module

    from stackwright.orchestration.files import LocalFiles
    from stackwright.orchestration.validate import Validation

    types = cast("ResourceTypes", import_module("stackwright.orchestration.types"))
    return Validation(types, LocalFiles())


def _source(options: argparse.Namespace) -> Source:
    from stackwright.orchestration.files import LocalFiles
    from stackwright.orchestration.stack import Source

    return Source.of(LocalFiles(), options.file, options.environment, _parameters(options.parameter))


def _parameters(given: list[str]) -> dict[str, str]:
    from stackwright.engine.errors import InvalidInput

    found = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise InvalidInput(f"a parameter is given as KEY=VALUE, and {item} is not")
        found[name] = value
    return found


def _tell(file: str, validation: Validation, needed: list[str]) -> None:
    from stackwright.orchestration.stack import unsupported

    for error in validation.errors:
        print(f"stackwright: {error}", file=sys.stderr)
    if validation.missing:
        print(f"stackwright: {file}: {unsupported(validation.missing)}", file=sys.stderr)
    if not validation.errors and not validation.missing:
        print(f"{file}: valid" + (f"; to be given: {', '.join(needed)}" if needed else ""))
