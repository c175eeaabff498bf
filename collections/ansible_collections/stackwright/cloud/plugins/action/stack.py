# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.stackwright.cloud.plugins.plugin_utils._progress import Followed
from ansible_collections.stackwright.cloud.plugins.plugin_utils._stack_files import StackFilesAction


class ActionModule(Followed, StackFilesAction):
    """A template is read where it is declared; the other states say what shall become of what was."""

    module = "stackwright.cloud.stack"

    def needs_files(self, args: dict[str, Any]) -> bool:
        """Whether it is declared."""
        return super().needs_files(args) and args.get("state", "present") == "present"
