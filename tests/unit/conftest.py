# SPDX-License-Identifier: Apache-2.0
"""The plugins of the collection can be imported, as Ansible does it."""

from pathlib import Path

from ansible.plugins.loader import init_plugin_loader

init_plugin_loader([str(Path(__file__).resolve().parents[2] / "collections")])
