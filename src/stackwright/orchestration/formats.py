# SPDX-License-Identifier: Apache-2.0
"""Custom constraints that look at the value alone: addresses, names, times."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address, ip_interface
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NAME_LIMIT = 255
"""Characters of a DNS name, at most."""
ROOM_FOR_DOMAIN = 3
"""What a relative name leaves free: the shortest domain and its dot."""
LABEL = re.compile(r"(?!-)[a-zA-Z0-9_-]{1,63}(?<!-)")
MAC = re.compile(
    r"([0-9a-f]{2}:){5}[0-9a-f]{2}|([0-9a-f]{2}-){5}[0-9a-f]{2}|([0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f]{12}", re.I
)


def _ip_addr(value: Any) -> str:
    return "" if isinstance(value, str) and _accepts(ip_address, value) else "must be an IP address"


def _mac_addr(value: Any) -> str:
    return "" if MAC.fullmatch(str(value)) else "must be a MAC address, like fa:16:3e:00:00:01"


def _cidr(value: Any) -> str:
    return "" if "/" in str(value) and _accepts(ip_interface, value) else "must be a CIDR, like 10.0.0.0/24"


def _ip_or_cidr(value: Any) -> str:
    return "" if isinstance(value, str) and _accepts(ip_interface, value) else "must be an IP address or a CIDR"


def _dns_name(value: Any) -> str:
    text = str(value).removesuffix(".")
    labels = text.split(".")
    if len(text) > NAME_LIMIT or not all(LABEL.fullmatch(label) for label in labels):
        return f"must be a DNS name: letters, digits and hyphens between dots, {NAME_LIMIT} characters at most"
    if len(labels) > 1 and labels[-1].isdigit():
        return "must be a DNS name, and its last part may not be a number"
    return ""


def _rel_dns_name(value: Any) -> str:
    if not value:
        return ""
    if str(value).endswith("."):
        return "must be a relative DNS name, without a dot at its end"
    if len(str(value)) > NAME_LIMIT - ROOM_FOR_DOMAIN:
        return f"must be a DNS name of {NAME_LIMIT - ROOM_FOR_DOMAIN} characters at most, to leave room for the domain"
    return _dns_name(value)


def _dns_domain(value: Any) -> str:
    if not value:
        return ""
    return _dns_name(value) or ("" if str(value).endswith(".") else "must end with a dot")


def _timezone(value: Any) -> str:
    if not value:
        return ""
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "must be a time zone, like Europe/Berlin"
    return ""


def _cron_expression(value: Any) -> str:
    from croniter import croniter

    text = str(value)
    if not value or (len(text) <= NAME_LIMIT and croniter.is_valid(text)):
        return ""
    return "must be a cron expression, like 0 4 * * *"


def _iso_8601(value: Any) -> str:
    return "" if _time(value) else "must be a time as in ISO 8601, like 2031-12-31T23:59:59Z"


def _expiration(value: Any) -> str:
    if not value:
        return ""
    time = _time(str(value).strip())
    if time is None:
        return _iso_8601(value)
    return "" if time > datetime.now(UTC) else "must be a time to come"


def _time(value: Any) -> datetime | None:
    from oslo_utils.timeutils import parse_isotime

    try:
        time: datetime = parse_isotime(str(value))
    except (ValueError, OverflowError):
        return None
    return time


def _accepts(parse: Callable[[Any], object], value: Any) -> bool:
    try:
        parse(str(value))
    except ValueError:
        return False
    return True


FORMATS: Mapping[str, Callable[[Any], str]] = {
    "cidr": _cidr,
    "cron_expression": _cron_expression,
    "dns_domain": _dns_domain,
    "dns_name": _dns_name,
    "expiration": _expiration,
    "ip_addr": _ip_addr,
    "ip_or_cidr": _ip_or_cidr,
    "iso_8601": _iso_8601,
    "mac_addr": _mac_addr,
    "net_cidr": _cidr,
    "rel_dns_name": _rel_dns_name,
    "timezone": _timezone,
}
"""By name: what is expected of a value that does not have the format, or ''."""
