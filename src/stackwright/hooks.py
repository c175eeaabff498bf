# SPDX-License-Identifier: Apache-2.0
"""Waiting at the hooks of a stack. The registry says where, so that somebody else can clear them, and a later run goes
on from there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stackwright.engine.errors import NotFound, Temporary
from stackwright.engine.hooks import Hook
from stackwright.engine.record import about
from stackwright.engine.request import Request
from stackwright.engine.resource import Resource
from stackwright.registry.transaction import Transaction

if TYPE_CHECKING:
    from stackwright.cloud import Cloud

WAITING, CLEARED = "waiting", "cleared"


class Hooks:
    """The hooks of one run, as the registry knows them.

    asked: those that are waited at: none where nobody is there to clear them.
    """

    def __init__(self, cloud: Cloud, hooks: tuple[Hook, ...], request: Request) -> None:
        self.asked = hooks if request.attended else ()
        self._cloud = cloud
        self._actor = request.actor
        self._owners = {hook.owner for hook in hooks}
        self._reached: set[Hook] = set()
        self._passed: set[Hook] = set()

    def waiting(self) -> frozenset[Hook]:
        """Those that an earlier run was waiting at."""
        if not self.asked:
            return frozenset()
        known = self._cloud.registry.read(lambda txn: {owner: _states(txn, owner) for owner in self._owners})
        return frozenset(hook for hook in self.asked if _name(hook) in known[hook.owner])

    def end(self) -> None:
        """Forget what is waited at no more: of what an earlier run had to do, this one may have had nothing left."""
        if self._owners:
            self._cloud.registry.write(self._forget)

    def _forget(self, txn: Transaction) -> None:
        held = {(hook.owner, _name(hook)) for hook in self._reached - self._passed}
        for owner in self._owners:
            states = _states(txn, owner)
            _keep(txn, owner, {name: state for name, state in states.items() if (owner, name) in held})

    def cleared(self, hook: Hook) -> bool:
        """Whether a run that has got to a hook may go on; from the first time on it is known to wait there."""
        registry, fresh = self._cloud.registry, hook not in self._reached
        try:
            if not fresh and registry.read(lambda txn: _states(txn, hook.owner).get(_name(hook))) == WAITING:
                return False
            words = registry.write(lambda txn: self._pass(txn, hook, fresh))
        except Temporary:
            return False  # asked again in a moment
        if words and fresh:
            self._reached.add(hook)
            self._cloud.say(words)
        if not words:
            self._passed.add(hook)
        return not words

    def _pass(self, txn: Transaction, hook: Hook, fresh: bool) -> str:
        """What is to be told of a hook that is not cleared, '' for one that is."""
        states = _states(txn, hook.owner)
        if states.get(_name(hook)) == CLEARED:
            _keep(txn, hook.owner, {name: state for name, state in states.items() if name != _name(hook)})
            return ""
        _keep(txn, hook.owner, {**states, _name(hook): WAITING})
        stack = txn.get(hook.owner)
        go_on = f"stackwright hook clear {stack.name} {hook.path}"
        words = f"waits at hook {hook.when} of {hook.path}; {go_on} lets it go on"
        if fresh:
            txn.record_events([{**about(txn, stack), "actor": self._actor.name, "action": WAITING, "message": words}])
        return f"{stack.title} {words}"


def waiting(cloud: Cloud, stack: Resource) -> list[dict[str, str]]:
    """Where a stack waits: resource and hook."""
    states = cloud.registry.read(lambda txn: _states(txn, stack.id))
    split = [known.rpartition(" ") for known, state in sorted(states.items()) if state == WAITING]
    return [{"resource": path, "hook": when} for path, _, when in split]


def clear(cloud: Cloud, stack: Resource, resource: str, when: str = "") -> list[str]:
    """Let a stack go on at the hooks of a resource, or at one of them; those that it waited at. Raises NotFound."""

    def write(txn: Transaction) -> list[str]:
        states = _states(txn, stack.id)
        asked = [known for known, state in states.items() if state == WAITING and known.rpartition(" ")[0] == resource]
        found = [known for known in asked if not when or known.endswith(f" {when}")]
        _keep(txn, stack.id, states | dict.fromkeys(found, CLEARED))
        return [known.rpartition(" ")[2] for known in found]

    found = cloud.registry.write(write)
    if not found:
        raise NotFound(f"{stack.title} does not wait at {when or 'a hook'} of {resource}; see where with: hook list")
    return found


def _name(hook: Hook) -> str:
    return f"{hook.path} {hook.when}"


def _states(txn: Transaction, owner: str) -> dict[str, str]:
    """What a stack waits at, or may pass: by path and hook."""
    states: dict[str, str] = json.loads(txn.note(owner) or "{}")
    return states


def _keep(txn: Transaction, owner: str, states: dict[str, str]) -> None:
    txn.set_note(owner, json.dumps(states) if states else "")
