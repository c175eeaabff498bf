#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: floating_ip_association_info
short_description: Look at floating IP associations
version_added: 0.1.0
description:
  - Tells what is known of the floating IP associations of a project, as
    M(stackwright.cloud.floating_ip_association) does, and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.floating_ip_association
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all floating IP associations
  stackwright.cloud.floating_ip_association_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.floating_ip_associations | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.floating_ip_association_info:
    name: example
"""

RETURN = r"""
floating_ip_associations:
  description:
    - The floating IP associations that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 1f4a3a39-8e06-4f0e-8d0a-1c8a4f0b7f52
      name: example
      kind: floating_ip_association
      status: active
      project: default
      floating_ip: example
      port: example
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("floating_ip_association").run()


if __name__ == "__main__":
    main()
