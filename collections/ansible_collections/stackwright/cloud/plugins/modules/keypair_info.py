#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keypair_info
short_description: Look at keypairs
version_added: 0.1.0
description:
  - Tells what is known of the keypairs of a project, as M(stackwright.cloud.keypair) does, and changes nothing.
extends_documentation_fragment:
  - stackwright.cloud.info
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.keypair
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at all keypairs
  stackwright.cloud.keypair_info:
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.keypairs | map(attribute='name') }}"

- name: Look at one of them
  stackwright.cloud.keypair_info:
    name: first-cloud
"""

RETURN = r"""
keypairs:
  description:
    - The keypairs that were found.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 5b1f2f39-3e63-46b1-bc0f-a1f4d0a4c7d7
      name: example
      kind: keypair
      status: active
      project: default
      public_key: ssh-ed25519 AAAA... example
      fingerprint: SHA256:Yb1ZfHu0Hg8r0b3Xc3CqjXKqkvqWCqE0l0HXzG1jXZ4
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import InfoModule


def main():
    InfoModule("keypair").run()


if __name__ == "__main__":
    main()
