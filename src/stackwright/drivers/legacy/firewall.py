# SPDX-License-Identifier: Apache-2.0
"""nftables' text as values, and the commands that turn one into the other. Pure.

Every element of a set or map says in its comment whose it is; chains are named after what they belong to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stackwright.drivers.legacy.objects import Firewall, Floating, Group, Guard, LegacyObject, Member, SourceNat
from stackwright.engine.objects import Action, Change

TABLE = "inet stackwright"
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_BLOCK = re.compile(r"^\t(map|set|chain) (\S+) \{\n(.*?)^\t\}$", re.MULTILINE | re.DOTALL)
_ELEMENT = re.compile(r'([\d./]+)(?: comment "([^"]*)")?(?: : ([^,}\n]+))?\s*[,}]')


@dataclass(frozen=True, slots=True)
class Table:
    """sets: name -> key -> (comment, value) of sets and maps. chains: name -> rules, as nft prints them."""

    sets: Mapping[str, Mapping[str, tuple[str, str]]]
    chains: Mapping[str, tuple[str, ...]]


def parse(text: str) -> Table:
    """What `nft -nn list table` prints."""
    sets: dict[str, dict[str, tuple[str, str]]] = {}
    chains: dict[str, tuple[str, ...]] = {}
    for of, name, body in _BLOCK.findall(text):
        if of == "chain":
            chains[name] = tuple(line.strip() for line in body.splitlines())
        else:
            elements = body.partition("elements = {")[2]
            found = _ELEMENT.findall(elements)
            sets[name] = {key: (comment, value.strip()) for key, comment, value in found}
    return Table(sets, chains)


def objects(place: str, table: Table, answering: frozenset[str] = frozenset()) -> Iterator[LegacyObject]:
    """What a host's table holds of ours. answering: the outside addresses that its external interface has for us."""
    for name, rules in table.chains.items():
        if found := re.fullmatch(rf"group_in_({_ID})", name):
            group = found[1]
            leaving = table.chains.get(f"group_out_{group}", ())
            yield Group(place=place, name=group, resource=group, ingress=rules, egress=leaving)
    yield from _members(place, table)
    yield from _guards(place, table)
    for key, (comment, _) in table.sets.get("inside", {}).items():
        yield SourceNat(place=place, name=key, resource=comment)
    for key, (comment, fixed) in table.sets.get("floats", {}).items():
        right = _translates(table, key, fixed, answering=key in answering)
        yield Floating(place=place, name=key, resource=comment, address=fixed, answered=right)


def _members(place: str, table: Table) -> Iterator[Member]:
    for name, elements in table.sets.items():
        if found := re.fullmatch(rf"members_({_ID})", name):
            for key, (comment, _) in elements.items():
                mark = {"place": place, "resource": comment}
                yield Member(name=f"{found[1]} {key}", group=found[1], address=key, **mark)


def _guards(place: str, table: Table) -> Iterator[Guard]:
    """One that is not as we write it has a group that there is not."""
    leaving = table.sets.get("guards_out", {})
    for key, (comment, verdict) in table.sets.get("guards_in", {}).items():
        instance, _, port = comment.partition(" ")
        rules = table.chains.get(f"port_in_{port}", ())
        groups = tuple(item.removeprefix("jump group_in_") for item in rules if item.startswith("jump group_in_"))
        unguarded = rules == ("accept",)
        whole = (
            (verdict, leaving.get(key, ("", ""))[1]) == (f"goto port_in_{port}", f"goto port_out_{port}")
            and rules == _port_rules("in", groups, unguarded)
            and table.chains.get(f"port_out_{port}", ()) == _port_rules("out", groups, unguarded)
        )
        broken = groups if whole else ("broken",)
        yield Guard(place=place, name=port, resource=instance, address=key, groups=broken, open=unguarded)


def _port_rules(way: str, groups: tuple[str, ...], unguarded: bool) -> tuple[str, ...]:
    return ("accept",) if unguarded else (*(f"jump group_{way}_{group}" for group in groups), "drop")


def _translates(table: Table, outside: str, fixed: str, *, answering: bool) -> bool:
    """Whether a host does just what it should for a floating IP: all of it for a guest of its own, nothing else."""
    there = (
        table.sets.get("floating_in", {}).get(outside, ("", ""))[1] == fixed,
        table.sets.get("floating_out", {}).get(fixed, ("", ""))[1] == outside,
        answering,
    )
    return all(there) if fixed in table.sets.get("guards_in", {}) else not any(there)


