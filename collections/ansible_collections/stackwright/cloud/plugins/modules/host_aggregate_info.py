#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_aggregate_info
short_description: Look at host aggregates
version_added: 0.1.0
description:
  - Tells what is known of host aggregates, as M(stackwright.cloud.host_aggregate) does, and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project.unused
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.host_aggregate
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all host aggregates
  stackwright.cloud.host_aggregate_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.host_aggregates | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.host_aggregate_info:
    name: example
"""

RETURN = r"""
host_aggregates:
  description:
    - The host aggregates that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 5a8b9df2-0f0a-4dd4-9a53-9c6b5b0e8a47
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

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("host_aggregate", cloud_wide=True).run()


if __name__ == "__main__":
    main()
