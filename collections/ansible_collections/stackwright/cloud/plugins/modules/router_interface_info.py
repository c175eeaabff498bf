#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: router_interface_info
short_description: Look at router interfaces
version_added: 0.1.0
description:
  - Tells what is known of the router interfaces of a project, as M(stackwright.cloud.router_interface) does, and
    changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.router_interface
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all router interfaces
  stackwright.cloud.router_interface_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.router_interfaces | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.router_interface_info:
    name: example
"""

RETURN = r"""
router_interfaces:
  description:
    - The router interfaces that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 5b0f7f0e-52c1-4d7f-9a55-0a3f0f7c8b11
      name: example
      kind: router_interface
      status: active
      project: default
      router: example
      subnet: example
      ip_address: 10.20.0.1
      mac_address: fa:16:3e:1a:2b:3c
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("router_interface").run()


if __name__ == "__main__":
    main()
