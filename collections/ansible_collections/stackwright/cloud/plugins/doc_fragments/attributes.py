# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description:
      - Can run in C(check_mode) and tell what would change, without changing anything.
    support: full
    details:
      - 'Everything is decided as in a real run: addresses, hosts and errors are those that there would be.'
  diff_mode:
    description:
      - Tells what changed, or would change, in C(diff) mode.
    support: full
  idempotent:
    description:
      - When run twice in a row outside of check mode with the same arguments, the second run changes nothing.
    support: full
"""

    INFO_MODULE = r"""
attributes:
  check_mode:
    description:
      - Can run in C(check_mode) and tell what would change, without changing anything.
    support: full
    details:
      - Changes nothing anyway.
  diff_mode:
    description:
      - Tells what changed, or would change, in C(diff) mode.
    support: N/A
    details:
      - Changes nothing.
  idempotent:
    description:
      - When run twice in a row outside of check mode with the same arguments, the second run changes nothing.
    support: full
requirements:
  - The library stackwright in the Python that runs the module. The role stackwright.cloud.controller puts
    it into C(/opt/stackwright) on the controller.
notes:
  - Runs on the controller, with C(ansible_python_interpreter=/opt/stackwright/bin/python), as the shipped
    inventories have it, and as root.
"""
