# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.
"""The modules of stacks. What their action plugins read where Ansible runs comes in the option `announced`."""

from __future__ import annotations

import re
import traceback
from typing import Any

from ansible_collections.stackwright.cloud.plugins.module_utils import _cloud
from ansible_collections.stackwright.cloud.plugins.module_utils._cloud import (
    ANNOUNCED,
    PROJECT,
    REQUEST_OPTIONS,
    CloudModule,
    DeclaringModule,
    InfoModule,
)

try:
    from stackwright import stacks
    from stackwright.cloud import Cloud, local_actor
    from stackwright.engine.errors import InvalidInput
    from stackwright.engine.request import Request, Result
    from stackwright.engine.resource import Wish
    from stackwright.exports import export
    from stackwright.orchestration.hidden import SHORT, hidden_texts, without
    from stackwright.present import happened, report
except ImportError:  # an older library has the rest
    _cloud.LIBRARY_ERROR = _cloud.LIBRARY_ERROR or traceback.format_exc()

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
TEMPLATE = {
    "template": {"type": "path"},
    "environment": {"type": "list", "elements": "path"},
    "parameters": {"type": "dict"},
    "announced": ANNOUNCED,
}


class StackModule(DeclaringModule):
    """Declares a stack, or says what shall become of one."""

    def __init__(self) -> None:
        options = dict(
            name={"type": "str", "required": True},
            state={
                "type": "str",
                "default": "present",
                "choices": ["present", "absent", "suspended", "resumed", "checked", "cancelled"],
            },
            timeout={"type": "int", "default": 0},
            tags={"type": "list", "elements": "str"},
            rollback={"type": "bool", "default": False},
            ttl={"type": "str"},
            adopt={"type": "dict"},
            project=PROJECT,
            **TEMPLATE,
            **REQUEST_OPTIONS,
        )
        # Parameters and files may hold secrets, so they stay out of the system log.
        super().__init__(options, no_log=True)

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """Make it true, look whether it is, or stop whoever makes it so."""
        name, project = self.params["name"], self.params["project"]
        if self.params["state"] == "cancelled":
            purpose = cloud.cancel(name, project, local_actor(), self.module.check_mode)
            words = f"{purpose} is asked to stop" if purpose else f"nobody is at work on stack {name}"
            return {"changed": bool(purpose), "msg": words}
        spec = _source(self.params)
        hidden = stacks.secrets(cloud, name, project, spec)
        self.params["parameters"] = without(hidden, self.params["parameters"])
        self.module.no_log_values.update(text for text in hidden if len(text) >= SHORT)
        told = self._checked(cloud) if self.params["state"] == "checked" else self._declared(cloud, spec)
        if not told["errors"]:
            # The outputs are told as they are. Nothing else has a secret in it.
            self.module.no_log_values.difference_update(hidden)
        return told

    def _checked(self, cloud: Cloud) -> dict[str, Any]:
        result = stacks.checked(cloud, self.params["name"], self.params["project"])
        return dict(self._told_of(result), changed=False, errors=[], changes=[], drift=stacks.changes(result))

    def _declared(self, cloud: Cloud, spec: dict[str, Any]) -> dict[str, Any]:
        request = Request(
            (self._wish(cloud, spec),),
            local_actor(),
            self.params["project"],
            label=self.params["label"] or "",
            allow_loss_of=frozenset(self.params["allow_loss_of"]),
            timeout=self.params["timeout"],
        )
        result = stacks.declare(cloud, request, self.params["rollback"], self.module.check_mode)
        changes = [{key: item[key] for key in ("path", "type", "action")} for item in stacks.changes(result)]
        return dict(self.told(result), **self._told_of(result), changes=changes)

    def _told_of(self, result: Result) -> dict[str, Any]:
        entry = next(iter(report(result)), {"action": "none", "resource": None})
        resources = entry["resource"]["resources"] if entry["resource"] else []
        return {"action": entry["action"], "outputs": stacks.outputs(result), "resources": resources}

    def _wish(self, cloud: Cloud, spec: dict[str, Any]) -> Wish:
        name, project, state = (self.params[key] for key in ("name", "project", "state"))
        if state == "absent":
            return Wish("stack", name, present=False)
        if state in ("suspended", "resumed"):
            stacks.find(cloud, name, project)
            return Wish("stack", name, spec={"suspended": state == "suspended"})
        if self.params["environment"] and not self.params["announced"]:
            raise InvalidInput(f"stack {name}: environments belong to a template; give template as well")
        tags = {} if self.params["tags"] is None else {"tags": self.params["tags"]}
        ttl = self.params["ttl"]
        ends = {} if ttl is None else stacks.lifetime(cloud, name, project, seconds(ttl))
        adopt = {} if self.params["adopt"] is None else {"adopt": self.params["adopt"]}
        return Wish("stack", name, spec={**spec, **tags, **ends, **adopt})


