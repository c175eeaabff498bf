# SPDX-License-Identifier: Apache-2.0
"""Numbers of libvirt's as words of ours, and the config drive's file system."""

import io

import libvirt
import pytest
from pycdlib import PyCdlib

from stackwright.drivers.libvirt.errors import _translate
from stackwright.drivers.libvirt.iso import LABEL, build_iso
from stackwright.drivers.libvirt.observe import power_of
from stackwright.engine.errors import Refused, Temporary, Unreachable


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED, "running"),
        (libvirt.VIR_DOMAIN_BLOCKED, 0, "running"),
        (libvirt.VIR_DOMAIN_SHUTDOWN, libvirt.VIR_DOMAIN_SHUTDOWN_USER, "running"),
        (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR, "paused"),
        (libvirt.VIR_DOMAIN_PMSUSPENDED, 0, "paused"),
        (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN, "stopped"),
        (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN, "stopped"),
        (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED, "stopped"),
        (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED, "lost"),
        (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED, "lost"),
        (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_FAILED, "lost"),
        (libvirt.VIR_DOMAIN_CRASHED, 0, "lost"),
    ],
)
def test_power(state: int, reason: int, expected: str) -> None:
    assert power_of(state, reason) == expected


def error(code: int, domain: int, words: str = "it said so") -> libvirt.libvirtError:
    made = libvirt.libvirtError(words)
    made.err = (code, domain, words, 2, None, None, None, -1, -1)
    return made


QEMU, RPC, STORAGE = 10, 7, 18


@pytest.mark.parametrize(
    ("code", "domain", "expected", "way_out"),
    [
        (libvirt.VIR_ERR_INTERNAL_ERROR, RPC, Unreachable, "when it is back"),
        (libvirt.VIR_ERR_SYSTEM_ERROR, RPC, Unreachable, "when it is back"),
        (libvirt.VIR_ERR_NO_STORAGE_POOL, STORAGE, Refused, "role compute"),
        (libvirt.VIR_ERR_NO_DOMAIN, QEMU, Temporary, "run this again"),
        (libvirt.VIR_ERR_OPERATION_TIMEOUT, QEMU, Temporary, "run this again later"),
        (libvirt.VIR_ERR_CONFIG_UNSUPPORTED, QEMU, Refused, "refused it"),
    ],
)
def test_errors_by_code(code: int, domain: int, expected: type[Exception], way_out: str) -> None:
    found = _translate(error(code, domain, "line one\nline two"), "compute1", "Domain x")
    assert type(found) is expected
    assert str(found).startswith("Domain x: ")
    assert "compute1" in str(found)
    assert "line one line two" in str(found)
    assert way_out in str(found)


def test_a_config_drive_is_read_back() -> None:
    files = (
        ("openstack/2018-08-27/meta_data.json", "{}"),
        ("openstack/latest/meta_data.json", '{"name": "ü"}'),
        ("openstack/latest/user_data", "x" * 100000),
        ("openstack/latest/empty", ""),
    )
    iso = PyCdlib()
    iso.open_fp(io.BytesIO(build_iso(files)))
    assert iso.pvd.volume_identifier.decode().strip() == LABEL
    for path, text in files:
        for how in ("rr_path", "joliet_path"):
            content = io.BytesIO()
            iso.get_file_from_iso_fp(content, **{how: f"/{path}"})
            assert content.getvalue().decode() == text
    iso.close()
