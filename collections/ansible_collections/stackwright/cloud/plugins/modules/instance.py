#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: instance
short_description: Keep an instance
version_added: 0.1.0
description:
  - An instance is a virtual machine. It is placed on a host that has room for it, with its disks, its ports
    and a config drive.
  - Everything about it can be changed. What can only be changed by making it anew, or would make its disk
    smaller, happens only if O(allow_loss_of) names it.
options:
  state:
    description:
      - Whether the instance shall be there.
      - V(present) starts it when it is created, and leaves its power alone from then on.
      - V(started) and V(stopped) also keep it running or stopped.
      - V(rebooted) reboots it once each time, so it is never unchanged.
      - V(shelved) takes it off its host until it is V(started) again, which places it anew. It is shut down, its root
        disk is kept as an image, and what it claimed of its host is free. Its ports and addresses stay its own. Its
        second disk is lost, so O(allow_loss_of) has to name it where it has one. V(present) and V(stopped) leave it
        there.
      - V(rebuilt) gives it a fresh root disk once each time, made from its O(image), and starts it unless it is kept
        stopped. It keeps its id, ports, addresses and second disk. O(allow_loss_of) has to name it, as what is on the
        root disk is lost.
    type: str
    choices:
      - present
      - started
      - stopped
      - rebooted
      - rebuilt
      - shelved
      - absent
    default: present
  image:
    description:
      - Name or id of the image that it boots from. Needed when the instance is new, unless it is adopted.
    type: str
  flavor:
    description:
      - Name or id of the flavor, its size. Needed when the instance is new, unless it is adopted.
    type: str
  adopt:
    description:
      - Name or UUID of a guest on O(host) that was not made here. It becomes this instance, whose id is its UUID, and
        runs on undisturbed; all that is written is our mark in its metadata.
      - Its power is looked after from then on, where O(state) says so. Everything else stays as it was made, so the
        options that would change it are refused. Its disks are never touched, and V(absent) only takes the mark off.
    type: str
  resize:
    description:
      - With V(trial), another O(flavor) is tried. Until it is confirmed or reverted, the larger of both sizes stays
        claimed and the disks stay as they are, so that going back loses nothing.
      - V(confirmed) keeps the new flavor, and now the disks grow to its size. V(reverted) returns to the flavor from
        before. Where nothing waits, they change nothing.
      - Processors and memory come with the next start, in all three; O(state=rebooted) is one.
    type: str
    choices:
      - trial
      - confirmed
      - reverted
  networks:
    description:
      - Its network cards, in order. Where it is not given, there is one, on the only network of the project.
    type: list
    elements: dict
    suboptions:
      network:
        description:
          - Name or id of a network. A port is made on it, which goes with the instance.
        type: str
      subnet:
        description:
          - Name or id of the subnet that the address is to be on; it may stand for its network.
        type: str
      port:
        description:
          - Name or id of a port that exists.
        type: str
      fixed_ip:
        description:
          - The address on the network; where it is not given, the first one that is free.
        type: str
  keypair:
    description:
      - Name or id of the keypair that it accepts for login.
    type: str
  security_groups:
    description:
      - Names or ids of security groups for the ports that it makes. Where it is not given, it is the group
        V(default).
    type: list
    elements: str
  user_data:
    description:
      - 'What the first boot is told: a script, or a configuration of cloud-init. It is kept secret.'
    type: str
  metadata:
    description:
      - Pairs of words that the instance finds on its config drive.
    type: dict
  tags:
    description:
      - Words to find it by; their order means nothing.
    type: list
    elements: str
  hostname:
    description:
      - What the guest is told that it is called. Where it is not given, it is what is left of O(name) as a host's;
        V('') returns to that.
    type: str
  personality:
    description:
      - 'Files that the guest gets with its config drive: their absolute paths there, and their text. They are
        kept secret. cloud-init writes them at the first boot.'
    type: dict
  config_drive:
    description:
      - Whether it gets a config drive, in OpenStack's format; V(true) for a new instance that does not say
        so.
    type: bool
  floating_ip:
    description:
      - Name or id of an external network. An address of it is taken that leads to the instance, and goes with
        it; V('') gives it back.
    type: str
  availability_zone:
    description:
      - The availability zone that it is placed in. An instance that is in another one moves.
    type: str
  host:
    description:
      - Name or id of the host that it must be on; V('') for any.
      - An instance that is on another one moves there, while it runs, or with its disks where it is off. Give
        V('') afterwards if it need not stay there.
    type: str
  server_group:
    description:
      - Name or id of the server group whose policy places it; V('') for none.
    type: str
  description:
    description:
      - What the instance is for, for people.
    type: str
  announced:
    description:
      - What the action plugin of this module tells it. Not to be set in a task.
    type: dict