class StackValidateModule(CloudModule):
    """Tells what is wrong with a template."""

    def __init__(self) -> None:
        super().__init__({**TEMPLATE, "template": {"type": "path", "required": True}}, no_log=True)

    def run(self) -> None:
        """Read it; needs no cloud. What is wrong is what was asked for, and no failure."""
        spec = _source(self.params)
        hidden = hidden_texts(spec)
        self.params["parameters"] = without(hidden, self.params["parameters"])
        self.module.no_log_values.update(text for text in hidden if len(text) >= SHORT)
        found = stacks.validated(spec["template"], spec["files"], spec["environments"], spec["parameters"])
        self.module.exit_json(changed=False, **found)


class StackInfoModule(InfoModule):
    """Tells what is known of stacks."""

    def __init__(self) -> None:
        tags = {"type": "list", "elements": "str", "default": []}
        super().__init__("stack", {"tags": tags, "export": {"type": "bool", "default": False}})

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """Look for those with all the tags."""
        told = super().answer(cloud)
        wanted = set(self.params["tags"])
        found = [stack for stack in told["stacks"] if wanted <= set(stack["tags"])]
        if self.params["export"]:
            picture = cloud.picture()
            found = [{**stack, "export": export(picture.resources[stack["id"]], picture)} for stack in found]
        return dict(told, stacks=found)


class StackResourceInfoModule(CloudModule):
    """Tells what a stack consists of."""

    def __init__(self) -> None:
        super().__init__(
            {
                "stack": {"type": "str", "required": True},
                "path": {"type": "str", "default": ""},
                "attributes": {"type": "bool", "default": False},
                "project": PROJECT,
            }
        )

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """Look."""
        asked = [self.params[key] for key in ("stack", "project", "path", "attributes")]
        return {"changed": False, "resources": stacks.resources(cloud, *asked)}


class StackEventModule(CloudModule):
    """Tells what happened to a stack and to what it owns."""

    def __init__(self) -> None:
        super().__init__(
            {
                "stack": {"type": "str", "required": True},
                "limit": {"type": "int", "default": 100},
                "after": {"type": "int", "default": 0},
                "project": PROJECT,
            }
        )

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """Read."""
        rows = stacks.events(cloud, *(self.params[key] for key in ("stack", "project", "limit", "after")))
        return {"changed": False, "events": happened(rows, cloud.find("project"))}


def seconds(ttl: str) -> int:
    """How long 90, 30m, 2h or 7d are. Raises InvalidInput."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", ttl.strip())
    if not found:
        raise InvalidInput(f"ttl {ttl} is no time; write it like 900, 30m, 2h or 7d")
    return int(found[1]) * SECONDS[found[2]]


def _source(params: dict[str, Any]) -> dict[str, Any]:
    """What a task says of the template, as the library takes it: with a template all of it, otherwise what is given."""
    announced, parameters = params["announced"], params["parameters"]
    if announced:
        return dict(announced, parameters=parameters or {}, adopt={})
    return {} if parameters is None else {"parameters": parameters}
