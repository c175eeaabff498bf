# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.
"""Files on the machine where Ansible runs: keys, of which only the public half leaves it, and the content of images.

An image is announced by its checksum first; its file is transferred only if the controller turns out to lack it.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.hashing import secure_hash
from ansible_collections.stackwright.cloud.plugins.plugin_utils._keys import new_key, public_half, write_once


class LocalFilesAction(ActionBase):
    """Runs the module of its name, with what that needs of files here."""

    module = ""

    def bodies(self, args: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Kind and options of each resource that is to be there; changing the options changes the module's."""
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Prepare, run, and if content is lacking, bring it and run again."""
        result = super().run(tmp, task_vars)
        try:
            result.update(self._prepared(task_vars))
        except AnsibleActionFail as error:
            result.update(failed=True, msg=error.message)
        return result

    def _prepared(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        args = copy.deepcopy(self._task.args)
        files: dict[str, str] = {}
        for kind, options in self.bodies(args):
            if kind == "keypair":
                self._take_public_half(options)
            elif kind == "image" and "src" in options and not boolean(options.get("remote_src", False), strict=False):
                self._announce(options, args.setdefault("announced", {}), files)
        told = self.execute(args, task_vars)
        lacking = told.pop("lacking", ())
        if not lacking:
            return told
        places = {checksum: self._transfer(files[checksum], checksum) for checksum in lacking}
        for image in args["announced"].values():
            if image["checksum"] in places:
                image["path"] = places[image["checksum"]]
        return self.execute(args, task_vars)

    def execute(self, args: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """What the module says."""
        return self._execute_module(module_name=self.module, module_args=args, task_vars=task_vars)

    # Images

    def _announce(self, options: dict[str, Any], images: dict[str, Any], files: dict[str, str]) -> None:
        path = self._find(options, "src")
        checksum = secure_hash(path, hashlib.sha256)
        if checksum is None:
            raise AnsibleActionFail(f"{path} is a directory; src is the file that the image is made of")
        images[options.get("name")] = {"checksum": checksum}
        files[checksum] = path

    def _transfer(self, path: str, checksum: str) -> str:
        shell = self._connection._shell
        if shell.tmpdir is None:
            self._make_tmp_path()
        place = shell.join_path(shell.tmpdir, checksum)
        self._transfer_file(path, place)
        self._fixup_perms2((shell.tmpdir, place))
        return place

    def _find(self, options: dict[str, Any], option: str) -> str:
        try:
            return self._find_needle("files", options[option])
        except AnsibleError:
            # Ansible would append the cause, which says the same at length.
            raise AnsibleActionFail(
                f"{options[option]} does not exist on the machine where Ansible runs; mend {option}"
            ) from None

    # Keypairs

    def _take_public_half(self, options: dict[str, Any]) -> None:
        given = [option for option in ("public_key", "public_key_file", "private_key_file") if options.get(option)]
        if len(given) > 1:
            raise AnsibleActionFail(f"{given[0]} and {given[1]} exclude each other; keep one of them")
        if given == ["public_key_file"]:
            options["public_key"] = Path(self._find(options, "public_key_file")).read_text(encoding="utf-8").strip()
        elif given == ["private_key_file"]:
            path = Path(self._loader.path_dwim(options["private_key_file"]))
            # A private key's file need not have a comment, so it is always the same.
            options["public_key"] = f"{self._public_half(path)} {options.get('name')}"
        for option in ("public_key_file", "private_key_file"):
            options.pop(option, None)

    def _public_half(self, path: Path) -> str:
        try:
            if path.exists():
                return public_half(path)
            private, public = new_key()
            if self._task.check_mode:
                Display().warning(
                    f"{path} does not exist yet; the public key that is shown stands for the one to be made"
                )
                return public
            path.parent.mkdir(mode=0o700, exist_ok=True)  # as ssh-keygen does with ~/.ssh
            return public if write_once(path, private, public) else public_half(path)
        except OSError as error:
            raise AnsibleActionFail(f"{error.filename or path}: {error.strerror}; mend private_key_file") from None
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from None
