#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_snapshot_info
short_description: Look at snapshots of stacks
version_added: 0.1.0
description:
  - Tells what is known of the snapshots of a project, and changes nothing. What their stacks were declared with is not
    shown, as there may be secrets in it.
options:
  stack:
    description:
      - Only those of the stack with this name.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.stack_snapshot
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all snapshots
  stackwright.cloud.stack_snapshot_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.stack_snapshots | map(attribute='name') }}"

- name: Look at those of one stack
  stackwright.cloud.stack_snapshot_info:
    stack: example
"""

RETURN = r"""
stack_snapshots:
  description:
    - The snapshots that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 5f1c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7
      name: example-before
      kind: stack_snapshot
      status: active
      project: default
      stack: example
      at: '2026-01-01T12:00:00+00:00'
      resources:
        - path: web
          id: 8a3f4d8e-4b6e-4a55-9f43-58bd1b0b3b34
          name: example-before-web
          instance: 2f6c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7
          size: 196616
          status: active
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._stack_snapshot import StackSnapshotInfoModule


def main():
    StackSnapshotInfoModule().run()


if __name__ == "__main__":
    main()
