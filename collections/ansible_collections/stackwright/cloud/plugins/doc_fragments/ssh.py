# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  controller:
    description:
      - The controller. Where an earlier inventory source has a host of this name, that host's connection variables are
        used, from the inventory and from C(group_vars) and C(host_vars) beside it.
      - With V(localhost), or where the host has C(ansible_connection=local), the command is run here, without SSH.
    type: str
    required: true
  command:
    description:
      - The controller's command line. It needs root, or the group of the controller's configuration. Another user who
        may use sudo without a password sets C(sudo -n stackwright).
    type: str
    default: stackwright
  host:
    description:
      - Name or address to connect to, if that is not O(controller).
    type: str
    vars:
      - name: ansible_host
      - name: ansible_ssh_host
  port:
    description:
      - Port to connect to. Without it, SSH's own configuration says.
    type: int
    ini:
      - section: defaults
        key: remote_port
    env:
      - name: ANSIBLE_REMOTE_PORT
    vars:
      - name: ansible_port
      - name: ansible_ssh_port
  remote_user:
    description:
      - User to log in as. Without it, SSH's own configuration says.
    type: str
    ini:
      - section: defaults
        key: remote_user
    env:
      - name: ANSIBLE_REMOTE_USER
    vars:
      - name: ansible_user
      - name: ansible_ssh_user
  private_key_file:
    description:
      - File of the private key to log in with.
    type: path
    ini:
      - section: defaults
        key: private_key_file
    env:
      - name: ANSIBLE_PRIVATE_KEY_FILE
    vars:
      - name: ansible_private_key_file
      - name: ansible_ssh_private_key_file
  host_key_checking:
    description:
      - Whether a controller with an unknown host key is refused.
    type: bool
    default: true
    ini:
      - section: defaults
        key: host_key_checking
      - section: ssh_connection
        key: host_key_checking
    env:
      - name: ANSIBLE_HOST_KEY_CHECKING
      - name: ANSIBLE_SSH_HOST_KEY_CHECKING
    vars:
      - name: ansible_host_key_checking
      - name: ansible_ssh_host_key_checking
  ssh_executable:
    description:
      - The SSH client.
    type: str
    default: ssh
    ini:
      - section: ssh_connection
        key: ssh_executable
    env:
      - name: ANSIBLE_SSH_EXECUTABLE
    vars:
      - name: ansible_ssh_executable
  ssh_args:
    description:
      - Arguments for the SSH client.
    type: str
    default: ''
    ini:
      - section: ssh_connection
        key: ssh_args
    env:
      - name: ANSIBLE_SSH_ARGS
    vars:
      - name: ansible_ssh_args
  ssh_common_args:
    description:
      - More of them.
    type: str
    default: ''
    ini:
      - section: ssh_connection
        key: ssh_common_args
    env:
      - name: ANSIBLE_SSH_COMMON_ARGS
    vars:
      - name: ansible_ssh_common_args
  ssh_extra_args:
    description:
      - Still more of them.
    type: str
    default: ''
    ini:
      - section: ssh_connection
        key: ssh_extra_args
    env:
      - name: ANSIBLE_SSH_EXTRA_ARGS
    vars:
      - name: ansible_ssh_extra_args
  timeout:
    description:
      - How long to wait for the connection, in seconds.
    type: int
    default: 10
    ini:
      - section: defaults
        key: timeout
      - section: ssh_connection
        key: timeout
    env:
      - name: ANSIBLE_TIMEOUT
      - name: ANSIBLE_SSH_TIMEOUT
    vars:
      - name: ansible_ssh_timeout
"""
