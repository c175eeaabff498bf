#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: floating_ip_info
short_description: Look at floating IPs
version_added: 0.1.0
description:
  - Tells what is known of the floating IPs of a project, as M(stackwright.cloud.floating_ip) does, and changes
    nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.floating_ip
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all floating IPs
  stackwright.cloud.floating_ip_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.floating_ips | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.floating_ip_info:
    name: example
"""

RETURN = r"""
floating_ips:
  description:
    - The floating IPs that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 7e2c0a55-8f0e-4a0b-90a5-8d10e8a7e2d1
      name: example
      kind: floating_ip
      status: active
      project: default
      network: public
      floating_ip_address: 172.24.4.51
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("floating_ip").run()


if __name__ == "__main__":
    main()
