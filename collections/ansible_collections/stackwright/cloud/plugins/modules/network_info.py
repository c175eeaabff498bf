#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network_info
short_description: Look at networks
version_added: 0.1.0
description:
  - Tells what is known of the networks of a project, as M(stackwright.cloud.network) does, and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.network
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all networks
  stackwright.cloud.network_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.networks | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.network_info:
    name: public
"""

RETURN = r"""
networks:
  description:
    - The networks that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 2d61e9a4-5e1b-4b9f-8a52-8f6e30ab6a4f
      name: example
      kind: network
      status: active
      project: default
      external: false
      shared: false
      mtu: 1400
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("network").run()


if __name__ == "__main__":
    main()
