# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.stackwright.cloud.plugins.plugin_utils._stack_files import StackFilesAction


class ActionModule(StackFilesAction):
    """The template is read here, and validated on the controller."""

    module = "stackwright.cloud.stack_validate"
