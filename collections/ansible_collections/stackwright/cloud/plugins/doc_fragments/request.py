# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  label:
    description:
      - A word that is written on what is declared, by which M(stackwright.cloud.resources) finds it again
        with O(stackwright.cloud.resources#module:state=exact). Where it is not given, labels stay as they
        are.
    type: str
  allow_loss_of:
    description:
      - 'Names of the resources whose data may be lost, where the change needs that: an instance that starts
        from another image, or whose disk shrinks.'
      - Without its name here, such a change is refused, and nothing is touched.
    type: list
    elements: str
    default: []
requirements:
  - The library stackwright in the Python that runs the module. The role stackwright.cloud.controller puts
    it into C(/opt/stackwright) on the controller.
notes:
  - Runs on the controller, with C(ansible_python_interpreter=/opt/stackwright/bin/python), as the shipped
    inventories have it, and as root.
  - An option that is not given stays as it is. A list that is given is the whole list.
"""
