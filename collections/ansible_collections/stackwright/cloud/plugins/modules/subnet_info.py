#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: subnet_info
short_description: Look at subnets
version_added: 0.1.0
description:
  - Tells what is known of the subnets of a project, as M(stackwright.cloud.subnet) does, and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.subnet
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all subnets
  stackwright.cloud.subnet_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.subnets | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.subnet_info:
    name: public-subnet
"""

RETURN = r"""
subnets:
  description:
    - The subnets that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 4e1f7a2c-1d6b-4d0c-8c37-14b0d30f24c2
      name: example
      kind: subnet
      status: active
      project: default
      network: example
      cidr: 10.20.0.0/24
      gateway_ip: 10.20.0.1
      enable_dhcp: true
      dns_nameservers:
        - 9.9.9.9
      allocation_pools:
        - start: 10.20.0.100
          end: 10.20.0.199
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("subnet").run()


if __name__ == "__main__":
    main()
