#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: floating_ip_association
short_description: Keep what a floating IP leads to
version_added: 0.1.0
description:
  - A floating IP association leads a floating IP, which may be declared elsewhere, to a port or an instance.
  - A floating IP leads to one thing. One that names a port or an instance itself cannot be associated as well.
options:
  floating_ip:
    description:
      - Name or id of the floating IP. Needed when the association is new.
    type: str
  port:
    description:
      - Name or id of the port that it leads to.
    type: str
  instance:
    description:
      - Name or id of the instance that it leads to, in place of O(port); to its first port that a router connects.
    type: str
  fixed_address:
    description:
      - The inside address that it leads to, where the port has several.
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
  - module: stackwright.cloud.floating_ip_association_info
  - module: stackwright.cloud.floating_ip
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
# These use what examples/playbooks/first-cloud.yml makes.
- name: Have a port, and an address that is somebody else's
  stackwright.cloud.resources:
    resources:
      - port:
          name: example
          network: private
      - floating_ip:
          name: example
          network: public

- name: Lead the address to the port
  stackwright.cloud.floating_ip_association:
    name: example
    floating_ip: example
    port: example

- name: Lead it nowhere again
  stackwright.cloud.floating_ip_association:
    name: example
    state: absent

- name: Remove the others as well
  stackwright.cloud.resources:
    state: absent
    resources:
      - port:
          name: example
      - floating_ip:
          name: example
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
    - The association as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 1f4a3a39-8e06-4f0e-8d0a-1c8a4f0b7f52
    name: example
    kind: floating_ip_association
    status: active
    project: default
    floating_ip: example
    port: example
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "floating_ip_association",
        {
            "floating_ip": {"type": "str"},
            "port": {"type": "str"},
            "instance": {"type": "str"},
            "fixed_address": {"type": "str"},
            "description": {"type": "str"},
        },
    ).run()


if __name__ == "__main__":
    main()
