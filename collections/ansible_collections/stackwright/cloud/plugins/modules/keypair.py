#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keypair
short_description: Keep a keypair
version_added: 0.1.0
description:
  - A keypair is the public half of an SSH key, which instances accept for login.
  - With O(private_key_file), an ed25519 key is made where Ansible runs, if there is none yet. The private
    key never leaves that machine.
options:
  public_key:
    description:
      - The public key in OpenSSH's format, the content of a C(.pub) file.
    type: str
  public_key_file:
    description:
      - A file with the public key, on the machine where Ansible runs.
    type: path
  private_key_file:
    description:
      - A file with the private key, on the machine where Ansible runs. The public key is taken from it.
      - If there is no such file, a key is made, without passphrase and with mode 0600, and its public half
        is written beside it, with C(.pub) at the end of its name. A folder that is not there is made, with
        mode 0700. An existing file is never changed.
      - In check mode no file is written, so the public key and the fingerprint in the result stand for those
        that will be made.
    type: path
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
notes:
  - Files are looked for as those of M(ansible.builtin.copy); a relative O(private_key_file) starts at the
    playbook.
seealso:
  - module: stackwright.cloud.keypair_info
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a keypair, and make the key if there is none
  stackwright.cloud.keypair:
    name: example
    private_key_file: ~/.ssh/stackwright-example

- name: Remove it from the cloud; the files stay
  stackwright.cloud.keypair:
    name: example
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
    - The keypair as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 5b1f2f39-3e63-46b1-bc0f-a1f4d0a4c7d7
    name: example
    kind: keypair
    status: active
    project: default
    public_key: ssh-ed25519 AAAA... example
    fingerprint: SHA256:Yb1ZfHu0Hg8r0b3Xc3CqjXKqkvqWCqE0l0HXzG1jXZ4
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "keypair",
        {
            "public_key": {"type": "str", "no_log": False},
            "public_key_file": {"type": "path", "no_log": False},
            "private_key_file": {"type": "path", "no_log": False},
        },
        mutually_exclusive=[["public_key", "public_key_file", "private_key_file"]],
    ).run()


if __name__ == "__main__":
    main()
