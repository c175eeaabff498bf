#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_group
short_description: Keep a server group
version_added: 0.1.0
description:
  - A server group says whether instances that are its members are placed on one host or on different ones.
  - An instance becomes a member with the option O(stackwright.cloud.instance#module:server_group).
  - Nobody moves, so O(policy) and O(max_server_per_host) stay as they are while the group has members.
options:
  policy:
    description:
      - Where members are placed. Needed when the group is new.
      - With V(affinity) all are on one host, with V(anti-affinity) each is on another one; an instance for which
        there is no such host is refused.
      - V(soft-affinity) and V(soft-anti-affinity) do so as far as there is room.
    type: str
    choices:
      - affinity
      - anti-affinity
      - soft-affinity
      - soft-anti-affinity
  max_server_per_host:
    description:
      - How many members V(anti-affinity) allows on one host; one where it is not given.
    type: int
  description:
    description:
      - What the group is for, for people.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.server_group_info
  - module: stackwright.cloud.instance
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a group whose members are on different hosts
  stackwright.cloud.server_group:
    name: example
    policy: anti-affinity

- name: Remove it again
  stackwright.cloud.server_group:
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
    - The server group as declared; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 8c0f9f0e-52c4-4a0b-a1c0-6a7b8b1f1d55
    name: example
    kind: server_group
    status: active
    project: default
    policy: anti-affinity
    max_server_per_host: null
    description: ''
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "server_group",
        {
            "policy": {
                "type": "str",
                "choices": ["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"],
            },
            "max_server_per_host": {"type": "int"},
            "description": {"type": "str"},
        },
    ).run()


if __name__ == "__main__":
    main()
