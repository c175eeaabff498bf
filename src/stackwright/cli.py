# SPDX-License-Identifier: Apache-2.0
"""`stackwright`: for scripts, and for looking. Thin; the library is imported once it is known what is asked."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stackwright import cli_backup, cli_hook, cli_registry, cli_stack

if TYPE_CHECKING:
    from stackwright.cloud import Cloud

DIFFERS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 1 after an error, 2 where drift was found."""
    from stackwright.engine.errors import StackwrightError

    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except StackwrightError as error:
        return _failed(str(error))
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _failed("interrupted")
    except Exception as error:
        return _failed(f"unexpected {type(error).__name__} ({error}); please report it")
    return code


def _failed(words: str) -> int:
    print(f"stackwright: {words}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stackwright", description="Look at this controller's cloud.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="write JSON")
    in_project = argparse.ArgumentParser(add_help=False)
    in_project.add_argument("--project", default="default", help="name of the project (%(default)s)")

    _add_looking(commands, common, in_project)
    _add_upkeep(commands, common, in_project)
    cli_registry.add_to(commands, common)
    cli_stack.add_to(commands)
    cli_hook.add_to(commands, common, in_project)
    cli_backup.add_to(commands)
    return parser


def _add_looking(commands: Any, common: argparse.ArgumentParser, in_project: argparse.ArgumentParser) -> None:
    listing = commands.add_parser("list", parents=[common, in_project], help="list the resources of a kind")
    listing.add_argument("kind", metavar="KIND", help="network, instance, ...")
    listing.set_defaults(run=_list)
    show = commands.add_parser("show", parents=[common, in_project], help="show one resource")
    show.add_argument("kind", metavar="KIND")
    show.add_argument("name", metavar="NAME", help="its name or id")
    show.set_defaults(run=_show)
    inventory = commands.add_parser("inventory", parents=[common], help="list the instances as hosts of a playbook")
    inventory.add_argument("--project", default="", help="only those of this project")
    inventory.set_defaults(run=_inventory)
    events = commands.add_parser("events", parents=[common], help="show what happened, the latest last")
    events.add_argument("--limit", type=int, default=20, help="how many (%(default)s)")
    events.add_argument("--project", default="", help="only those of this project")
    events.set_defaults(run=_events)
    console = commands.add_parser(
        "console", parents=[common, in_project], help="show what an instance wrote on its console"
    )
    console.add_argument("name", metavar="INSTANCE", help="its name or id")
    console.add_argument("--lines", type=int, default=100, help="how many of the last lines (%(default)s)")
    console.set_defaults(run=_console)


def _add_upkeep(commands: Any, common: argparse.ArgumentParser, in_project: argparse.ArgumentParser) -> None:
    init = commands.add_parser("init", parents=[common], help="bring the registry to this version")
    init.set_defaults(run=_init)
    drift = commands.add_parser(
        "drift", parents=[common], help=f"show what differs; exit code {DIFFERS} if anything does"
    )
    drift.add_argument("--project", default="", help="only what belongs to this project")
    drift.set_defaults(run=_drift)
    purge = commands.add_parser("purge", parents=[common], help="remove orphans: what is ours and was never declared")
    purge.set_defaults(run=_purge)
    due = commands.add_parser("converge", parents=[common], help="carry out what was left for later")
    due.add_argument(
        "--due",
        action="store_true",
        required=True,
        help="remove the stacks whose time is over, and once an hour unused copies of images",
    )
    due.set_defaults(run=_due)
    cancel = commands.add_parser("cancel", parents=[common, in_project], help="ask a run to stop")
    cancel.add_argument("name", metavar="STACK|RUN", help="what it is at work on, or the run's id")
    cancel.set_defaults(run=_cancel)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"stackwright {version('stackwright')}")
        parser.exit()


def _open() -> Cloud:
    from stackwright.cloud import Cloud

    return Cloud.open(say=_say, say_transfer=_say)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _init(options: argparse.Namespace) -> int:
    with _open() as cloud:
        changed = cloud.initialise()
    print(json.dumps({"changed": changed}) if options.json else "changed" if changed else "unchanged")
    return 0


def _list(options: argparse.Namespace) -> int:
    with _open() as cloud:
        found = cloud.tell(options.kind, project=options.project)
        columns = cloud.rules.kinds[options.kind].columns
    if options.json:
        return _json(found)
    _table(("name", "status", *columns), found)
    return 0


