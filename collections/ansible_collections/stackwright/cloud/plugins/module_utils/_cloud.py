# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.
"""What all modules have in common: options become wishes, the library fulfils them, its report becomes the result.

Only this folder imports the library. Rules about what makes sense are the library's; here is only translation.
"""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

LIBRARY_ERROR = ""
try:
    from stackwright.cloud import Cloud, local_actor
    from stackwright.engine.errors import InvalidInput, StackwrightError
    from stackwright.engine.progress import Finished
    from stackwright.engine.request import Request, Result
    from stackwright.engine.resource import Wish
    from stackwright.present import affected, drifted, happened, report, text
except ImportError:
    LIBRARY_ERROR = traceback.format_exc()

COMMON = ("name", "state", "project", "label", "allow_loss_of", "announced")
STATES = {
    "host": {
        "enabled": {"state": "enabled"},
        "disabled": {"state": "disabled"},
        "drained": {"state": "drained"},
        "evacuated": {"state": "evacuated"},
    },
    "instance": {
        "started": {"power": "running", "shelved": False},
        "stopped": {"power": "stopped"},
        "rebooted": {},
        "rebuilt": {},
        "shelved": {"power": "stopped", "shelved": True},
    },
}
"""What a state says beyond that the resource is there."""
COUNTED = {"rebooted": "reboots", "rebuilt": "rebuilds"}
"""States that are reached anew in every run, and the option that counts how often."""
ALONE = ("stack", "stack_snapshot")
"""Kinds that need more than to be declared: their modules read files where Ansible runs, or disks."""
PROJECT = {"type": "str", "default": "default"}
ANNOUNCED = {"type": "dict"}
REQUEST_OPTIONS = {
    "label": {"type": "str"},
    "allow_loss_of": {"type": "list", "elements": "str", "default": []},
}


class CloudModule:
    """A module that speaks to the cloud of the host that it runs on."""

    def __init__(self, argument_spec: dict[str, Any], **options: Any) -> None:
        self.module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True, **options)
        self.params = self.module.params
        if LIBRARY_ERROR:
            self.module.fail_json(
                msg="The Python of this host has no library stackwright, or an older one; run the module on the "
                "controller, which the role stackwright.cloud.controller sets up, with /opt/stackwright/bin/python.",
                exception=LIBRARY_ERROR,
            )

    def run(self) -> None:
        """Answer, and end the module."""
        waited: dict[str, None] = {}
        try:
            with Cloud.open(say=waited.setdefault, progress=self.progress, say_transfer=self.tell) as cloud:
                told = self.answer(cloud)
        except StackwrightError as error:
            self.module.fail_json(msg=str(error), **error.told)
        for words in (*waited, *told.pop("warnings", ())):
            self.module.warn(words)
        errors = told.pop("errors", ())
        if errors:
            self.module.fail_json(msg="\n".join(errors), **told)
        self.module.exit_json(**told)

    def progress(self, finished: Finished) -> None:
        """A resource is finished while others are still at work."""

    def tell(self, line: str) -> None:
        """Something takes long, and is at this point."""

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """The module's result; with `errors`, sentences, it is a failure, and `warnings` are shown."""
        raise NotImplementedError


