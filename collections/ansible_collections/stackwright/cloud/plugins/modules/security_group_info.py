#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group_info
short_description: Look at security groups
version_added: 0.1.0
description:
  - Tells what is known of the security groups of a project, as M(stackwright.cloud.security_group) does, and
    changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.security_group
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all security groups
  stackwright.cloud.security_group_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.security_groups | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.security_group_info:
    name: default
"""

RETURN = r"""
security_groups:
  description:
    - The security groups that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 0f6b0d34-6c1d-4e29-a44f-7dcaa3ec2c66
      name: example
      kind: security_group
      status: active
      project: default
      rules:
        - direction: ingress
          ethertype: IPv4
          protocol: tcp
          port_range_min: 80
          port_range_max: 80
          remote_ip_prefix: null
          remote_group: null
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("security_group").run()


if __name__ == "__main__":
    main()