def _show(options: argparse.Namespace) -> int:
    from stackwright.present import text

    with _open() as cloud:
        found = _one(options.kind, options.name, cloud.tell(options.kind, options.name, options.project))
    if options.json:
        return _json(found)
    print(text(found), end="")
    return 0


def _one(kind: str, name: str, found: Sequence[Any]) -> Any:
    from stackwright.engine.errors import InvalidInput, NotFound

    if not found:
        raise NotFound(f"{kind} {name} does not exist; `stackwright list {kind}` shows those that do")
    if len(found) > 1:
        ids = ", ".join(item["id"] for item in found)
        raise InvalidInput(f"{kind} {name} means more than one; give one of the ids: {ids}")
    return found[0]


def _inventory(options: argparse.Namespace) -> int:
    from stackwright.inventory import instances

    with _open() as cloud:
        found = instances(cloud, options.project)
    if options.json:
        return _json(found)
    _table(("name", "project", "stack", "power_state", "addresses"), found)
    return 0


def _events(options: argparse.Namespace) -> int:
    from stackwright.present import happened

    with _open() as cloud:
        events = happened(cloud.events(options.limit, project=options.project), cloud.find("project"))
    if options.json:
        return _json(events)
    _table(("at", "actor", "project", "action", "kind", "name", "message"), events)
    return 0


def _drift(options: argparse.Namespace) -> int:
    from stackwright.present import drifted

    with _open() as cloud:
        found = drifted(cloud.drift())
    found["drift"] = [item for item in found["drift"] if options.project in ("", item["project"])]
    if options.json:
        _json(found)
    else:
        _tell_drift(found)
    return DIFFERS if found["drift"] or found["orphans"] else 0


def _purge(options: argparse.Namespace) -> int:
    from stackwright.cloud import local_actor
    from stackwright.present import drifted

    with _open() as cloud:
        purged = cloud.purge(local_actor())
    orphans = drifted(purged)["orphans"]
    if options.json:
        _json({"orphans": orphans, "errors": purged.warnings})
    else:
        _tell_orphans(orphans)
    return _failed("; ".join(purged.warnings)) if purged.warnings else 0


def _due(options: argparse.Namespace) -> int:
    from stackwright import copies
    from stackwright.stacks import expire

    with _open() as cloud:
        found = {**expire(cloud), **copies.due(cloud)}
    if options.json:
        _json(found)
    else:
        for title in [title for title, error in found.items() if not error]:
            print(f"removed: {title}")
    failed = [f"{title} stays: {error}" for title, error in found.items() if error]
    return _failed("; ".join(failed)) if failed else 0


def _tell_drift(found: Mapping[str, Any]) -> None:
    for item in found["drift"]:
        print(f"{item['kind']} {item['name']}: {item['error'] or 'differs'}")
        for change in item["changes"]:
            fields = ", ".join(change["differences"])
            where = f" on {change['place']}" if change["place"] else ""
            print(f"  {change['action']} {change['object']} {change['name']}{where}{f': {fields}' if fields else ''}")
    _tell_orphans(found["orphans"])


def _tell_orphans(orphans: Iterable[Mapping[str, Any]]) -> None:
    for item in orphans:
        where = f" on {item['place']}" if item["place"] else ""
        print(f"orphan: {item['object']} {item['name']}{where}")


def _console(options: argparse.Namespace) -> int:
    with _open() as cloud:
        rows = cloud.find("instance", options.name, options.project)
        _one("instance", options.name, [{"id": row.id} for row in rows])
        written = cloud.console(rows[0], options.lines)
    if options.json:
        return _json({"console": written})
    print(written)
    return 0


def _cancel(options: argparse.Namespace) -> int:
    from stackwright.cloud import local_actor

    with _open() as cloud:
        purpose = cloud.cancel(options.name, options.project, local_actor())
    if options.json:
        return _json({"changed": bool(purpose), "run": purpose})
    print(f"{purpose} is asked to stop" if purpose else f"nobody is at work on stack {options.name}")
    return 0


def _json(data: Any) -> int:
    print(json.dumps(data, indent=2))
    return 0


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """A table where a person looks; lines with tabs between the values for everything else."""
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    if not sys.stdout.isatty():
        for line in cells:
            print("\t".join(line))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, header_style="bold")
    for line in cells:
        table.add_row(*map(Text, line))
    Console().print(table)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if isinstance(value, dict):
        addresses = [value[key] for key in ("ip_address", "floating_ip_address") if value.get(key)]
        return " / ".join(addresses) or json.dumps(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
