#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host
short_description: Keep a compute host
version_added: 0.1.0
description:
  - Tells the controller about a host that runs instances. Its capacity is learned from its libvirt.
  - The playbook C(stackwright.cloud.site) does this for every host of the group C(compute); use this module
    to change what of a host may be used.
options:
  state:
    description:
      - Whether the host shall be known.
      - V(disabled) keeps new instances away from it, V(enabled) lets them in again; a new host is enabled.
        V(present) leaves that alone.
      - V(drained) also moves its instances to other hosts, those that run while they run. It fails, naming each and
        why, while there are some that cannot move; run it again then. Check mode says where each would go.
      - V(evacuated) is for a host that is gone. Its instances are made anew elsewhere from their images, with their
        ids, addresses and MAC addresses. What their disks held is lost, so O(allow_loss_of) has to name each of them.
        Make sure that the host is off. When it answers again, what it still has of them is removed by the first
        task that names it, as O(state=enabled).
    type: str
    choices:
      - present
      - enabled
      - disabled
      - drained
      - evacuated
      - absent
    default: present
  uri:
    description:
      - How libvirt on the host is reached. Needed when the host is new.
    type: str
  availability_zone:
    description:
      - The availability zone that the host belongs to; V(nova) for a new host that names none.
    type: str
  chassis:
    description:
      - Its name in OVN's southbound database; V('') stands for the name of the host.
    type: str
  checksum_offload:
    description:
      - Whether guests may leave checksums to the host, which is quicker; V(true) for a new host.
      - Open vSwitch's userspace datapath drops packets without checksums, so it needs V(false).
        The playbook C(stackwright.cloud.site) finds out which datapath a host has.
    type: bool
  reserved_vcpus:
    description:
      - Processors that are kept for the host itself.
    type: int
  reserved_ram:
    description:
      - Memory that is kept for the host itself, in MiB; 512 for a new host.
    type: int
  reserved_disk:
    description:
      - Space in the storage pool that is kept for the host itself, in GiB.
    type: int
  vcpus_ratio:
    description:
      - How many vCPUs are given away for each processor; 16 for a new host.
    type: float
  ram_ratio:
    description:
      - How much memory is given away for each MiB that is there; 1 for a new host.
    type: float
  disk_ratio:
    description:
      - How much disk is given away for each GiB that is there; 1 for a new host.
    type: float
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project.unused
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.host_info
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Keep 2 GiB of memory of the host cloud1 for itself
  stackwright.cloud.host:
    name: cloud1
    reserved_ram: 2048

- name: Give it back
  stackwright.cloud.host:
    name: cloud1
    reserved_ram: 512
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
    - The host as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 6a3b64c4-98a3-4b8f-a2f5-0c5e43f3dd70
    name: cloud1
    kind: host
    status: active
    uri: qemu+tls://cloud1/system
    availability_zone: nova
    vcpus: 8
    ram: 32000
    disk: 400
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "host",
        {
            "uri": {"type": "str"},
            "availability_zone": {"type": "str"},
            "chassis": {"type": "str"},
            "checksum_offload": {"type": "bool"},
            "reserved_vcpus": {"type": "int"},
            "reserved_ram": {"type": "int"},
            "reserved_disk": {"type": "int"},
            "vcpus_ratio": {"type": "float"},
            "ram_ratio": {"type": "float"},
            "disk_ratio": {"type": "float"},
        },
        states=("present", "enabled", "disabled", "drained", "evacuated", "absent"),
        cloud_wide=True,
    ).run()


if __name__ == "__main__":
    main()