class DeclaringModule(CloudModule):
    """A module that makes something true. Its action plugin, if it has one, shows meanwhile what it is at."""

    def __init__(self, argument_spec: dict[str, Any], **options: Any) -> None:
        super().__init__(argument_spec, **options)
        self._began = time.monotonic()
        self._followed = (self.params.get("announced") or {}).pop("progress", "")

    def run(self) -> None:
        try:
            super().run()
        finally:
            if self._followed:
                Path(self._followed).unlink(missing_ok=True)

    def progress(self, finished: Finished) -> None:
        described = finished.owner and finished.owner.kind == "stack"
        what = finished.resource.key if described else finished.resource.title
        words = f"{what}: {finished.error}" if finished.error else what
        self.tell(f"{finished.number}/{finished.total}  {words}")

    def tell(self, line: str) -> None:
        """Write it down. Where that cannot be, the work goes on."""
        if self._followed:
            with contextlib.suppress(OSError), Path(self._followed).open("a") as file:
                file.write(f"{time.monotonic() - self._began:6.1f} s  {line}\n")

    def fulfil(self, cloud: Cloud, wishes: Iterable[Wish], project: str, exact: bool = False) -> Result:
        request = Request(
            tuple(wishes),
            local_actor(),
            project,
            label=self.params["label"] or "",
            exact=exact,
            allow_loss_of=frozenset(self.params["allow_loss_of"]),
        )
        return cloud.ensure(request, check=self.module.check_mode)

    def told(self, result: Result) -> dict[str, Any]:
        """What every result says."""
        changes = [entry for entry in [*report(result), *affected(result)] if entry["changed"]]
        diff = {"diff": [_diff(entry) for entry in changes]} if self.module._diff else {}
        return dict(changed=result.changed, warnings=result.warnings, errors=result.errors, **diff)

    def lacking(self, cloud: Cloud) -> list[str]:
        """Checksums of images whose content has to be brought here first; see the action plugins."""
        announced = (self.params.get("announced") or {}).values()
        return [item["checksum"] for item in announced if "path" not in item and not cloud.images.has(item["checksum"])]

    def wish(self, cloud: Cloud, kind: str, options: dict[str, Any], state: str, project: str) -> Wish:
        """What the options of one resource say."""
        name = str(options.get("name") or "")
        if state == "absent":
            return Wish(kind, name, present=False)
        spec = given({key: value for key, value in options.items() if key not in COMMON})
        if kind == "image":
            spec = self._content(name, spec)
        spec.update(_meaning(kind, name, state))
        if state in COUNTED:
            spec[COUNTED[state]] = _once_more(cloud, name, project, COUNTED[state])
        return Wish(kind, name, spec=spec)

    def _content(self, name: str, spec: dict[str, Any]) -> dict[str, Any]:
        """A `src` where Ansible runs becomes a file on this host, or the checksum of what the image store has."""
        spec = {key: value for key, value in spec.items() if key != "remote_src"}
        announced = (self.params.get("announced") or {}).get(name)
        if announced is None:
            return spec
        del spec["src"]
        brought = {"src": announced["path"]} if "path" in announced else {}
        return {**spec, **brought, "checksum": announced["checksum"]}


class ResourceModule(DeclaringModule):
    """Declares one resource. cloud_wide: the kind has no project; the option is there for module_defaults."""

    def __init__(
        self,
        kind: str,
        options: dict[str, Any],
        *,
        states: tuple[str, ...] = ("present", "absent"),
        cloud_wide: bool = False,
        **rules: Any,
    ) -> None:
        self.kind = kind
        self.cloud_wide = cloud_wide
        common = dict(
            name={"type": "str", "required": True},
            state={"type": "str", "default": "present", "choices": list(states)},
            project=PROJECT,
            **REQUEST_OPTIONS,
        )
        super().__init__({**common, **options}, **rules)

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """Make it true."""
        lacking = self.lacking(cloud)
        if lacking:
            return {"changed": False, "lacking": lacking}
        project = "" if self.cloud_wide else self.params["project"]
        result = self.fulfil(cloud, [self.wish(cloud, self.kind, self.params, self.params["state"], project)], project)
        entry = next(iter(report(result)), {"action": "none", "resource": None})
        return dict(self.told(result), action=entry["action"], resource=entry["resource"])


class ResourcesModule(DeclaringModule):
    """Declares many resources of any kind in one go."""

    def __init__(self) -> None:
        options = dict(
            resources={"type": "list", "elements": "dict", "required": True},
            state={"type": "str", "default": "present", "choices": ["present", "absent", "exact"]},
            project=PROJECT,
            announced=ANNOUNCED,
            **REQUEST_OPTIONS,
        )
        # Entries may hold secrets, so they stay out of the system log. In the result these are masked one by one:
        # no_log for the whole option would mask every name and address in it.
        super().__init__(options, no_log=True)
        self.module.no_log_values.update(_secrets(self.params["resources"]))

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """Make them all true."""
        lacking = self.lacking(cloud)
        if lacking:
            return {"changed": False, "lacking": lacking}
        state, project = self.params["state"], self.params["project"]
        wishes = [self._wish(cloud, kind, options) for kind, options in _entries(self.params["resources"])]
        result = self.fulfil(cloud, wishes, project, exact=state == "exact")
        keys = ("kind", "name", "changed", "action", "error", "resource")
        entries = [*report(result), *affected(result)]
        results = [
            dict({key: entry[key] for key in keys}, diff=_diff(entry) if entry["changed"] else {}) for entry in entries
        ]
        return dict(self.told(result), results=results)

    def _wish(self, cloud: Cloud, kind: str, options: dict[str, Any]) -> Wish:
        own = options.pop("state", None) or "present"
        state = "absent" if self.params["state"] == "absent" else own
        return self.wish(cloud, kind, options, state, self.params["project"])


