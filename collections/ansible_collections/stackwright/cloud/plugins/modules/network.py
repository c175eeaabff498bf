#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network
short_description: Keep a network
version_added: 0.1.0
description:
  - A network is a segment of its own. Instances on it reach each other, and through a router what is outside.
  - An external network leads out of the cloud, through a bridge of the network hosts.
options:
  external:
    description:
      - Whether it leads outside, so that routers get their gateway and floating IPs come from it.
    type: bool
  shared:
    description:
      - Whether every project may use it. An external network is seen by all anyhow.
    type: bool
  mtu:
    description:
      - Largest packet in bytes; 0 takes what fits the cloud's tunnels.
    type: int
  provider_physical_network:
    description:
      - The bridge mapping of the network hosts that leads out, as V(physnet1).
    type: str
  provider_segmentation_id:
    description:
      - VLAN on the physical network, where its traffic is tagged.
    type: int
  description:
    description:
      - What the network is for, for people.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.network_info
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a network
  stackwright.cloud.network:
    name: example
    description: To show how it is done

- name: Remove it again
  stackwright.cloud.network:
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
    - The network as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 2d61e9a4-5e1b-4b9f-8a52-8f6e30ab6a4f
    name: example
    kind: network
    status: active
    project: default
    external: false
    shared: false
    mtu: 1400
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "network",
        {
            "external": {"type": "bool"},
            "shared": {"type": "bool"},
            "mtu": {"type": "int"},
            "provider_physical_network": {"type": "str"},
            "provider_segmentation_id": {"type": "int"},
            "description": {"type": "str"},
        },
    ).run()


if __name__ == "__main__":
    main()
