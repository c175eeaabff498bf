# SPDX-License-Identifier: Apache-2.0
"""One change, carried out on its host."""

from __future__ import annotations

from pathlib import Path

import libvirt

from stackwright.drivers.libvirt.adoption import adopt, release, update_adopted
from stackwright.drivers.libvirt.connections import Connection
from stackwright.drivers.libvirt.console import remove_log
from stackwright.drivers.libvirt.domains import create_domain, delete_domain, update_domain
from stackwright.drivers.libvirt.errors import is_connection_lost
from stackwright.drivers.libvirt.moving import move_domain, move_volume
from stackwright.drivers.libvirt.objects import AdoptedDomain, ConfigDrive, Domain, ImageCopy, Volume
from stackwright.drivers.libvirt.volumes import (
    create_volume,
    delete_disk,
    delete_upload,
    find_domain,
    refresh,
    update_volume,
    upload_config_drive,
    upload_image,
)
from stackwright.engine.errors import Refused
from stackwright.engine.objects import Action, Change


def apply_move(source: Connection, target: Connection, change: Change) -> None:
    """Carry a move out; what is left behind goes by changes of its own."""
    if source.host.container:
        raise Refused(
            f"a container cannot move, and stays on host {source.place}; delete it and make it anew elsewhere"
        )
    try:
        match change.object, change.before:
            case Volume() as volume, Volume() as before:
                move_volume(source, target, volume, before)
            case Domain() as domain, Domain() as before:
                move_domain(source, target, domain, before)
    except libvirt.libvirtError as error:
        if not is_connection_lost(error):
            refresh(target)
        raise


def apply_change(connection: Connection, change: Change, image_store: Path) -> None:
    """Carry it out. After an error libvirt looks at its files again, so that the next run sees them as they are."""
    try:
        if change.action is Action.DELETE:
            _delete(connection, change)
        else:
            _make(connection, change, image_store)
    except libvirt.libvirtError as error:
        if not is_connection_lost(error):
            refresh(connection)
        raise


def _delete(connection: Connection, change: Change) -> None:
    match change.object:
        case AdoptedDomain() as adopted:
            release(connection, adopted)
        case Domain(name=name):
            delete_domain(connection, name)
        case Volume(name=name, resource=guest):
            # Before its disk: a guest that moved away may have left its log, and nobody would look for that later.
            if find_domain(connection, guest) is None:
                remove_log(connection, guest)
            delete_disk(connection, name)
        case ImageCopy(name=name) | ConfigDrive(name=name):
            delete_upload(connection, name)


def _make(connection: Connection, change: Change, image_store: Path) -> None:
    """Create or update; a replacement arrives as a deletion and a creation."""
    match change.object, change.before:
        case AdoptedDomain() as adopted, None:
            adopt(connection, adopted)
        case AdoptedDomain() as adopted, _:
            update_adopted(connection, adopted, change.fields)
        case Domain() as domain, None:
            create_domain(connection, domain)
        case Domain() as domain, _:
            update_domain(connection, domain, change.fields)
        case Volume() as volume, None:
            create_volume(connection, volume)
        case Volume() as volume, Volume() as before:
            update_volume(connection, volume, before)
        case ImageCopy() as image, _:
            upload_image(connection, image, image_store)
        case ConfigDrive() as drive, _:
            upload_config_drive(connection, drive)
