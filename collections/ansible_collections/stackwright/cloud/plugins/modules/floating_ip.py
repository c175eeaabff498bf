#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: floating_ip
short_description: Keep a floating IP
version_added: 0.1.0
description:
  - A floating IP is an address of an external network that leads to a port. It stays the same when it is moved
    from one instance to another.
  - An instance can have one in one word, with O(stackwright.cloud.instance#module:floating_ip).
options:
  network:
    description:
      - Name or id of the external network. Needed when the floating IP is new.
    type: str
  floating_ip_address:
    description:
      - The address; where it is not given, the first one that is free.
    type: str
  port:
    description:
      - Name or id of the port that it leads to.
    type: str
  instance:
    description:
      - Name or id of the instance that it leads to, to its first port that a router connects.
    type: str
  fixed_address:
    description:
      - The inside address that it leads to, where the port has several.
    type: str
  description:
    description:
      - What the address is for, for people.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
notes:
  - Without O(port) and O(instance) the address is only reserved; V('') lets go of one.
seealso:
  - module: stackwright.cloud.floating_ip_info
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Reserve an address
  stackwright.cloud.floating_ip:
    name: example
    network: public
  register: reserved

- name: Show it
  ansible.builtin.debug:
    var: reserved.resource.floating_ip_address

- name: Give it back
  stackwright.cloud.floating_ip:
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
    - The floating IP as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 7e2c0a55-8f0e-4a0b-90a5-8d10e8a7e2d1
    name: example
    kind: floating_ip
    status: active
    project: default
    network: public
    floating_ip_address: 172.24.4.51
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "floating_ip",
        {
            "network": {"type": "str"},
            "floating_ip_address": {"type": "str"},
            "port": {"type": "str"},
            "instance": {"type": "str"},
            "fixed_address": {"type": "str"},
            "description": {"type": "str"},
        },
    ).run()


if __name__ == "__main__":
    main()
