# SPDX-License-Identifier: Apache-2.0
"""libvirt's errors as ours: the one place where that is decided, by code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import libvirt

from stackwright.engine.errors import Refused, StackwrightError, Temporary, Unreachable

# A call that a lost connection cut short; whether the host carried it out is not known.
_CONNECTION = (libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE)
_VANISHED = (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_NO_STORAGE_VOL)
_LATER = (libvirt.VIR_ERR_OPERATION_TIMEOUT, libvirt.VIR_ERR_RESOURCE_BUSY, libvirt.VIR_ERR_AGENT_UNRESPONSIVE)


@contextmanager
def translated(place: str, what: str) -> Iterator[None]:
    """Around calls to one host. what: the thing that is being worked on, as messages name it."""
    try:
        yield
    except libvirt.libvirtError as error:
        raise _translate(error, place, what) from error


def _translate(error: libvirt.libvirtError, place: str, what: str) -> StackwrightError:
    code, said = error.get_error_code(), message(error)
    if is_connection_lost(error):
        return Unreachable(f"{what}: host {place} stopped answering ({said}); run this again when it is back")
    if code == libvirt.VIR_ERR_NO_STORAGE_POOL:
        return Refused(f"{what}: host {place} lacks a storage pool ({said}); run the role compute on it")
    if code in _VANISHED:
        return Temporary(f"{what}: it vanished from host {place} meanwhile ({said}); run this again")
    if code in _LATER:
        return Temporary(f"{what}: host {place} is busy with it ({said}); run this again later")
    return Refused(f"{what}: libvirt on host {place} refused it: {said}")


def is_connection_lost(error: libvirt.libvirtError) -> bool:
    """Whether it is the connection that failed, and not the call."""
    return error.get_error_domain() in _CONNECTION


def is_code(error: libvirt.libvirtError, *codes: int) -> bool:
    """Whether libvirt gave one of these codes."""
    return error.get_error_code() in codes


def message(error: libvirt.libvirtError) -> str:
    """What libvirt said, on one line."""
    return " ".join((error.get_error_message() or str(error)).split())
