# SPDX-License-Identifier: Apache-2.0
"""Security groups and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.engine.errors import InvalidInput
from stackwright.orchestration.constraints import Custom, Range
from stackwright.orchestration.types import common
from stackwright.orchestration.types.base import Asked, Lacking, Prop, Type, called

NUMBERS = {"0": None, "1": "icmp", "6": "tcp", "17": "udp", "132": "sctp", "any": None, "": None}
"""Protocols by what else Neutron calls them."""
ICMPV6 = ("icmpv6", "ipv6-icmp", "58")
"""What ICMP is called in rules for IPv6, beside its own name."""
KNOWN = ("tcp", "udp", "sctp", "icmp")


def _ports(word: str, other: str) -> Prop:
    return Prop("integer", f"The {word} port; the {other} of ICMP.", constraints=(Range(0, 65535),))


def _rule(protocol: str | None) -> dict[str, Prop]:
    """The properties of a rule that rules inside and outside of groups have."""
    spellings = [*KNOWN, *(name.upper() for name in KNOWN), *NUMBERS, *ICMPV6]
    others = Lacking(f"cannot be had: a rule is for {', '.join(KNOWN)} or any", but=tuple(spellings))
    return {
        "direction": common.chosen("To or from the ports.", "ingress", "egress", default="ingress"),
        "ethertype": common.chosen("IPv4 or IPv6.", "IPv4", "IPv6", default="IPv4"),
        "port_range_min": _ports("first", "type"),
        "port_range_max": _ports("last", "code"),
        "protocol": Prop(description="The protocol; any if left out.", default=protocol, constraints=(others,)),
        "remote_ip_prefix": Prop(description="Addresses of the other side.", constraints=(Custom("net_cidr"),)),
    }


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as the kind has it, without its remote group."""
    protocol, prefix = (given.get("protocol") or "").lower(), given.get("remote_ip_prefix") or None
    version = given["ethertype"]
    if protocol in ICMPV6 and version != "IPv6":
        raise InvalidInput(f"a rule for {protocol} is one for IPv6; say so by ethertype, or write icmp")
    return {
        "direction": given["direction"],
        "ethertype": version,
        "protocol": "icmp" if protocol in ICMPV6 else NUMBERS.get(protocol, protocol),
        "port_range_min": given.get("port_range_min"),
        "port_range_max": given.get("port_range_max"),
        "remote_ip_prefix": None if (version, prefix) == ("IPv6", "::/0") else common.network(prefix),
    }


def _in_group(rule: Mapping[str, Any], itself: str) -> dict[str, Any]:
    """A rule of a group. With the mode remote_group_id and no group it is for the group's own members."""
    if rule["remote_mode"] == "remote_group_id":
        return _plain(rule) | {"remote_ip_prefix": None, "remote_group": rule.get("remote_group_id") or itself}
    return _plain(rule) | {"remote_group": None}


def _group(asked: Asked) -> Mapping[str, Any]:
    if called(asked) == "default":
        raise InvalidInput("a security group of a stack cannot be called default, as every project has one already")
    itself = asked.before.id if asked.before else called(asked)
    rules = [_in_group(rule, itself) for rule in asked.properties["rules"]]
    return {"rules": rules, "description": asked.properties.get("description") or ""}


MODE = ("remote_ip_prefix", "remote_group_id")
GROUP = Type(
    name="OS::Neutron::SecurityGroup",
    kind="security_group",
    properties={
        "name": common.NAME,
        "description": Prop(description="What it is for."),
        "stateful": Prop(
            "boolean",
            "Whether answers are allowed with what they answer.",
            constraints=(Lacking("cannot be had: answers are always allowed", but=(True,)),),
        ),
        "rules": Prop(
            "list",
            "What is allowed.",
            default=[],
            schema=Prop(
                "map",
                schema=_rule(None)
                | {
                    "description": Prop(description="What it is for; it is kept nowhere."),
                    "remote_mode": common.chosen("Which of the two is meant.", *MODE, default=MODE[0]),
                    "remote_group_id": common.refers(
                        "neutron.security_group", "The group of the other side; this one if left out."
                    ),
                },
            ),
        ),
    },
    spec=_group,
)


def _rule_spec(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    return _plain(given) | {
        "security_group": given["security_group"],
        "remote_group": given.get("remote_group") or None,
        "description": given.get("description") or "",
    }


RULE = Type(
    name="OS::Neutron::SecurityGroupRule",
    kind="security_group_rule",
    properties={
        "security_group": common.refers("neutron.security_group", "The group.", required=True),
        "description": Prop(description="What it is for."),
        **_rule("tcp"),
        "remote_group": common.refers("neutron.security_group", "The group of the other side."),
    },
    spec=_rule_spec,
)
TYPES = (GROUP, RULE)
