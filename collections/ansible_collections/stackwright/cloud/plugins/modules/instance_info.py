#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: instance_info
short_description: Look at instances
version_added: 0.1.0
description:
  - Tells what is known of the instances of a project, as M(stackwright.cloud.instance) does, and changes nothing.
  - 'The power state is that of the moment: V(running), V(paused), V(stopped), V(lost) (it went down without
    being asked to), V(shelved), V(missing) (its host does not know it) or V(unknown) (its host does not answer).'
  - While a resize waits to be confirmed or reverted, C(resize) is V(trial), C(flavor_before)
    says what it would return to, and C(claimed) what is kept for both.
options:
  console_lines:
    description:
      - How many of the last lines of the serial console to return as C(console); 0 for none.
      - Of an instance that is shelved or whose host does not answer, it is empty, and a warning says why;
        if O(name) is given, the task fails.
    type: int
    default: 0
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.instance
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all instances
  stackwright.cloud.instance_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.instances | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.instance_info:
    name: web1
    console_lines: 20
"""

RETURN = r"""
instances:
  description:
    - The instances that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 3f1c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7
      name: example
      kind: instance
      status: active
      project: default
      host: cloud1
      pinned: false
      image: guest
      flavor: m1.tiny
      keypair: first-cloud
      addresses:
        - network: private
          ip_address: 10.10.0.7
          floating_ip_address: 172.24.4.53
          mac_address: fa:16:3e:7a:8b:9c
      vcpus: 1
      ram: 512
      root_gib: 1
      ephemeral_gib: 0
      power_state: running
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("instance", {"console_lines": {"type": "int", "default": 0}}).run()


if __name__ == "__main__":
    main()
