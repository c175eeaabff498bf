# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.stackwright.cloud.plugins.plugin_utils._local_files import LocalFilesAction


class ActionModule(LocalFilesAction):
    """The task's own options are those of the one resource."""

    module = "stackwright.cloud.keypair"

    def bodies(self, args: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The one, unless it is to go."""
        if args.get("state", "present") == "present":
            yield "keypair", args
