# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, sorted by what the caller has to do next.

Every message is one sentence that names the thing and the way out. Drivers translate their backend's errors to
these at the edge, by code, and always `from` the original.
"""

from __future__ import annotations

from typing import Any, Self


class StackwrightError(Exception):
    """Base of every error that this library raises on purpose.

    told: the same for programs, as plain data: what speaks against each host, for one.
    """

    def __init__(self, *words: object, **told: Any) -> None:
        super().__init__(*words)
        self.told = told

    def saying(self, words: str) -> Self:
        """The same error in other words."""
        return type(self)(words, **self.told)


class InvalidInput(StackwrightError):
    """Mend the input: the same call can never succeed."""


class NotFound(InvalidInput):
    """The input names a thing that does not exist."""


class Conflict(InvalidInput):
    """The wish contradicts what is recorded: a name taken, a thing in use, data that would be lost."""


class Exhausted(StackwrightError):
    """Nothing is left to give: no address, no host with room, no quota. Free something or add capacity."""


class Forbidden(StackwrightError):
    """The actor may not do this."""


class Temporary(StackwrightError):
    """Try again later: the backend did not answer, or somebody else is at work."""


class Unreachable(Temporary):
    """A host or a database did not answer; whether it acted is not known."""


class LeaseLost(Temporary):
    """Another run has taken over, so this one stopped before its next action."""


class Stopped(Temporary):
    """This run may begin nothing more: its time is over, or somebody cancelled it. What is done stays done."""


class Refused(StackwrightError):
    """The backend definitely said no and holds nothing new; another host may do better."""
