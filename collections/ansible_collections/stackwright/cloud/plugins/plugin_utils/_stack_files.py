# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.
"""Templates are where Ansible runs: they are read there, and told to the module in its private option."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.stackwright.cloud.plugins.plugin_utils._templates import MAX_BYTES, collected, is_url

PATIENCE_S = 30


class StackFilesAction(ActionBase):
    """Runs the module of its name, with what its template and its environments name."""

    module = ""

    def needs_files(self, args: dict[str, Any]) -> bool:
        """Whether the task is one that a template belongs to."""
        return bool(args.get("template"))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Read, and run."""
        result = super().run(tmp, task_vars)
        args = dict(self._task.args)
        try:
            if self.needs_files(args):
                args["announced"] = self._announced(args)
            told = self.execute(args, task_vars)
            shown = told.get("invocation", {}).get("module_args", {})
            shown.pop("announced", None)  # long, and there may be secrets
            if told.get("failed"):
                shown.pop("parameters", None)  # the module may have ended before it knew which of them are hidden
            result.update(told)
        except AnsibleActionFail as error:
            result.update(failed=True, msg=error.message)
        return result

    def execute(self, args: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """What the module says."""
        return self._execute_module(module_name=self.module, module_args=args, task_vars=task_vars)

    def _announced(self, args: dict[str, Any]) -> dict[str, Any]:
        given = args.get("environment") or []
        environments = [given] if isinstance(given, str) else [str(name) for name in given]
        template = self._find(str(args["template"]), "template")
        folder = os.path.dirname(template)
        places = [self._relative(self._find(name, "environment"), folder) for name in environments]
        main = template if is_url(template) else os.path.basename(template)
        try:
            files = collected(main, places, lambda place: self._read(place, folder))
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from None
        return {"template": main, "environments": places, "files": files}

    def _find(self, name: str, option: str) -> str:
        """The path of a file that the task names, looked for where `copy` looks; a URL is one already."""
        if is_url(name):
            return name
        try:
            return self._find_needle("files", name)
        except AnsibleError:
            # Ansible would append the cause, which says the same at length.
            raise AnsibleActionFail(f"{name} does not exist on the machine where Ansible runs; mend {option}") from None

    def _relative(self, path: str, folder: str) -> str:
        return path if is_url(path) or is_url(folder) else posixpath.normpath(os.path.relpath(path, folder))

    def _read(self, place: str, folder: str) -> bytes | None:
        """What a file holds, decrypted if it is in a vault; None if it is not there."""
        if is_url(place):
            return self._fetch(place)
        path = os.path.join(folder, place)
        if not os.path.isfile(path):
            return None
        try:
            plain = self._loader.get_real_file(path)
            try:
                with Path(plain).open("rb") as file:
                    return file.read(MAX_BYTES + 1)
            finally:
                self._loader.cleanup_tmp_file(plain)
        except OSError as error:
            raise AnsibleActionFail(f"{path}: {error.strerror}; mend that, or do not name it") from None

    def _fetch(self, url: str) -> bytes:
        from ansible.module_utils.urls import open_url  # takes a while to load, and few templates come from a URL

        try:
            with open_url(url, timeout=PATIENCE_S) as answer:
                return answer.read(MAX_BYTES + 1)
        except OSError as error:  # all errors of urllib are
            raise AnsibleActionFail(f"{url} cannot be fetched ({error}); mend it, or keep the file here") from None
