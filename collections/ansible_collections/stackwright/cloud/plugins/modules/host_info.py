#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Look at hosts
version_added: 0.1.0
description:
  - Tells what is known of hosts, as M(stackwright.cloud.host) does, and whether they answer; changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project.unused
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.host
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all hosts
  stackwright.cloud.host_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.hosts | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.host_info:
    name: cloud1
"""

RETURN = r"""
hosts:
  description:
    - The hosts that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 6a3b64c4-98a3-4b8f-a2f5-0c5e43f3dd70
      name: cloud1
      kind: host
      status: active
      uri: qemu+tls://cloud1/system
      availability_zone: nova
      vcpus: 8
      ram: 32000
      disk: 400
      reachable: true
      unreachable: ''
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("host", cloud_wide=True).run()


if __name__ == "__main__":
    main()
