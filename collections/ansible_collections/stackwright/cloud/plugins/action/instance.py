# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.stackwright.cloud.plugins.plugin_utils._local_files import LocalFilesAction
from ansible_collections.stackwright.cloud.plugins.plugin_utils._progress import Followed


class ActionModule(Followed, LocalFilesAction):
    """Nothing of it is here; its image may take long on the way to a host."""

    module = "stackwright.cloud.instance"

    def bodies(self, args: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """None."""
        yield from ()
