#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drift_info
short_description: Look at what differs from the record
version_added: 0.1.0
description:
  - Compares everything that is recorded with what the hosts and the network hold, and changes nothing. Declaring
    a resource again repairs it.
  - What belongs to a host that does not answer is listed with an C(error).
options:
  project:
    description:
      - Only what belongs to this project; all of it where it is not given.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.attributes.info_module
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look for drift
  stackwright.cloud.drift_info:
  register: found

- name: Nothing has drifted
  ansible.builtin.assert:
    that: found.drift | length == 0
"""

RETURN = r"""
drift:
  description:
    - The resources that differ.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description:
        - Its kind.
      type: str
      sample: instance
    name:
      description:
        - Its name.
      type: str
      sample: web1
    project:
      description:
        - Its project; empty for what belongs to none.
      type: str
      sample: default
    action:
      description:
        - What declaring it again would do.
      type: str
      sample: repaired
    error:
      description:
        - Why nothing can be said about it, in one sentence.
      type: str
      sample: ''
    changes:
      description:
        - 'What of the backends differs: for each object the action that would mend it, and the fields.'
      type: list
      elements: dict
orphans:
  description:
    - What carries the mark of this cloud but is not recorded.
  returned: always
  type: list
  elements: dict
  sample:
    - object: Domain
      name: 3f1c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7
      place: cloud1
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import DriftModule


def main():
    DriftModule().run()


if __name__ == "__main__":
    main()
