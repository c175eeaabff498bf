#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_event_info
short_description: Look at what happened to a stack
version_added: 0.1.0
description:
  - Tells the latest events of a stack and of everything that it owns, oldest first. They outlive the stack.
options:
  stack:
    description:
      - Name or id of the stack. Where none is there, the last one that had this name.
    type: str
    required: true
  limit:
    description:
      - How many events at most.
    type: int
    default: 100
  after:
    description:
      - Only events with a higher number than this.
    type: int
    default: 0
extends_documentation_fragment:
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.stack
  - module: stackwright.cloud.event_info
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a stack for a moment
  stackwright.cloud.stack:
    name: example
    template: examples/stacks/hello.yaml
    state: "{{ item }}"
  loop: [present, absent]

- name: Look at what happened to it
  stackwright.cloud.stack_event_info:
    stack: example
    limit: 20
"""

RETURN = r"""
events:
  description:
    - The events. C(path) is where the resource is in the stack; it is empty for the stack itself.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 42
      at: '2026-01-01T12:00:00+00:00'
      actor: admin
      project: default
      resource: 7a1c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7
      kind: network
      name: example-network-0f2b6f5e
      action: created
      message: ''
      owner: 3f1c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7
      path: network
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._stack import StackEventModule


def main():
    StackEventModule().run()


if __name__ == "__main__":
    main()
