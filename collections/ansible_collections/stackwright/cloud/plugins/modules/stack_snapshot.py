#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_snapshot
short_description: Keep a snapshot of a stack
version_added: 0.1.0
description:
  - A snapshot is what a stack was declared with, and an image of the root disk of each of its instances. The stack can
    be made again what it was then, also when it is gone.
  - It is taken once. Declared again it stays as it is.
  - An instance that runs is paused while its disk is read. Its image then is as after a power cut; suspend the stack
    before to have everything on the disks.
options:
  name:
    description:
      - Name of the snapshot, by which it is found again.
    type: str
    required: true
  state:
    description:
      - V(present) takes the snapshot, if it is not there.
      - V(absent) removes it with its images. It stays as long as an instance starts from one of these.
      - V(restored) declares the stack again with what it was declared with then, and makes the root disks of its
        instances anew, each time.
    type: str
    choices:
      - present
      - absent
      - restored
    default: present
  stack:
    description:
      - Name of the stack. Needed for O(state=present).
    type: str
  allow_loss_of:
    description:
      - For O(state=restored) the names of all instances that the stack has now, as what is on their disks is lost.
        Without them nothing is touched.
extends_documentation_fragment:
  - stackwright.cloud.request
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.stack_snapshot_info
  - module: stackwright.cloud.stack
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a stack
  stackwright.cloud.stack:
    name: example
    template: examples/stacks/hello.yaml

- name: Keep it as it is
  stackwright.cloud.stack_snapshot:
    name: example-before
    stack: example

- name: Remove the stack
  stackwright.cloud.stack:
    name: example
    state: absent

- name: Have it back
  stackwright.cloud.stack_snapshot:
    name: example-before
    state: restored

- name: Remove the snapshot
  stackwright.cloud.stack_snapshot:
    name: example-before
    state: absent

- name: Remove the stack again
  stackwright.cloud.stack:
    name: example
    state: absent
"""

RETURN = r"""
action:
  description:
    - What was done, or in check mode would be; with O(state=restored), to the stack.
  returned: success
  type: str
  sample: created
resource:
  description:
    - The snapshot; with O(state=restored), the stack. Nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 5f1c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7
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
outputs:
  description:
    - The outputs of the stack, with their real values.
  returned: when O(state=restored)
  type: dict
  sample: {}
changes:
  description:
    - The resources of the stack that changed, or in check mode would change.
  returned: when O(state=restored)
  type: list
  elements: dict
  sample:
    - path: web
      type: OS::Nova::Server
      action: updated
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._stack_snapshot import StackSnapshotModule


def main():
    StackSnapshotModule().run()


if __name__ == "__main__":
    main()
