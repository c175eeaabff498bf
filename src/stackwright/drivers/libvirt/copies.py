# SPDX-License-Identifier: Apache-2.0
"""Which copies of images nothing has used for long.

When a copy was last in use is the time of the volume that says that it is whole: whoever looks, and finds the copy in
use, renews that.
"""

from __future__ import annotations

import io
import time
from collections.abc import Collection, Iterator

import libvirt

from stackwright.drivers.libvirt.connections import Connection
from stackwright.drivers.libvirt.objects import ImageCopy, owner_of
from stackwright.drivers.libvirt.observe import COMPLETE
from stackwright.drivers.libvirt.parsing import parse_modified
from stackwright.drivers.libvirt.transfers import Meter, send
from stackwright.drivers.libvirt.volumes import refresh, user_of

RENEW_S = 3600.0
"""How old the time may become of what is in use."""


def idle_copies(connection: Connection, used: Collection[str], seconds: float) -> Iterator[ImageCopy]:
    """Copies that were in use by nothing for so long. used: names of those that are wanted."""
    refresh(connection)
    volumes = {volume.name(): volume for volume in connection.pool.listAllVolumes()}
    for name, volume in volumes.items():
        of_type, image = owner_of(name) or ("", "")
        if of_type != "ImageCopy":
            continue
        mark = volumes.get(name + COMPLETE, volume)
        age = time.time() - parse_modified(mark.XMLDesc())
        if age < RENEW_S:
            continue
        if name in used or user_of(connection, name):
            _renew(connection, mark)
        elif age > seconds:
            yield ImageCopy(place=connection.place, name=name, resource=image)


def _renew(connection: Connection, mark: libvirt.virStorageVol) -> None:
    """libvirt has no other way to give a volume a new time but to write into it, which the copy itself is spared."""
    if not mark.name().endswith(COMPLETE):
        return
    with connection.sending:
        send(connection, mark.name(), io.BytesIO(b"\n"), Meter(mark.name(), 1, connection.tell))
