#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: project
short_description: Keep a project
version_added: 0.1.0
description:
  - A project owns networks, instances and everything else that users make. What is in one project is not seen
    from another.
  - A new project gets a security group called V(default), whose members reach each other and may reach everything.
options:
  description:
    description:
      - What the project is for, for people.
    type: str
  enabled:
    description:
      - Whether anything may be declared in the project. What is there stays as it is, and may be deleted.
    type: bool
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project.unused
  - stackwright.cloud.attributes
notes:
  - A project that still owns something cannot be removed.
seealso:
  - module: stackwright.cloud.project_info
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a project for the shop
  stackwright.cloud.project:
    name: shop
    description: Everything that the shop runs on

- name: Remove it again
  stackwright.cloud.project:
    name: shop
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
    - The project as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 0d5bd1f1-07b6-4c2a-9b8e-5ad8f4cbf3a8
    name: shop
    kind: project
    status: active
    description: Everything that the shop runs on
    enabled: true
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule("project", {"description": {"type": "str"}, "enabled": {"type": "bool"}}, cloud_wide=True).run()


if __name__ == "__main__":
    main()
