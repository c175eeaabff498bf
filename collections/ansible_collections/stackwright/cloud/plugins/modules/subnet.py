#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: subnet
short_description: Keep a subnet
version_added: 0.1.0
description:
  - A subnet is the range of IPv4 addresses of a network, from which ports get theirs.
options:
  network:
    description:
      - Name or id of the network. Needed when the subnet is new.
    type: str
  cidr:
    description:
      - Range of addresses, as V(10.0.0.0/24). Needed when the subnet is new.
    type: str
  ip_version:
    description:
      - The version of IP; 4 is the only one.
    type: int
    choices:
      - 4
  gateway_ip:
    description:
      - Address of the router. Where it is not given, the first one of the range; V('') for no router at all.
    type: str
  enable_dhcp:
    description:
      - Whether instances are told their addresses by DHCP; V(true) for a new subnet that does not say so.
    type: bool
  allocation_pools:
    description:
      - Parts of the range that addresses are given out from. Where there are none, it is the whole range but
        the gateway.
    type: list
    elements: dict
    suboptions:
      start:
        description:
          - First address.
        type: str
        required: true
      end:
        description:
          - Last address.
        type: str
        required: true
  dns_nameservers:
    description:
      - Name servers that DHCP tells.
    type: list
    elements: str
  host_routes:
    description:
      - Routes that DHCP tells.
    type: list
    elements: dict
    suboptions:
      destination:
        description:
          - Where the route leads, as V(192.0.2.0/24).
        type: str
        required: true
      nexthop:
        description:
          - Address of the router to it.
        type: str
        required: true
  description:
    description:
      - What the subnet is for, for people.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.subnet_info
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a network
  stackwright.cloud.network:
    name: example

- name: Give it addresses
  stackwright.cloud.subnet:
    name: example
    network: example
    cidr: 10.20.0.0/24
    dns_nameservers:
      - 9.9.9.9
    allocation_pools:
      - start: 10.20.0.100
        end: 10.20.0.199

- name: Remove it again
  stackwright.cloud.subnet:
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
    - The subnet as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 4e1f7a2c-1d6b-4d0c-8c37-14b0d30f24c2
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

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "subnet",
        {
            "network": {"type": "str"},
            "cidr": {"type": "str"},
            "ip_version": {"type": "int", "choices": [4]},
            "gateway_ip": {"type": "str"},
            "enable_dhcp": {"type": "bool"},
            "allocation_pools": {
                "type": "list",
                "elements": "dict",
                "options": {"start": {"type": "str", "required": True}, "end": {"type": "str", "required": True}},
            },
            "dns_nameservers": {"type": "list", "elements": "str"},
            "host_routes": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "destination": {"type": "str", "required": True},
                    "nexthop": {"type": "str", "required": True},
                },
            },
            "description": {"type": "str"},
        },
    ).run()


if __name__ == "__main__":
    main()
