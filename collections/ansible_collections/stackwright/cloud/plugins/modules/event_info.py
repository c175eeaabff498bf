#!/usr/bin/python
# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: event_info
short_description: Look at what happened
version_added: 0.1.0
description:
  - 'Tells the latest events, oldest first: what was created, updated and deleted, by whom, and what failed.'
options:
  limit:
    description:
      - How many events at most.
    type: int
    default: 100
  after:
    description:
      - Only events with a higher number than this.
    type: int
    default: 0
  resource:
    description:
      - Only events of the resource with this id; of all of them where it is empty.
    type: str
    default: ''
  project:
    description:
      - Only events of this project; of all of them where it is not given.
    type: str
extends_documentation_fragment:
  - stackwright.cloud.attributes.info_module
author:
  - Contributors to the Stackwright project (@stackwright)
"""

EXAMPLES = r"""
- name: Look at the last ten events
  stackwright.cloud.event_info:
    limit: 10
"""

RETURN = r"""
events:
  description:
    - The events.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 42
      at: '2026-01-01T12:00:00+00:00'
      actor: admin
      project: default
      resource: 3f1c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7
      kind: instance
      name: web1
      action: created
      message: ''
      owner: ''
      path: ''
"""

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import EventModule


def main():
    EventModule().run()


if __name__ == "__main__":
    main()
