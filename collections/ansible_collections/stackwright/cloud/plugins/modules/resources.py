#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: resources
short_description: Keep many resources in one go
version_added: 0.1.0
description:
  - Declares any number of resources in one transaction and makes them true in one run, as far as possible
    at the same time. This is much faster than a task for each of them.
  - Their order does not matter. Either all of them are accepted, or none.
options:
  resources:
    description:
      - The resources. Each entry is a dictionary with one key, the kind, whose value has the options of the
        module of that kind, without O(project), O(label) and O(allow_loss_of).
      - An entry's own C(state) is respected, unless the task has O(state=absent).
      - Stacks and their snapshots have tasks of their own; see M(stackwright.cloud.stack).
    type: list
    elements: dict
    required: true
  state:
    description:
      - Whether the resources shall be there.
      - V(exact) also removes what carries O(label) and is not listed.
    type: str
    choices:
      - present
      - absent
      - exact
    default: present
  announced:
    description:
      - What the action plugin of this module tells it of the files where Ansible runs. Not to be set in a
        task.
    type: dict
extends_documentation_fragment:
  - stackwright.cloud.request
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.instance
  - module: stackwright.cloud.network
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have a network that leads outside, with an instance on it
  stackwright.cloud.resources:
    label: example
    state: exact
    resources:
      - network:
          name: example
      - subnet:
          name: example
          network: example
          cidr: 10.20.0.0/24
      - router:
          name: example
          external_network: public
          interfaces:
            - subnet: example
      - instance:
          name: example
          image: guest
          flavor: m1.tiny
          networks:
            - network: example
          floating_ip: public

- name: Remove all of it again
  stackwright.cloud.resources:
    label: example
    state: exact
    resources: []
"""

RETURN = r"""
placement:
  description:
    - Where no host may take an instance, what speaks against each of them.
  returned: when there is no such host
  type: list
  elements: dict
  sample:
    - host: compute1
      filter: ram
      words: 1536 MiB of memory free, 2048 needed
results:
  description:
    - What became of each resource, in the order of the entries. What changed with them follows, as the instances
      of a flavor.
  returned: always, unless nothing was accepted
  type: list
  elements: dict
  contains:
    kind:
      description:
        - Its kind.
      type: str
      sample: network
    name:
      description:
        - Its name.
      type: str
      sample: example
    changed:
      description:
        - Whether it changed.
      type: bool
    action:
      description:
        - What was done, or in check mode would be; V(repaired) where the record was right and a backend was
          not.
      type: str
      sample: created
    error:
      description:
        - Why it failed, in one sentence.
      type: str
      sample: ''
    resource:
      description:
        - The resource as its own module returns it.
      type: dict
    diff:
      description:
        - Before and after as YAML, where it changed.
      type: dict
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourcesModule


def main():
    ResourcesModule().run()


if __name__ == "__main__":
    main()
