#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: router_interface
short_description: Keep a leg of a router
version_added: 0.1.0
description:
  - A router interface joins a subnet to a router that may be declared elsewhere. It adds to the subnets that the
    router lists itself.
options:
  router:
    description:
      - Name or id of the router. Needed when the router interface is new.
    type: str
  subnet:
    description:
      - Name or id of the subnet to join.
    type: str
  port:
    description:
      - Name or id of a port whose address and MAC address the leg has, in place of O(subnet). No instance can be
        plugged into it then.
    type: str
  ip_address:
    description:
      - Its address on O(subnet); where it is not given, the subnet's gateway.
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
  - module: stackwright.cloud.router_interface_info
  - module: stackwright.cloud.router
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a subnet, and a router that is somebody else's
  stackwright.cloud.resources:
    resources:
      - network:
          name: example
      - subnet:
          name: example
          network: example
          cidr: 10.20.0.0/24
      - router:
          name: example
          external_network: public

- name: Join the subnet to the router
  stackwright.cloud.router_interface:
    name: example
    router: example
    subnet: example

- name: Let go of it again
  stackwright.cloud.router_interface:
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
    - The router interface as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 5b0f7f0e-52c1-4d7f-9a55-0a3f0f7c8b11
    name: example
    kind: router_interface
    status: active
    project: default
    router: example
    subnet: example
    ip_address: 10.20.0.1
    mac_address: fa:16:3e:1a:2b:3c
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "router_interface",
        {
            "router": {"type": "str"},
            "subnet": {"type": "str"},
            "port": {"type": "str"},
            "ip_address": {"type": "str"},
            "description": {"type": "str"},
        },
    ).run()


if __name__ == "__main__":
    main()
