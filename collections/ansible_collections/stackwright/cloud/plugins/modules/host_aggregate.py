#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_aggregate
short_description: Keep a host aggregate
version_added: 0.1.0
description:
  - A host aggregate names hosts that have something in common. Flavors ask for it by extra specs, which are compared
    with O(metadata), or instances by its O(availability_zone).
  - Instances that are there already stay where they are, whatever becomes of the metadata.
options:
  hosts:
    description:
      - The hosts that belong to it. A host may belong to several.
    type: list
    elements: str
  metadata:
    description:
      - What is said of the hosts, as keys and values; several values of one key have commas in between.
    type: dict
  availability_zone:
    description:
      - The availability zone of the hosts, in place of that of O(stackwright.cloud.host#module:availability_zone);
        V('') for none. A host is in one zone.
      - Refused where an instance is on one of the hosts because it asked for another zone.
    type: str
  description:
    description:
      - What the aggregate is for, for people.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project.unused
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.host_aggregate_info
  - module: stackwright.cloud.host
  - module: stackwright.cloud.flavor
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Say which hosts have fast disks
  stackwright.cloud.host_aggregate:
    name: example
    hosts:
      - "{{ groups['compute'][0] }}"
    metadata:
      disk: ssd

- name: Have a flavor that is placed there alone
  stackwright.cloud.flavor:
    name: example
    vcpus: 1
    ram: 256
    disk: 1
    extra_specs:
      aggregate_instance_extra_specs:disk: ssd

- name: Remove both again
  stackwright.cloud.resources:
    state: absent
    resources:
      - flavor: {name: example}
      - host_aggregate: {name: example}
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
    - The host aggregate as declared; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 5a8b9df2-0f0a-4dd4-9a53-9c6b5b0e8a47
    name: ssd
    kind: host_aggregate
    status: active
    hosts:
      - compute1
    metadata:
      disk: ssd
    availability_zone: null
    description: ''
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "host_aggregate",
        {
            "hosts": {"type": "list", "elements": "str"},
            "metadata": {"type": "dict"},
            "availability_zone": {"type": "str"},
            "description": {"type": "str"},
        },
        cloud_wide=True,
    ).run()


if __name__ == "__main__":
    main()
