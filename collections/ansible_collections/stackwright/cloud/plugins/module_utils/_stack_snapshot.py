# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.
"""The modules of snapshots of stacks."""

from __future__ import annotations

from typing import Any

from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import (
    PROJECT,
    REQUEST_OPTIONS,
    DeclaringModule,
    InfoModule,
)

try:
    from stackwright import stack_snapshots, stacks
    from stackwright.cloud import Cloud, local_actor
    from stackwright.engine.request import Request, Result
    from stackwright.engine.resource import Wish
    from stackwright.present import report
except ImportError:
    pass  # CloudModule says so


class StackSnapshotModule(DeclaringModule):
    """Takes a snapshot of a stack, removes it, or makes the stack again what it was then."""

    def __init__(self) -> None:
        options = dict(
            name={"type": "str", "required": True},
            state={"type": "str", "default": "present", "choices": ["present", "absent", "restored"]},
            stack={"type": "str"},
            project=PROJECT,
            **REQUEST_OPTIONS,
        )
        super().__init__(options, required_if=[("state", "present", ["stack"])])

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """Make it true."""
        state, check = self.params["state"], self.module.check_mode
        request = Request(
            (Wish("stack_snapshot", self.params["name"], present=state != "absent"),),
            local_actor(),
            self.params["project"],
            label=self.params["label"] or "",
            allow_loss_of=frozenset(self.params["allow_loss_of"]),
        )
        if state == "restored":
            return self._restored(stack_snapshots.restore(cloud, request, check))
        taken = state == "present"
        result = (
            stack_snapshots.take(cloud, request, self.params["stack"], check) if taken else cloud.ensure(request, check)
        )
        entry = next(iter(report(result)), {"action": "none", "resource": None})
        return dict(self.told(result), action=entry["action"], resource=entry["resource"])

    def _restored(self, result: Result) -> dict[str, Any]:
        entry = report(result)[0]  # the stack; after it images of what went with it
        changes = [{key: item[key] for key in ("path", "type", "action")} for item in stacks.changes(result)]
        told = {"action": entry["action"], "resource": entry["resource"]}
        return dict(self.told(result), **told, outputs=stacks.outputs(result), changes=changes)


class StackSnapshotInfoModule(InfoModule):
    """Tells what is known of snapshots."""

    def __init__(self) -> None:
        super().__init__("stack_snapshot", {"stack": {"type": "str"}})

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """Look for those of the stack."""
        told, stack = super().answer(cloud), self.params["stack"]
        found = told["stack_snapshots"]
        return dict(told, stack_snapshots=[item for item in found if stack in (None, item["stack"])])