extends_documentation_fragment:
  - stackwright.cloud.resource
  - stackwright.cloud.project
  - stackwright.cloud.attributes
seealso:
  - module: stackwright.cloud.instance_info
  - module: stackwright.cloud.server_group
  - module: stackwright.cloud.resources
author:
  - Contributors to the Stackwright project (@stackwright)
attributes:
  idempotent:
    support: partial
    details:
      - With O(state=rebooted) every run reboots once, and with O(state=rebuilt) every run rebuilds once.
"""

EXAMPLES = r"""
# These use what examples/playbooks/first-cloud.yml makes.
- name: Have an instance that is reachable from outside
  stackwright.cloud.instance:
    name: example
    image: guest
    flavor: m1.tiny
    keypair: first-cloud
    networks:
      - network: private
    security_groups:
      - web
    floating_ip: public
    metadata:
      role: example
  register: example

- name: Show its addresses
  ansible.builtin.debug:
    var: example.resource.addresses

- name: Try another flavor, and restart it into that
  stackwright.cloud.instance:
    name: example
    flavor: c1.micro
    resize: trial
    state: rebooted

- name: Return to the one from before
  stackwright.cloud.instance:
    name: example
    resize: reverted
    state: rebooted

- name: Start over on a fresh disk
  stackwright.cloud.instance:
    name: example
    state: rebuilt
    allow_loss_of:
      - example

- name: Free its host
  stackwright.cloud.instance:
    name: example
    state: shelved

- name: Bring it back
  stackwright.cloud.instance:
    name: example
    state: started

- name: Stop it
  stackwright.cloud.instance:
    name: example
    state: stopped

- name: Ask whether it may be on the host where it is (on another one, it would move)
  stackwright.cloud.instance:
    name: example
    host: "{{ example.resource.host }}"
  check_mode: true

- name: Remove it
  stackwright.cloud.instance:
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
resource:
  description:
    - The instance as declared, and what was allocated for it; nothing where it is absent.
  returned: success
  type: dict
  sample:
    id: 3f1c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7
    name: example
    kind: instance
    status: active
    project: default
    host: cloud1
    pinned: false
    image: guest
    flavor: m1.tiny
    keypair: first-cloud
    addresses:
      - network: private
        ip_address: 10.10.0.7
        floating_ip_address: 172.24.4.53
        mac_address: fa:16:3e:7a:8b:9c
    vcpus: 1
    ram: 512
    root_gib: 1
    ephemeral_gib: 0
    resize:
    flavor_before:
    shelved: false
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import ResourceModule


def main():
    ResourceModule(
        "instance",
        {
            "image": {"type": "str"},
            "flavor": {"type": "str"},
            "adopt": {"type": "str"},
            "resize": {"type": "str", "choices": ["trial", "confirmed", "reverted"]},
            "networks": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "network": {"type": "str"},
                    "subnet": {"type": "str"},
                    "port": {"type": "str"},
                    "fixed_ip": {"type": "str"},
                },
            },
            "keypair": {"type": "str", "no_log": False},
            "security_groups": {"type": "list", "elements": "str"},
            "user_data": {"type": "str", "no_log": True},
            "metadata": {"type": "dict"},
            "tags": {"type": "list", "elements": "str"},
            "hostname": {"type": "str"},
            "personality": {"type": "dict", "no_log": True},
            "config_drive": {"type": "bool"},
            "floating_ip": {"type": "str"},
            "availability_zone": {"type": "str"},
            "host": {"type": "str"},
            "server_group": {"type": "str"},
            "description": {"type": "str"},
            "announced": {"type": "dict"},
        },
        states=("present", "started", "stopped", "rebooted", "rebuilt", "shelved", "absent"),
    ).run()


if __name__ == "__main__":
    main()
