#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image
short_description: Keep an image
version_added: 0.1.0
description:
  - An image is what instances boot from, a qcow2 or raw file. It is kept on the controller and copied once
    to each host that needs it.
  - The file is transferred only if the controller does not have its content yet.
  - It is inspected before it is used. A file of another format than declared, with a backing file, with an
    external data file, or damaged is refused.
options:
  src:
    description:
      - The file that the image is made of, on the machine where Ansible runs, looked for as by M(ansible.builtin.copy).
        This or O(instance) is needed when the image is new.
      - An image that instances use cannot get other content.
    type: path
  remote_src:
    description:
      - Whether O(src) is on the controller already.
    type: bool
    default: false
  instance:
    description:
      - The instance, by name or id, that the image is made of, instead of O(src). It gets the content of its root
        disk, and the property V(instance) with its id.
      - An instance that runs is paused while its disk is read. The image then is as after a power cut; stop the
        instance before to have everything on the disk.
      - It is made once. Declared again it stays as it is, also when the instance is gone.
      - In check mode its content is not known yet, so RV(ignore:resource.checksum) is all zeros.
    type: str
  disk_format:
    description:
      - What O(src) is. Where it is not given, it is found out; where it is given, the file must be just that.
    type: str
    choices:
      - qcow2
      - raw
  min_disk:
    description:
      - The smallest root disk that the image may be booted with, in GiB.
    type: int
  min_ram:
    description:
      - The least memory that the image may be booted with, in MiB.
    type: int
  properties:
    description:
      - Further properties.
    type: dict
  description:
    description:
      - What is in the image, for people.
    type: str
  shared:
    description:
      - Whether every project may use it; for a new image that does not say so V(true), and V(false) for one that is
        made of an instance.
    type: bool
  announced:
    description:
      - What the action plugin of this module tells it of the files where Ansible runs. Not to be set in a
        task.
    type: dict
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.image_info
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Make a small disk to have something to show
  delegate_to: localhost
  ansible.builtin.command:
    cmd: qemu-img create -f qcow2 /tmp/example.qcow2 64M
    creates: /tmp/example.qcow2

- name: Have it as an image
  stackwright.cloud.image:
    name: example
    src: /tmp/example.qcow2
    disk_format: qcow2
    min_ram: 64

- name: Remove it again
  stackwright.cloud.image:
    name: example
    state: absent

- name: Keep what is on the disk of an instance
  stackwright.cloud.image:
    name: example-of-web1
    instance: web1

- name: Remove that again
  stackwright.cloud.image:
    name: example-of-web1
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
    - The image as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 8a3f4d8e-4b6e-4a55-9f43-58bd1b0b3b34
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

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "image",
        {
            "src": {"type": "path"},
            "remote_src": {"type": "bool", "default": False},
            "instance": {"type": "str"},
            "disk_format": {"type": "str", "choices": ["qcow2", "raw"]},
            "min_disk": {"type": "int"},
            "min_ram": {"type": "int"},
            "properties": {"type": "dict"},
            "description": {"type": "str"},
            "shared": {"type": "bool"},
            "announced": {"type": "dict"},
        },
        required_by={"disk_format": ["src"]},
        mutually_exclusive=[["src", "instance"]],
    ).run()


if __name__ == "__main__":
    main()
