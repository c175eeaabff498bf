# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.stackwright.cloud.plugins.plugin_utils._local_files import LocalFilesAction
from ansible_collections.stackwright.cloud.plugins.plugin_utils._progress import Followed


class ActionModule(Followed, LocalFilesAction):
    """The task has a list of resources, each with its options. What has another form is the module's to refuse."""

    module = "stackwright.cloud.resources"

    def bodies(self, args: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Those that are not to go."""
        entries = args.get("resources")
        if args.get("state") == "absent" or not isinstance(entries, list):
            return
        for entry in entries:
            for kind, options in entry.items() if isinstance(entry, dict) else ():
                if isinstance(options, dict) and options.get("state") != "absent":
                    yield kind, options

    def execute(self, args: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """What the module says; if it failed, without the resources: it may have ended before it masked any."""
        told = super().execute(args, task_vars)
        if told.get("failed"):
            told.get("invocation", {}).get("module_args", {}).pop("resources", None)
        return told
