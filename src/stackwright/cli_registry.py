# SPDX-License-Identifier: Apache-2.0
"""`stackwright registry`: where the cloud is remembered."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

SAY_EVERY_S = 2.0


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser's subcommands."""
    registry = commands.add_parser("registry", help="see and move what remembers the cloud")
    actions = registry.add_subparsers(required=True, metavar="ACTION")
    info = actions.add_parser("info", parents=[common], help="say which database it is")
    info.set_defaults(run=_info)
    migrate = actions.add_parser("migrate", parents=[common], help="move it to another database")
    migrate.add_argument("url", metavar="URL", help="an empty database; - reads the URL from standard input")
    migrate.add_argument("--check", action="store_true", help="see whether it can be moved, and change nothing")
    migrate.set_defaults(run=_migrate)
    check = actions.add_parser("check", parents=[common], help="see whether a URL may stand in the settings")
    check.add_argument("url", metavar="URL", help="a database; - reads the URL from standard input")
    check.set_defaults(run=_check)
    rotate = actions.add_parser("rotate", parents=[common], help="encrypt its secrets with a new key")
    rotate.set_defaults(run=_rotate)


def _info(options: argparse.Namespace) -> int:
    from stackwright.cloud import Cloud
    from stackwright.registry.migrate import current, newest

    with Cloud.open() as cloud:
        registry = cloud.registry
        resources = registry.read(lambda txn: len(txn.select()))
        found = {
            "database": "SQLite" if registry.is_sqlite else "PostgreSQL",
            "url": str(registry),
            "revision": current(registry),
            "newest_revision": newest(),
            "resources": resources,
        }
    print(json.dumps(found, indent=2) if options.json else "\n".join(f"{key}: {value}" for key, value in found.items()))
    return 0


def _rotate(options: argparse.Namespace) -> int:
    from stackwright.cloud import Cloud
    from stackwright.registry.sealing import rotate

    with Cloud.open() as cloud:
        count = rotate(cloud.registry)
    return _tell(options, True, f"a new key encrypts the secrets of {count} resources; back it up with the registry")


def _check(options: argparse.Namespace) -> int:
    from stackwright.config import Config, settings
    from stackwright.engine.errors import Conflict
    from stackwright.registry.address import checked, same
    from stackwright.registry.database import shown

    url = checked(_given(options.url))
    if settings().exists():
        now = Config.load().registry_url
        if not same(now, url):  # it would start empty, and take its own instances for somebody else's
            raise Conflict(
                f"the registry is at {shown(now)} and not at {shown(url)}; move it there with"
                " playbooks/migrate-registry.yml, or mend the variable stackwright_registry_url"
            )
    return _tell(options, False, f"{shown(url)} may stand in the settings")


def _migrate(options: argparse.Namespace) -> int:
    from stackwright.config import name_registry, settings, watched
    from stackwright.registry import moving
    from stackwright.registry.address import same
    from stackwright.registry.database import Registry

    url = _given(options.url)
    path = settings()
    config, stays = watched(path)
    with closing(Registry(config.registry_url, stays)) as source, closing(moving.open_target(url)) as target:
        if same(source.url, url):
            return _tell(options, False, f"the registry is at {source} already")
        rows = moving.move(source, target, lambda: name_registry(path, url), _now_and_then(), options.check)
        if options.check:
            return _tell(options, True, f"{rows} rows would move from {source} to {target}")
        kept = moving.finish(source, target)
        return _tell(options, True, f"{rows} rows moved to {target}; the old registry is kept: {kept}")


def _given(given: str) -> str:
    from stackwright.engine.errors import InvalidInput
    from stackwright.registry.database import has_password

    if given == "-":
        return sys.stdin.read().strip()
    if has_password(given):
        raise InvalidInput(
            "everybody on this machine can see a password that is an argument; give - and the URL on stdin"
        )
    return given


def _tell(options: argparse.Namespace, changed: bool, words: str) -> int:
    if options.json:
        print(json.dumps({"changed": changed, "message": words}))
    else:
        print(words)
        print("changed" if changed else "unchanged")
    return 0


def _now_and_then() -> Callable[[str], None]:
    """Says a line when the last one was some time ago."""
    last = time.monotonic()

    def say(line: str) -> None:
        nonlocal last
        if time.monotonic() - last > SAY_EVERY_S:
            last = time.monotonic()
            print(line, file=sys.stderr, flush=True)

    return say
