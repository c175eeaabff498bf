#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: router_info
short_description: Look at routers
version_added: 0.1.0
description:
  - Tells what is known of the routers of a project, as M(stackwright.cloud.router) does, and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.router
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all routers
  stackwright.cloud.router_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.routers | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.router_info:
    name: router
"""

RETURN = r"""
routers:
  description:
    - The routers that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 3c5a4df1-5a3f-4d4a-a6f8-6f7ab2a7f6ce
      name: example
      kind: router
      status: active
      project: default
      external_network: public
      enable_snat: true
      interfaces:
        - subnet: example
          ip_address: 10.20.0.1
          mac_address: fa:16:3e:1a:2b:3c
      gateway:
        subnet: public-subnet
        ip_address: 172.24.4.50
        mac_address: fa:16:3e:4d:5e:6f
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("router").run()


if __name__ == "__main__":
    main()
