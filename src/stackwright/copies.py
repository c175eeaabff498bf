# SPDX-License-Identifier: Apache-2.0
"""Copies of images on hosts, which go when nothing has used them for long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stackwright import converge
from stackwright.engine.errors import StackwrightError
from stackwright.engine.objects import Object
from stackwright.engine.request import Actor, Request
from stackwright.engine.view import Picture, render

if TYPE_CHECKING:
    from stackwright.cloud import Cloud

DAY_S = 86400.0
LOOK_S = 3600.0
"""How often hosts are asked: while a copy is in use, its time is renewed by that."""
STAMP = ".copies-looked-at"


def due(cloud: Cloud) -> dict[str, str]:
    """As `age`, once an hour; the image store remembers when."""
    if cloud.images is None or not cloud.image_cache_days:
        return {}
    stamp = cloud.images.path / STAMP
    if stamp.exists() and 0 <= time.time() - stamp.stat().st_mtime < LOOK_S:
        return {}
    stamp.touch()
    return age(cloud, cloud.image_cache_days)


def age(cloud: Cloud, days: float) -> dict[str, str]:
    """Remove copies that nothing has used for so many days: the title of each -> why it stays, '' if it is gone.

    A copy whose image is not recorded is an orphan, and left alone.
    """
    picture = cloud.picture()
    used = {item.identity for item in render(picture, cloud.rules.renderers) if item.shared}
    hosts = picture.hosts((), whole=True)
    drivers = [driver for driver in cloud.drivers.values() if hasattr(driver, "idle")]
    idle = [item for driver in drivers for item in driver.idle(hosts, used, days * DAY_S)]
    known = [item for item in idle if item.resource in picture.resources]
    return {_title(item, picture): _removed(cloud, item, picture) for item in known}


def _title(item: Object, picture: Picture) -> str:
    return f"copy of {picture.get(item.resource).title} on host {item.place}"


def _removed(cloud: Cloud, item: Object, picture: Picture) -> str:
    try:
        (done,) = converge.remove(cloud, Request((), Actor("system")), [item], picture, "unused copy")
    except StackwrightError as error:
        return str(error)
    return done.error
