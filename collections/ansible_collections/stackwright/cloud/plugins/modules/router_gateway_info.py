#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: router_gateway_info
short_description: Look at router gateways
version_added: 0.1.0
description:
  - Tells what is known of the router gateways of a project, as M(stackwright.cloud.router_gateway) does, and
    changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.router_gateway
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all router gateways
  stackwright.cloud.router_gateway_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.router_gateways | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.router_gateway_info:
    name: example
"""

RETURN = r"""
router_gateways:
  description:
    - The router gateways that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: a7d1f1c2-0c7e-4c3b-8a0b-6a8f2f0f4e37
      name: example
      kind: router_gateway
      status: active
      project: default
      router: example
      network: public
      enable_snat: true
      subnet: public-subnet
      ip_address: 172.24.4.50
      mac_address: fa:16:3e:4d:5e:6f
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("router_gateway").run()


if __name__ == "__main__":
    main()
