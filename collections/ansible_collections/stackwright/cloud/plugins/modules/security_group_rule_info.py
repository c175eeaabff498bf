#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group_rule_info
short_description: Look at security group rules
version_added: 0.1.0
description:
  - Tells what is known of the security group rules of a project, as M(stackwright.cloud.security_group_rule) does,
    and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.security_group_rule
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all security group rules
  stackwright.cloud.security_group_rule_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.security_group_rules | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.security_group_rule_info:
    name: example
"""

RETURN = r"""
security_group_rules:
  description:
    - The security group rules that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: e0c2c0f4-7b8e-4ed1-9d57-4c2b54b0c6d9
      name: example
      kind: security_group_rule
      status: active
      project: default
      security_group: example
      direction: ingress
      ethertype: IPv4
      protocol: tcp
      port_range_min: 80
      port_range_max: 80
      remote_ip_prefix: null
      remote_group: null
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("security_group_rule").run()


if __name__ == "__main__":
    main()
