#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_group_info
short_description: Look at server groups
version_added: 0.1.0
description:
  - Tells what is known of the server groups of a project, as M(stackwright.cloud.server_group) does, with their
    members, and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.server_group
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all server groups
  stackwright.cloud.server_group_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.server_groups | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.server_group_info:
    name: example
"""

RETURN = r"""
server_groups:
  description:
    - The server groups that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 8c0f9f0e-52c4-4a0b-a1c0-6a7b8b1f1d55
      name: example
      kind: server_group
      status: active
      project: default
      policy: anti-affinity
      max_server_per_host: null
      description: ''
      members:
        - web1
        - web2
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("server_group").run()


if __name__ == "__main__":
    main()
