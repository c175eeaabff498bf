#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: flavor_info
short_description: Look at flavors
version_added: 0.1.0
description:
  - Tells what is known of flavors, as M(stackwright.cloud.flavor) does, and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project.unused
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.flavor
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all flavors
  stackwright.cloud.flavor_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.flavors | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.flavor_info:
    name: m1.tiny
"""

RETURN = r"""
flavors:
  description:
    - The flavors that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 1c8d5ca8-6c0c-4e6e-8ff3-1e2a5ae9d1b5
      name: c1.micro
      kind: flavor
      status: active
      flavorid: ''
      vcpus: 1
      ram: 256
      disk: 1
      ephemeral: 0
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("flavor", cloud_wide=True).run()


if __name__ == "__main__":
    main()
