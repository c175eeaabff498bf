#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: router
short_description: Keep a router
version_added: 0.1.0
description:
  - A router joins subnets, and leads outside through an external network.
options:
  external_network:
    description:
      - Name or id of the external network that it leads to; V('') for none.
    type: str
  external_ip:
    description:
      - Its address on the external network; where it is not given, the first one that is free.
    type: str
  enable_snat:
    description:
      - Whether instances without a floating IP get out, behind the address of the router; V(true) for a new
        router that does not say so.
    type: bool
  interfaces:
    description:
      - The subnets that it joins.
    type: list
    elements: dict
    suboptions:
      subnet:
        description:
          - Name or id of the subnet.
        type: str
        required: true
      ip_address:
        description:
          - Its address on the subnet; where it is not given, the subnet's gateway.
        type: str
  description:
    description:
      - What the router is for, for people.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.router_info
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a network with addresses
  stackwright.cloud.resources:
    resources:
      - network:
          name: example
      - subnet:
          name: example
          network: example
          cidr: 10.20.0.0/24

- name: Connect it to the network public
  stackwright.cloud.router:
    name: example
    external_network: public
    interfaces:
      - subnet: example

- name: Remove the router again
  stackwright.cloud.router:
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
    - The router as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 3c5a4df1-5a3f-4d4a-a6f8-6f7ab2a7f6ce
    name: example
    kind: router
    status: active
    project: default
    external_network: public
    enable_snat: true
    interfaces:
      - subnet: example
        ip_address: 10.20.0.1
        mac_address: fa:16:3e:1a:2b:3c
    gateway:
      subnet: public-subnet
      ip_address: 172.24.4.50
      mac_address: fa:16:3e:4d:5e:6f
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "router",
        {
            "external_network": {"type": "str"},
            "external_ip": {"type": "str"},
            "enable_snat": {"type": "bool"},
            "interfaces": {
                "type": "list",
                "elements": "dict",
                "options": {"subnet": {"type": "str", "required": True}, "ip_address": {"type": "str"}},
            },
            "description": {"type": "str"},
        },
    ).run()


if __name__ == "__main__":
    main()
