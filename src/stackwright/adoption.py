# SPDX-License-Identifier: Apache-2.0
"""Adopting guests that others made: they are looked up before they are declared, and nothing else is done."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from stackwright.drivers.libvirt.objects import AdoptedDomain
from stackwright.engine.errors import Conflict, InvalidInput, NotFound
from stackwright.engine.request import Request
from stackwright.engine.resource import Wish

if TYPE_CHECKING:
    from stackwright.cloud import Cloud


def with_adopted(cloud: Cloud, request: Request) -> Request:
    """The request, where instances that are to be adopted say what was found of them.

    Raises NotFound, Conflict for what is ours already, or Unreachable.
    """
    wishes = [_found(cloud, request, wish) if _is_asked(wish) else wish for wish in request.wishes]
    return dataclasses.replace(request, wishes=tuple(wishes))


def _is_asked(wish: Wish) -> bool:
    return wish.kind == "instance" and wish.present and bool(wish.spec.get("adopt"))


def _found(cloud: Cloud, request: Request, wish: Wish) -> Wish:
    rows = cloud.find("instance", wish.key, request.project)
    if any(row.key == wish.key and not row.owner and row.wanted for row in rows):
        return wish
    host = str(wish.spec.get("host") or "")
    if not host:
        raise InvalidInput(f"instance {wish.key}: adopting needs host, which says where the guest is")
    hosts = [row for row in cloud.find("host", host) if row.wanted]
    if not hosts:
        raise NotFound(f"instance {wish.key}: host {host} does not exist; declare it first or mend the name")
    driver: Any = cloud.drivers[AdoptedDomain.driver]
    found = driver.foreign(hosts[0].name, hosts[0].spec["uri"], str(wish.spec["adopt"]))
    known = cloud.registry.read(lambda txn: txn.select(id=found["id"]))
    if known:
        raise Conflict(f"guest {wish.spec['adopt']} on host {host} is {known[0].title} already; use that")
    return dataclasses.replace(wish, id=found["id"], spec={**wish.spec, "adopted": found})
