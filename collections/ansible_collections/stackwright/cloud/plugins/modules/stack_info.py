#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_info
short_description: Look at stacks
version_added: 0.1.0
description:
  - Tells what is known of the stacks of a project, and changes nothing. Parameters and outputs that are secret are not
    shown; M(stackwright.cloud.stack) returns the outputs as they are.
options:
  tags:
    description:
      - Only stacks that have all of these tags.
    type: list
    elements: str
    default: []
  export:
    description:
      - Whether to tell also what is needed to declare each of them again, as C(export).
      - "C(template), C(files), C(environments) and C(parameters) are what it was declared with, without the values of
        hidden parameters: these have C(null) in the files, and are named in C(hidden). C(resources) has by path the
        type, kind, id and name of what it consists of."
    type: bool
    default: false
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.stack
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all stacks
  stackwright.cloud.stack_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.stacks | map(attribute='name') }}"

- name: Look at those of the builds
  stackwright.cloud.stack_info:
    tags: [ci]

- name: Have what is needed to declare one elsewhere
  stackwright.cloud.stack_info:
    name: example
    export: true
"""

RETURN = r"""
stacks:
  description:
    - The stacks that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 3f1c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7
      name: example
      kind: stack
      status: active
      project: default
      description: A network
      tags: [ci]
      suspended: false
      expires_at: '2026-01-01T12:00:00+00:00'
      parameters:
        cidr: 10.77.0.0/24
      outputs:
        greeting: Hello from 10.77.0.0/24
        key: (hidden)
      resources:
        - path: network
          type: OS::Neutron::Net
          kind: network
          id: 7a1c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7
          name: example-network-0f2b6f5e
          status: active
          message: ''
          host: ''
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._stack import StackInfoModule


def main():
    StackInfoModule().run()


if __name__ == "__main__":
    main()
