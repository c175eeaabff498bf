# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    UNUSED = r"""
options:
  project:
    description:
      - Has no effect, since this belongs to no project. It is accepted so that C(module_defaults) can set
        it for all modules.
    type: str
    default: default
"""

    DOCUMENTATION = r"""
options:
  project:
    description:
      - Name of the project.
    type: str
    default: default
"""
