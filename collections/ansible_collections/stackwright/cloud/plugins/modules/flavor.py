#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: flavor
short_description: Keep a flavor
version_added: 0.1.0
description:
  - A flavor is a size that instances come in. V(m1.tiny), V(m1.small), V(m1.medium), V(m1.large) and V(m1.xlarge)
    exist from the start.
  - Changing a flavor changes the instances that use it. Disks grow at once, memory and vCPUs change at the
    next start.
options:
  flavorid:
    description:
      - Another name that finds the flavor, as a short number.
    type: str
  vcpus:
    description:
      - Number of virtual processors. Needed when the flavor is new.
    type: int
  ram:
    description:
      - Memory in MiB. Needed when the flavor is new.
    type: int
  disk:
    description:
      - Size of the root disk in GiB; 0 takes that of the image.
    type: int
  ephemeral:
    description:
      - Size of a second, empty disk in GiB; 0 for none.
    type: int
  extra_specs:
    description:
      - What hosts have to be like, by the metadata of their M(stackwright.cloud.host_aggregate). A key may be preceded
        by V(aggregate_instance_extra_specs:). A value must be equal, or begins with one of Nova's operators, as
        in V(<or> ssd <or> nvme) or V(>= 8).
      - Scopes by which Nova would act and Stackwright does not (V(hw:), V(quota:), V(resources:), V(trait:) and others)
        are refused; those of nobody are recorded.
    type: dict
  description:
    description:
      - What the flavor is for, for people.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project.unused
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.flavor_info
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a small flavor
  stackwright.cloud.flavor:
    name: example
    vcpus: 1
    ram: 256
    disk: 1

- name: Remove it again
  stackwright.cloud.flavor:
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
    - The flavor as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 1c8d5ca8-6c0c-4e6e-8ff3-1e2a5ae9d1b5
    name: example
    kind: flavor
    status: active
    flavorid: ''
    vcpus: 1
    ram: 256
    disk: 1
    ephemeral: 0
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "flavor",
        {
            "flavorid": {"type": "str"},
            "vcpus": {"type": "int"},
            "ram": {"type": "int"},
            "disk": {"type": "int"},
            "ephemeral": {"type": "int"},
            "extra_specs": {"type": "dict"},
            "description": {"type": "str"},
        },
        cloud_wide=True,
    ).run()


if __name__ == "__main__":
    main()
