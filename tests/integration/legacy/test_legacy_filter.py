# SPDX-License-Identifier: Apache-2.0
"""The packet filter's text, written by the real nft into a network namespace of its own, and read back."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from stackwright.drivers.legacy.firewall import Table, commands, objects, parse
from stackwright.drivers.legacy.objects import Floating, Group, Guard, LegacyObject, Member, SourceNat
from stackwright.engine.compare import compare
from stackwright.kinds.network.security_group import Rule
from stackwright.render.legacy import _line

ROLE = Path(__file__).parents[3] / "collections/ansible_collections/stackwright/cloud/roles/legacy_network"
A, B, PORT, GUEST = (str(uuid4()) for _ in range(4))
AT = {"place": "host1"}

Nft = Callable[..., str]


@pytest.fixture
def nft() -> Iterator[Nft]:
    """Calls nft where nobody else's packets are; the frame is there as the role writes it."""
    name = f"legacy-{uuid4().hex[:8]}"
    subprocess.run(["ip", "netns", "add", name], check=True)

    def call(*words: str, stdin: str = "") -> str:
        whole = ["ip", "netns", "exec", name, "nft", *words]
        return subprocess.run(whole, input=stdin, check=True, capture_output=True, text=True).stdout

    text = re.sub(r"\{#.*?#\}\n", "", (ROLE / "templates/legacy.nft.j2").read_text(), flags=re.DOTALL)
    frame = text.replace("{{ ansible_managed }}", "").replace("{{ legacy_network_flat_interface }}", "eth1")
    try:
        call("-f", "-", stdin=frame)
        call("-f", "-", stdin=frame)  # it is written again around what is there
        yield call
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def found(nft: Nft) -> list[LegacyObject]:
    return list(objects("host1", parse(nft("-nn", "list", "table", "inet", "stackwright"))))


def bring_about(nft: Nft, wanted: list[LegacyObject]) -> int:
    """Carry out what differs, in one transaction; how much that was."""
    table = parse(nft("-nn", "list", "table", "inet", "stackwright"))
    everybody = {item.resource for item in [*objects("host1", table), *wanted]}
    known = by_identity(list(objects("host1", table)))
    changes = compare(wanted, known, everybody, everybody)
    nft("-f", "-", stdin=commands(changes, table))
    return len(changes)


RULES = [
    Rule(),
    Rule(protocol="tcp", port_range_min=22, port_range_max=22),
    Rule(protocol="udp", port_range_min=20, port_range_max=30, remote_ip_prefix="10.0.0.0/8"),
    Rule(protocol="sctp"),
    Rule(protocol="icmp"),
    Rule(protocol="icmp", port_range_min=8),
    Rule(protocol="icmp", port_range_min=8, port_range_max=0),
    Rule(protocol="icmp", port_range_min=3, port_range_max=4),
    Rule(protocol="tcp", remote_ip_prefix="192.0.2.1/32"),
    Rule(protocol="tcp", remote_ip_prefix="0.0.0.0/0"),
    Rule(remote_group=B),
    Rule(protocol="icmp", remote_group=B),
]
GROUPS = [
    Group(
        name=A,
        resource=A,
        ingress=tuple(_line(rule, "saddr") for rule in RULES),
        egress=tuple(_line(rule, "daddr") for rule in RULES),
        **AT,
    ),
    Group(name=B, resource=B, **AT),
]
GUESTS = [
    Guard(name=PORT, resource=GUEST, address="10.0.0.5", groups=tuple(sorted((A, B))), **AT),
    *(
        Member(name=f"{B} 10.0.{high}.{low}", resource=str(uuid4()), group=B, address=f"10.0.{high}.{low}", **AT)
        for high in range(2)
        for low in range(1, 40)
    ),
    SourceNat(name="10.0.0.0/24", resource=str(uuid4()), **AT),
    SourceNat(name="10.0.7.0/24", resource=str(uuid4()), **AT),
    Floating(name="192.0.2.60", resource=str(uuid4()), address="10.0.0.5", **AT),
]


