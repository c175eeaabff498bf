#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group
short_description: Keep a security group
version_added: 0.1.0
description:
  - A security group says what may reach the ports that are its members, and what they may reach. Answers are
    let through.
options:
  rules:
    description:
      - All of its rules. Where none of them is about egress, everything may be reached, as in a new group
        of OpenStack.
    type: list
    elements: dict
    suboptions:
      direction:
        description:
          - Whether the rule is about what comes in or what goes out.
        type: str
        choices:
          - ingress
          - egress
        default: ingress
      ethertype:
        description:
          - The version of IP.
        type: str
        choices:
          - IPv4
          - IPv6
        default: IPv4
      protocol:
        description:
          - The protocol; without one, or with V(any), it is all of them.
        type: str
        choices:
          - any
          - icmp
          - sctp
          - tcp
          - udp
      port_range_min:
        description:
          - First port; the type, with V(icmp).
        type: int
      port_range_max:
        description:
          - Last port; the code, with V(icmp).
        type: int
      remote_ip_prefix:
        description:
          - The other end, as V(192.0.2.0/24); without it and O(rules[].remote_group) it is anybody.
        type: str
      remote_group:
        description:
          - Name or id of a security group whose members are the other end.
        type: str
  description:
    description:
      - What the group is for, for people.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.security_group_info
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Let web traffic in, and SSH from one network
  stackwright.cloud.security_group:
    name: example
    rules:
      - protocol: tcp
        port_range_min: 80
        port_range_max: 80
      - protocol: tcp
        port_range_min: 22
        port_range_max: 22
        remote_ip_prefix: 172.24.4.0/24

- name: Remove it again
  stackwright.cloud.security_group:
    name: example
    state: absent
"""

RETURN = r"""
action:
  description:
    - What was done, or in check mode would be; V(repaired) where the record was right and a backend was not.
  returned: success
  type: str
  sample: created
resource:
  description:
    - The security group as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 0f6b0d34-6c1d-4e29-a44f-7dcaa3ec2c66
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

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "security_group",
        {
            "rules": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "direction": {"type": "str", "choices": ["ingress", "egress"], "default": "ingress"},
                    "ethertype": {"type": "str", "choices": ["IPv4", "IPv6"], "default": "IPv4"},
                    "protocol": {"type": "str", "choices": ["any", "icmp", "sctp", "tcp", "udp"]},
                    "port_range_min": {"type": "int"},
                    "port_range_max": {"type": "int"},
                    "remote_ip_prefix": {"type": "str"},
                    "remote_group": {"type": "str"},
                },
            },
            "description": {"type": "str"},
        },
    ).run()


if __name__ == "__main__":
    main()
