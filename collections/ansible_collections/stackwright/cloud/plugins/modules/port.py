#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: port
short_description: Keep a port
version_added: 0.1.0
description:
  - A port is the place of a network card on a network, with its addresses. Instances make their own; have
    one yourself where it shall outlive the instance, or needs a certain address.
options:
  network:
    description:
      - Name or id of the network. Needed when the port is new.
    type: str
  fixed_ips:
    description:
      - Its addresses. Where none are named, one is taken from a subnet of the network.
    type: list
    elements: dict
    suboptions:
      subnet:
        description:
          - Name or id of the subnet.
        type: str
      ip_address:
        description:
          - The address; where it is not given, the first one that is free.
        type: str
  mac_address:
    description:
      - MAC address; where it is not given, one is made.
    type: str
  security_groups:
    description:
      - Names or ids of security groups. Where none are named, it is the group V(default); V([]) for none,
        which lets nothing in and nothing out.
    type: list
    elements: str
  port_security:
    description:
      - Whether the security groups apply, and foreign source addresses are dropped; V(true) for a new port
        that does not say so.
    type: bool
  description:
    description:
      - What the port is for, for people.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.port_info
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a network with addresses, and a port with one that stays the same
  stackwright.cloud.resources:
    resources:
      - network:
          name: example
      - subnet:
          name: example
          network: example
          cidr: 10.20.0.0/24

- name: Have a port whose address stays the same
  stackwright.cloud.port:
    name: example
    network: example
    fixed_ips:
      - ip_address: 10.20.0.10

- name: Remove it again
  stackwright.cloud.port:
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
    - The port as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 9b0d6d0e-cc7b-4f0f-8a42-1c6e0f6dd2a9
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

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "port",
        {
            "network": {"type": "str"},
            "fixed_ips": {
                "type": "list",
                "elements": "dict",
                "options": {"subnet": {"type": "str"}, "ip_address": {"type": "str"}},
            },
            "mac_address": {"type": "str"},
            "security_groups": {"type": "list", "elements": "str"},
            "port_security": {"type": "bool"},
            "description": {"type": "str"},
        },
    ).run()


if __name__ == "__main__":
    main()
