#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group_rule
short_description: Keep a rule of a security group
version_added: 0.1.0
description:
  - A security group rule adds to a security group that may be declared elsewhere. What the group allows by itself
    stays allowed, all egress included.
options:
  security_group:
    description:
      - Name or id of the security group. Needed when the rule is new.
    type: str
  direction:
    description:
      - Whether the rule is about what comes in or what goes out; V(ingress) for a new rule that does not say so.
    type: str
    choices:
      - ingress
      - egress
  ethertype:
    description:
      - The version of IP; V(IPv4) for a new rule that does not say so.
    type: str
    choices:
      - IPv4
      - IPv6
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
      - The other end, as V(192.0.2.0/24); without it and O(remote_group) it is anybody.
    type: str
  remote_group:
    description:
      - Name or id of a security group whose members are the other end.
    type: str
  description:
    description:
      - What it is for, for people.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.security_group_rule_info
  - module: stackwright.cloud.security_group
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a group that is somebody else's
  stackwright.cloud.security_group:
    name: example

- name: Let web traffic in
  stackwright.cloud.security_group_rule:
    name: example
    security_group: example
    protocol: tcp
    port_range_min: 80
    port_range_max: 80

- name: Remove both again
  stackwright.cloud.resources:
    state: absent
    resources:
      - security_group_rule:
          name: example
      - security_group:
          name: example
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
    - The security group rule as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: e0c2c0f4-7b8e-4ed1-9d57-4c2b54b0c6d9
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

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "security_group_rule",
        {
            "security_group": {"type": "str"},
            "direction": {"type": "str", "choices": ["ingress", "egress"]},
            "ethertype": {"type": "str", "choices": ["IPv4", "IPv6"]},
            "protocol": {"type": "str", "choices": ["any", "icmp", "sctp", "tcp", "udp"]},
            "port_range_min": {"type": "int"},
            "port_range_max": {"type": "int"},
            "remote_ip_prefix": {"type": "str"},
            "remote_group": {"type": "str"},
            "description": {"type": "str"},
        },
    ).run()


if __name__ == "__main__":
    main()