class InfoModule(CloudModule):
    """Tells what is known of the resources of one kind. cloud_wide: as for `ResourceModule`."""

    def __init__(self, kind: str, options: dict[str, Any] | None = None, *, cloud_wide: bool = False) -> None:
        self.kind = kind
        self.cloud_wide = cloud_wide
        super().__init__(dict(name={"type": "str"}, project=PROJECT, **(options or {})))

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """Look."""
        project = "default" if self.cloud_wide else self.params["project"]
        found = cloud.tell(self.kind, self.params["name"] or "", project)
        silent = list(self._consoles(cloud, found)) if self.params.get("console_lines") else []
        return {"changed": False, f"{self.kind}s": found, "warnings": silent}

    def _consoles(self, cloud: Cloud, found: list[dict[str, Any]]) -> Iterator[str]:
        """Give each instance its console; why one that was not asked for by name has none, in a sentence."""
        for told in found:
            try:
                told["console"] = self._console(cloud, told["id"])
            except StackwrightError as error:
                if self.params["name"]:
                    raise
                told["console"] = ""
                yield str(error)

    def _console(self, cloud: Cloud, instance: str) -> str:
        (row,) = cloud.find("instance", instance, self.params["project"])
        return cloud.console(row, self.params["console_lines"])


class EventModule(CloudModule):
    """Tells what happened."""

    def __init__(self) -> None:
        super().__init__(
            {
                "limit": {"type": "int", "default": 100},
                "after": {"type": "int", "default": 0},
                "resource": {"type": "str", "default": ""},
                "project": {"type": "str"},
            }
        )

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """Read."""
        asked = {key: self.params[key] for key in ("limit", "after", "resource")}
        rows = cloud.events(**asked, project=self.params["project"] or "")
        return {"changed": False, "events": happened(rows, cloud.find("project"))}


class DriftModule(CloudModule):
    """Tells what differs between the record and the backends."""

    def __init__(self) -> None:
        super().__init__({"project": {"type": "str"}})

    def answer(self, cloud: Cloud) -> dict[str, Any]:
        """Look everywhere."""
        found = drifted(cloud.drift())
        project = self.params["project"]
        found["drift"] = [item for item in found["drift"] if project in (None, item["project"])]
        return dict(changed=False, **found)


def given(value: Any) -> Any:
    """Options without those that were not given."""
    if isinstance(value, dict):
        return {key: given(item) for key, item in value.items() if item is not None}
    return [given(item) for item in value] if isinstance(value, list) else value


def _meaning(kind: str, name: str, state: str) -> dict[str, Any]:
    """The options that a state stands for. Raises InvalidInput for one that the kind does not have."""
    known = {"present": {}, **STATES.get(kind, {})}
    if state not in known:
        words = ", ".join([*known, "absent"])
        raise InvalidInput(f"{kind} {name}: state {state} is not known; use one of: {words}")
    return known[state]


def _once_more(cloud: Cloud, name: str, project: str, counter: str) -> int:
    """One more than so far; none for an instance that is yet to start for the first time."""
    known = [row for row in cloud.find("instance", name, project) if row.key == name and not row.owner]
    return known[0].spec.get(counter, 0) + 1 if known else 0


def _entries(resources: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kind and options of each entry. Raises InvalidInput for what has another form."""
    for number, entry in enumerate(resources, 1):
        ((kind, options),) = entry.items() if len(entry) == 1 else (("", None),)
        if not isinstance(options, dict):
            raise InvalidInput(
                f"entry {number} of resources is not one kind with its options; write it like flavor: {{name: small}}"
            )
        if not options.get("name"):
            raise InvalidInput(f"entry {number} of resources, of kind {kind}, has no name; give it one")
        if kind in ALONE:
            raise InvalidInput(
                f"entry {number} of resources is {kind} {options['name']}, which has a task of its own; "
                f"use the module stackwright.cloud.{kind}"
            )
        yield kind, dict(options)


def _secrets(resources: list[Any]) -> set[str]:
    """Values of options that nobody shall see."""
    bodies = [body for entry in resources for body in entry.values() if isinstance(body, dict)]
    files = [body["personality"] for body in bodies if isinstance(body.get("personality"), dict)]
    texts = [body.get("user_data") for body in bodies] + [text for item in files for text in item.values()]
    return {str(text) for text in texts if text}


def _diff(entry: dict[str, Any]) -> dict[str, str]:
    """Before and after of one resource, as Ansible shows it."""
    title = f"{entry['kind']} {entry['name']}"
    before, after = text(entry["diff"]["before"]), text(entry["diff"]["after"])
    return {"before_header": title, "after_header": title, "before": before, "after": after}
