#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: port_info
short_description: Look at ports
version_added: 0.1.0
description:
  - Tells what is known of the ports of a project, as M(stackwright.cloud.port) does, and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.port
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all ports
  stackwright.cloud.port_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.ports | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.port_info:
    name: example
"""

RETURN = r"""
ports:
  description:
    - The ports that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 9b0d6d0e-cc7b-4f0f-8a42-1c6e0f6dd2a9
      name: example
      kind: port
      status: active
      project: default
      network: example
      mac_address: fa:16:3e:0b:1c:2d
      addresses:
        - subnet: example
          ip_address: 10.20.0.10
      security_groups:
        - default
      port_security: true
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("port").run()


if __name__ == "__main__":
    main()
