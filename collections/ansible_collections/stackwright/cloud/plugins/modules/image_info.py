#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_info
short_description: Look at images
version_added: 0.1.0
description:
  - Tells what is known of the images of a project, as M(stackwright.cloud.image) does, and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.image
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all images
  stackwright.cloud.image_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.images | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.image_info:
    name: guest
"""

RETURN = r"""
images:
  description:
    - The images that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 8a3f4d8e-4b6e-4a55-9f43-58bd1b0b3b34
      name: example
      kind: image
      status: active
      project: default
      disk_format: qcow2
      size: 196616
      virtual_size: 67108864
      checksum: 6f1ed002ab5595859014ebf0951522d9a5c9e1a5d1d4b9f0a5c8f1b6a7d3e2c1
      min_disk: 0
      min_ram: 64
      shared: true
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("image").run()


if __name__ == "__main__":
    main()
