# SPDX-License-Identifier: Apache-2.0
"""`stackwright hook`: where stacks wait, and letting them go on."""

from __future__ import annotations

import argparse
import json
from typing import Any, get_args

from stackwright.engine.hooks import When


def add_to(commands: Any, common: argparse.ArgumentParser, in_project: argparse.ArgumentParser) -> None:
    """Add the command to the parser's subcommands."""
    hook = commands.add_parser("hook", help="see where a stack waits, and let it go on")
    actions = hook.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", parents=[common, in_project], help="show the hooks that a stack waits at")
    listing.add_argument("stack", metavar="STACK", help="its name or id")
    listing.set_defaults(run=_list)
    clear = actions.add_parser("clear", parents=[common, in_project], help="let a stack go on")
    clear.add_argument("stack", metavar="STACK", help="its name or id")
    clear.add_argument("resource", metavar="RESOURCE", help="by its path in the stack: web, or group/0")
    clear.add_argument("when", metavar="HOOK", nargs="?", default="", choices=("", *get_args(When)), help="one of them")
    clear.set_defaults(run=_clear)


def _list(options: argparse.Namespace) -> int:
    from stackwright.cloud import Cloud
    from stackwright.hooks import waiting
    from stackwright.stacks import find

    with Cloud.open() as cloud:
        found = waiting(cloud, find(cloud, options.stack, options.project))
    for item in [] if options.json else found:
        print(f"{item['resource']}\t{item['hook']}")
    if options.json:
        print(json.dumps(found, indent=2))
    return 0


def _clear(options: argparse.Namespace) -> int:
    from stackwright.cloud import Cloud, local_actor
    from stackwright.hooks import clear
    from stackwright.stacks import find

    with Cloud.open() as cloud:
        cloud.rules.policy(local_actor(), "clear", "stack", options.project)
        stack = find(cloud, options.stack, options.project)
        found = clear(cloud, stack, options.resource, options.when)
    print(json.dumps({"changed": True, "hooks": found}) if options.json else f"cleared {', '.join(found)}")
    return 0
