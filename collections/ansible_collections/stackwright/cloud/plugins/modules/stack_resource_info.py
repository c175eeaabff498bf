#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_resource_info
short_description: Look at what a stack consists of
version_added: 0.1.0
description:
  - Tells the resources of a stack, also those of the templates inside it, and changes nothing.
options:
  stack:
    description:
      - Name or id of the stack.
    type: str
    required: true
  path:
    description:
      - Only the resource at this path; all of them where it is empty.
    type: str
    default: ''
  attributes:
    description:
      - Whether to tell the attributes of each as well, as C(get_attr) in a template does, but for secrets.
    type: bool
    default: false
extends_documentation_fragment:
  - stackwright.cloud.project
  - stackwright.cloud.attributes.info_module
seealso:
  - module: stackwright.cloud.stack
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a stack to look at
  stackwright.cloud.stack:
    name: example
    template: examples/stacks/hello.yaml

- name: Look at its subnet
  stackwright.cloud.stack_resource_info:
    stack: example
    path: subnet
    attributes: true
  register: found

- name: Show where its gateway is
  ansible.builtin.debug:
    msg: "{{ found.resources[0].attributes.gateway_ip }}"

- name: Remove it again
  stackwright.cloud.stack:
    name: example
    state: absent
"""

RETURN = r"""
resources:
  description:
    - The resources, by path.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description:
        - Where it is in the templates.
      type: str
      sample: web/0/server
    type:
      description:
        - Its type in the template.
      type: str
      sample: OS::Nova::Server
    kind:
      description:
        - Its kind.
      type: str
      sample: instance
    id:
      description:
        - Its id.
      type: str
    name:
      description:
        - Its name.
      type: str
      sample: shop-web-0-server-1f0c2f3e
    status:
      description:
        - V(active), V(pending), V(error), V(deleting) or V(missing).
      type: str
      sample: active
    message:
      description:
        - Why it failed, in one sentence.
      type: str
      sample: ''
    host:
      description:
        - The host that it is on, if it is on one.
      type: str
      sample: cloud1
    attributes:
      description:
        - Its attributes.
      type: dict
      returned: when O(attributes=true)
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._stack import StackResourceInfoModule


def main():
    StackResourceInfoModule().run()


if __name__ == "__main__":
    main()