def by_identity(items: list[LegacyObject]) -> list[LegacyObject]:
    """In an order of their own; whether a host answers for floating IPs is no matter of text."""
    plain = [dataclasses.replace(item, answered=True) if isinstance(item, Floating) else item for item in items]
    return sorted(plain, key=lambda item: item.identity)


def test_what_is_written_is_read_back_as_it_was_meant(nft: Nft) -> None:
    bring_about(nft, [*GROUPS, *GUESTS])
    assert by_identity(found(nft)) == by_identity([*GROUPS, *GUESTS])
    assert bring_about(nft, [*GROUPS, *GUESTS]) == 0


def test_everything_goes_again(nft: Nft) -> None:
    before = nft("list", "ruleset")
    bring_about(nft, [*GROUPS, *GUESTS])
    bring_about(nft, [])
    assert nft("list", "ruleset") == before


def test_each_can_be_changed(nft: Nft) -> None:
    bring_about(nft, [*GROUPS, *GUESTS])
    changed = [
        Group(name=A, resource=A, ingress=("tcp dport 80 accept",), **AT),
        GROUPS[1],
        Guard(name=PORT, resource=GUEST, address="10.0.0.6", groups=(A,), **AT),
        Floating(name="192.0.2.60", resource=GUESTS[-1].resource, address="10.0.0.6", **AT),
    ]
    bring_about(nft, changed)
    assert by_identity(found(nft)) == by_identity(changed)


@pytest.mark.parametrize(
    "command",
    [
        f"flush chain inet stackwright group_in_{A}",
        f"flush chain inet stackwright port_out_{PORT}",
        f"insert rule inet stackwright port_in_{PORT} accept",
        "delete element inet stackwright guards_out { 10.0.0.5 }",
        "delete element inet stackwright floats { 192.0.2.60 }",
        "delete element inet stackwright inside { 10.0.0.0/24 }",
        f"delete element inet stackwright members_{B} {{ 10.0.0.7 }}",
    ],
)
def test_what_somebody_did_by_hand_is_found_and_mended(nft: Nft, command: str) -> None:
    bring_about(nft, [*GROUPS, *GUESTS])
    nft("-f", "-", stdin=command)
    assert bring_about(nft, [*GROUPS, *GUESTS]) == 1
    assert by_identity(found(nft)) == by_identity([*GROUPS, *GUESTS])


def test_doing_it_twice_is_doing_it_once(nft: Nft) -> None:
    """As when a run was killed after it had written."""
    empty = parse(nft("-nn", "list", "table", "inet", "stackwright"))
    changes = compare([*GROUPS, *GUESTS], [], set())
    nft("-f", "-", stdin=commands(changes, empty))
    now = parse(nft("-nn", "list", "table", "inet", "stackwright"))
    nft("-f", "-", stdin=commands(changes, now))
    assert by_identity(found(nft)) == by_identity([*GROUPS, *GUESTS])


def test_only_the_host_of_the_guest_answers_for_a_floating_ip(nft: Nft) -> None:
    floating = GUESTS[-1]
    bring_about(nft, [*GROUPS, *GUESTS])
    (seen,) = [item for item in found(nft) if isinstance(item, Floating)]
    assert not seen.answered
    nft("-f", "-", stdin="add element inet stackwright floating_in { 192.0.2.60 : 10.0.0.5 }")
    nft("-f", "-", stdin="add element inet stackwright floating_out { 10.0.0.5 : 192.0.2.60 }")
    table = parse(nft("-nn", "list", "table", "inet", "stackwright"))
    answering = frozenset({"192.0.2.60"})
    assert floating in list(objects("host1", table, answering))
    assert floating not in list(objects("host1", table))
    guards = {**table.sets, "guards_in": {}}
    assert floating not in list(objects("host1", Table(guards, table.chains), answering))
