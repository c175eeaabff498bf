#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_validate
short_description: Find what is wrong with a template
version_added: 0.1.0
description:
  - Reads a HOT template with its environments and all files that these name, and tells everything that is wrong with
    it. Changes nothing, and does not fail for what it finds.
  - Whether what it names is there (a flavor, an image) only shows when the stack is declared; check mode of
    M(stackwright.cloud.stack) tells it.
options:
  template:
    description:
      - File or URL of the template, where Ansible runs, looked for as M(ansible.builtin.copy) does.
    type: path
    required: true
  environment:
    description:
      - Files or URLs of environments, in their order. Later ones win.
    type: list
    elements: path
  parameters:
    description:
      - Values of the template's parameters.
    type: dict
  announced:
    description:
      - What the action plugin of this module tells it of the files where Ansible runs. Not to be set in a
        task.
    type: dict
extends_documentation_fragment:
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.stack
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at the template
  stackwright.cloud.stack_validate:
    template: examples/stacks/hello.yaml
  register: found

- name: Nothing is wrong with it
  ansible.builtin.assert:
    that: found.valid
    fail_msg: "{{ found.errors }}"
"""

RETURN = r"""
valid:
  description:
    - Whether nothing is wrong, and every type can be had here.
  returned: success
  type: bool
errors:
  description:
    - What is wrong.
  returned: success
  type: list
  elements: dict
  contains:
    file:
      description:
        - The file, as the template names it.
      type: str
      sample: hello.yaml
    line:
      description:
        - The line; 0 where there is none.
      type: int
      sample: 12
    path:
      description:
        - Where it is in the file.
      type: str
      sample: resources.subnet.properties.cidr
    message:
      description:
        - What is wrong, in one sentence.
      type: str
unsupported:
  description:
    - Types of resources that cannot be had here, each with the service that is missing.
  returned: success
  type: dict
  sample:
    OS::Cinder::Volume: volumes
needed:
  description:
    - Parameters that have to be given.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._stack import StackValidateModule


def main():
    StackValidateModule().run()


if __name__ == "__main__":
    main()
