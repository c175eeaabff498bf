#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: project_info
short_description: Look at projects
version_added: 0.1.0
description:
  - Tells what is known of projects, as M(stackwright.cloud.project) does, and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project.unused
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.project
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all projects
  stackwright.cloud.project_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.projects | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.project_info:
    name: default
"""

RETURN = r"""
projects:
  description:
    - The projects that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 0d5bd1f1-07b6-4c2a-9b8e-5ad8f4cbf3a8
      name: shop
      kind: project
      status: active
      description: Everything that the shop runs on
      enabled: true
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("project", cloud_wide=True).run()


if __name__ == "__main__":
    main()
