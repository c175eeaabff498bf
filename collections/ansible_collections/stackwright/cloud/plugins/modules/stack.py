#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack
short_description: Keep a stack
version_added: 0.1.0
description:
  - A stack is everything that a HOT template describes, declared, changed and removed as one thing.
  - The template is on the machine where Ansible runs, and so are its environments and all files that these name. They
    are read there, also from a vault. C(http) and C(https) URLs are fetched from there.
options:
  name:
    description:
      - Name of the stack, by which it is found again.
    type: str
    required: true
  state:
    description:
      - V(present) makes the stack what the template says. Without O(template) it stays as it is, but for the other
        options that are given.
      - V(absent) removes it with everything that it made, but for what the template says to retain.
      - V(suspended) stops its instances and V(resumed) starts them again. These change nothing else.
      - V(checked) changes nothing, and tells in RV(ignore:drift) what differs from what is recorded. Declaring the
        stack again mends that.
      - V(cancelled) asks whoever is at work on it to stop, and does not wait for that. What is under way ends, what is
        done stays done, and the task that was at work fails; with its O(rollback) it takes back what it did.
      - Only V(present) looks at O(template), O(environment), O(parameters), O(tags), O(ttl), O(rollback)
        and O(adopt).
    type: str
    choices:
      - present
      - absent
      - suspended
      - resumed
      - checked
      - cancelled
    default: present
  template:
    description:
      - File or URL of the template, looked for as M(ansible.builtin.copy) does.
      - It declares the whole; with it, O(environment) and O(parameters) that are not given are empty.
    type: path
  environment:
    description:
      - Files or URLs of environments, in their order. Later ones win. They come with O(template).
    type: list
    elements: path
  parameters:
    description:
      - Values of the template's parameters; they win over those of the environments. It is the whole dictionary.
      - What the template calls hidden is shown nowhere.
    type: dict
  tags:
    description:
      - Words that the stack can be found by; the whole list.
    type: list
    elements: str
  rollback:
    description:
      - Whether a stack that could not be made complete becomes what it was before, or goes again if it is new.
        The task fails all the same.
      - Data that was lost by what O(allow_loss_of) allowed does not come back.
    type: bool
    default: false
  ttl:
    description:
      - After which time the controller removes the stack, as V(900) (seconds), V(30m), V(2h) or V(7d); V(0) for
        never.
      - The time runs from when this value was first given, so that running the task again changes nothing.
    type: str
  adopt:
    description:
      - Resources of the project that become the stack's own, instead of being made, by path in its template. Each is
        given by name or id. It stays what it is, but for what the template says of it, and keeps its name where that
        gives it none.
      - What the stack has at a path already stays there. What belongs to something else, or is of another kind, is
        refused.
      - From then on it goes with the stack, unless its C(deletion_policy) is V(Retain). That cannot be rolled back.
    type: dict
  timeout:
    description:
      - Seconds after which nothing more is begun, from when nobody else is waited for; V(0) for no end. What is under
        way ends, what is done stays done, and the task fails; running it again goes on.
      - With O(rollback) it takes back what it did, in as much time as that takes.
    type: int
    default: 0
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
  - module: stackwright.cloud.stack_info
  - module: stackwright.cloud.stack_snapshot
  - module: stackwright.cloud.stack_resource_info
  - module: stackwright.cloud.stack_event_info
  - module: stackwright.cloud.stack_validate
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Have the stack for two hours
  stackwright.cloud.stack:
    name: example
    template: examples/stacks/hello.yaml
    parameters:
      cidr: 10.77.0.0/24
    tags: [ci]
    ttl: 2h
    rollback: true
  register: hello

- name: Show what it tells
  ansible.builtin.debug:
    msg: "{{ hello.outputs.greeting }}"

- name: See whether anybody changed it by hand
  stackwright.cloud.stack:
    name: example
    state: checked
  register: looked
  failed_when: looked.drift | length > 0

- name: Stop its instances
  stackwright.cloud.stack:
    name: example
    state: suspended

- name: Have whoever is at work on it stop
  stackwright.cloud.stack:
    name: example
    state: cancelled

- name: Remove it again
  stackwright.cloud.stack:
    name: example
    state: absent
"""

RETURN = r"""
action:
  description:
    - What was done, or in check mode would be; V(repaired) where the record was right and a backend was not.
  returned: unless nothing was accepted, and not with O(state=cancelled)
  type: str
  sample: created
outputs:
  description:
    - The outputs of the template, with their real values, also those that are secret. What is generated when the stack
      is made is V((generated\)) in check mode.
  returned: unless nothing was accepted, and not with O(state=cancelled)
  type: dict
  sample:
    greeting: Hello from 10.77.0.0/24
resources:
  description:
    - What the stack consists of, by path.
  returned: unless nothing was accepted, and not with O(state=cancelled)
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
changes:
  description:
    - The resources that changed, or in check mode would change.
  returned: unless nothing was accepted, and not with O(state=cancelled)
  type: list
  elements: dict
  sample:
    - path: network
      type: OS::Neutron::Net
      action: created
msg:
  description:
    - Who was asked to stop, or that nobody is at work.
  returned: when O(state=cancelled)
  type: str
  sample: "root: stack example is asked to stop"
drift:
  description:
    - What differs from the record, by resource, with the C(action) that would mend it, an C(error) where nothing can be
      said about it, and the C(changes) of the objects that the backends hold for it.
  returned: when O(state=checked)
  type: list
  elements: dict
  sample:
    - path: web
      type: OS::Nova::Server
      kind: instance
      action: repaired
      error: ''
      changes: []
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._stack import StackModule


def main():
    StackModule().run()


if __name__ == "__main__":
    main()