def commands(changes: Iterable[Change], table: Table) -> str:
    """What nft has to do so that the changes are made, whatever of them is done already. They are one transaction.

    First what may go without anything being missing, then what is needed, then who needs it; chains and sets that
    are not needed any more go last.
    """
    todo = list(changes)
    return "".join(f"{line}\n" for line in _Writing(table).lines(todo))


class _Writing:
    """The commands of one transaction, with what the table holds when they are carried out."""

    def __init__(self, table: Table) -> None:
        self._sets = {name: dict(elements) for name, elements in table.sets.items()}
        self._chains = set(table.chains)

    def lines(self, changes: list[Change]) -> Iterator[str]:
        going = [item.before for item in changes if item.action is not Action.CREATE and item.before]
        gone = [item.object for item in changes if item.action is Action.DELETE]
        made = [item.object for item in changes if item.action is not Action.DELETE]
        for item in going:
            yield from self._without(item)
        for item in sorted(made, key=lambda item: isinstance(item, Guard)):
            yield from self._with(item)
        yield from self._cleared([item for item in gone if isinstance(item, Guard)], "port")
        groups = [item for item in gone if isinstance(item, Group)]
        yield from self._cleared(groups, "group")
        for item in groups:
            if f"members_{item.name}" in self._sets:
                yield f"delete set {TABLE} members_{item.name}"

    def _without(self, item: object) -> Iterator[str]:
        """Elements, whose values nft does not change in place."""
        match item:
            case Member(group=group, address=address):
                yield from self._drop(f"members_{group}", address)
            case Guard(address=address):
                yield from self._drop("guards_in", address)
                yield from self._drop("guards_out", address)
            case SourceNat(name=name):
                yield from self._drop("inside", name)
            case Floating(name=name):
                yield from self._drop("floats", name)

    def _with(self, item: object) -> Iterator[str]:
        match item:
            case Group(name=name, ingress=ingress, egress=egress):
                yield f"add set {TABLE} members_{name} {{ type ipv4_addr; }}"
                for needed in sorted(set(re.findall(rf"@(members_{_ID})", " ".join((*ingress, *egress))))):
                    yield f"add set {TABLE} {needed} {{ type ipv4_addr; }}"
                yield from self._chain(f"group_in_{name}", ingress)
                yield from self._chain(f"group_out_{name}", egress)
            case Member(group=group, address=address, resource=resource):
                yield f"add set {TABLE} members_{group} {{ type ipv4_addr; }}"
                yield from self._put(f"members_{group}", address, resource)
            case Guard(name=name, address=address, groups=groups, resource=resource):
                for way in ("in", "out"):
                    yield from self._chain(f"port_{way}_{name}", _port_rules(way, groups, item.open))
                    yield from self._put(f"guards_{way}", address, f"{resource} {name}", f"goto port_{way}_{name}")
            case SourceNat(name=name, resource=resource):
                yield from self._put("inside", name, resource)
            case Floating(name=name, address=address, resource=resource):
                yield from self._put("floats", name, resource, address)
            case Firewall():
                pass  # the host writes it before anything else

    def _chain(self, name: str, rules: tuple[str, ...]) -> Iterator[str]:
        yield f"add chain {TABLE} {name}"
        yield f"flush chain {TABLE} {name}"
        for rule in rules:
            yield f"add rule {TABLE} {name} {rule}"

    def _cleared(self, gone: Sequence[LegacyObject], of: str) -> Iterator[str]:
        """Chains that go; all are emptied first, as one may refer to another's set."""
        names = [f"{of}_{way}_{item.name}" for item in gone for way in ("in", "out")]
        known = [name for name in names if name in self._chains]
        yield from (f"flush chain {TABLE} {name}" for name in known)
        yield from (f"delete chain {TABLE} {name}" for name in known)

    def _put(self, name: str, key: str, comment: str, value: str = "") -> Iterator[str]:
        wanted = (comment, value)
        if self._sets.get(name, {}).get(key) != wanted:
            yield from self._drop(name, key)
            leads = f" : {value}" if value else ""
            yield f'add element {TABLE} {name} {{ {key} comment "{comment}"{leads} }}'
            self._sets.setdefault(name, {})[key] = wanted

    def _drop(self, name: str, key: str) -> Iterator[str]:
        if self._sets.get(name, {}).pop(key, None):
            yield f"delete element {TABLE} {name} {{ {key} }}"
