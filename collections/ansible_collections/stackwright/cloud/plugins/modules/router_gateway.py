#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: router_gateway
short_description: Keep the gateway of a router
version_added: 0.1.0
description:
  - A router gateway leads a router, which may be declared elsewhere, outside through an external network.
  - A router has one gateway. One with O(stackwright.cloud.router#module:external_network) has it already.
options:
  router:
    description:
      - Name or id of the router. Needed when the router gateway is new.
    type: str
  network:
    description:
      - Name or id of the external network. Needed when the router gateway is new.
    type: str
  external_ip:
    description:
      - The router's address on the external network; where it is not given, the first one that is free.
    type: str
  enable_snat:
    description:
      - Whether instances without a floating IP get out, behind the address of the router; V(true) for a new
        router gateway that does not say so.
    type: bool
  description:
    description:
      - What it is for, for people.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.router_gateway_info
  - module: stackwright.cloud.router
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a router that leads nowhere
  stackwright.cloud.router:
    name: example

- name: Lead it outside
  stackwright.cloud.router_gateway:
    name: example
    router: example
    network: public

- name: Close it again
  stackwright.cloud.router_gateway:
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
    - The router gateway as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: a7d1f1c2-0c7e-4c3b-8a0b-6a8f2f0f4e37
    name: example
    kind: router_gateway
    status: active
    project: default
    router: example
    network: public
    enable_snat: true
    subnet: public-subnet
    ip_address: 172.24.4.50
    mac_address: fa:16:3e:4d:5e:6f
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "router_gateway",
        {
            "router": {"type": "str"},
            "network": {"type": "str"},
            "external_ip": {"type": "str"},
            "enable_snat": {"type": "bool"},
            "description": {"type": "str"},
        },
    ).run()


if __name__ == "__main__":
    main()
