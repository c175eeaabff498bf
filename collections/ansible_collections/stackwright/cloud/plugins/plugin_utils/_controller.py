# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.
"""The controller's command line, run from the machine where Ansible runs."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleParserError
from ansible.utils.display import Display

PATIENCE_S = 300
"""How long an answer may take: the controller itself may have to wait for hosts that do not answer."""


class Controller:
    """option: get_option of a plugin with the options of the fragment stackwright.cloud.ssh. here: on this machine."""

    def __init__(self, option: Callable[[str], Any], here: bool) -> None:
        self.option = option
        self.name: str = option("controller")
        self.here = here or self.name in C.LOCALHOST

    def run(self, arguments: Sequence[str]) -> str:
        """What `stackwright ARGUMENTS` prints there. Raises AnsibleParserError when it cannot be run, or fails."""
        command = [*shlex.split(self.option("command")), *arguments]
        done = self._run(command if self.here else [*self._ssh(), shlex.join(command)])
        if done.returncode:
            raise AnsibleParserError(self._failure(done))
        return done.stdout

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        Display().vvv(f"Running {shlex.join(command)}")
        try:
            return subprocess.run(  # noqa: S603 - the user's own words, and no shell
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=PATIENCE_S,
                check=False,
            )
        except OSError as error:  # Ansible would append the words of a cause, which are in the sentence already
            way_out = (
                "run the role stackwright.cloud.controller, or set command" if self.here else "install an SSH client"
            )
            raise AnsibleParserError(f"{command[0]} cannot be run here ({error.strerror}); {way_out}") from None
        except subprocess.TimeoutExpired:
            raise AnsibleParserError(
                f"controller {self.name} has not answered for {PATIENCE_S} s; try `{command[-1]}` there"
            ) from None

    def _ssh(self) -> list[str]:
        """The SSH client and its arguments, the controller's address the last."""
        # A new master connection would outlive this call with its standard error open, and keep it waiting.
        words = [self.option("ssh_executable"), "-T", "-oControlMaster=no", "-oBatchMode=yes"]
        for name in ("ssh_args", "ssh_common_args", "ssh_extra_args"):
            words += shlex.split(self.option(name) or "")
        words += [f"-oConnectTimeout={self.option('timeout')}"]
        words += [] if self.option("host_key_checking") else ["-oStrictHostKeyChecking=no"]
        for flag, name in (("-l", "remote_user"), ("-p", "port"), ("-i", "private_key_file")):
            words += [flag, str(self.option(name))] if self.option(name) else []
        return [*words, self.option("host") or self.name]

    def _failure(self, done: subprocess.CompletedProcess[str]) -> str:
        """One sentence about a command that ended with an error."""
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        said = lines[-1] if lines else f"exit code {done.returncode}"
        if done.returncode == 255 and not self.here:
            return f"controller {self.name} cannot be reached by SSH ({said}); check its address, user and key"
        if done.returncode == 127:
            way_out = "run the role stackwright.cloud.controller there, or set command"
            return f"controller {self.name} does not have the command ({said}); {way_out}"
        return f"controller {self.name}: {said.removeprefix('stackwright: ')}"
