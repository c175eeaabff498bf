# SPDX-License-Identifier: Apache-2.0
"""Hosts that do not answer, and why."""

import datetime
import socket
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypervisor import PLACE, Cloud

from stackwright.drivers.libvirt import connections
from stackwright.drivers.libvirt.driver import LibvirtDriver
from stackwright.drivers.libvirt.objects import ImageCopy
from stackwright.engine.errors import Unreachable
from stackwright.engine.objects import Action, Change
from stackwright.engine.resource import Scope


def asked(driver: LibvirtDriver, **hosts: str) -> dict[str, str]:
    try:
        return dict(driver.observe(Scope(frozenset(), hosts)).unreachable)
    finally:
        driver.close()


def test_a_silent_host_does_not_keep_the_others(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.observe([])  # this connection stays, however long it took
    monkeypatch.setattr(connections, "OPEN_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"qemu+tcp://127.0.0.1:{silent.getsockname()[1]}/system"
        hosts = {PLACE: cloud.daemon.uri, "silent": uri, "gone": "qemu+unix:///system?socket=/nonexistent"}
        began = time.monotonic()
        found = cloud.driver.observe(Scope(frozenset(), hosts))
    assert time.monotonic() - began < 30
    assert set(found.unreachable) == {"silent", "gone"}
    assert "host silent did not answer within" in found.unreachable["silent"]
    assert found.unreachable["gone"].startswith("host gone cannot be reached")
    assert [item.place for item in found.objects] == [PLACE]


def test_an_expired_certificate_is_named_with_the_way_out(tmp_path: Path) -> None:
    _make_pki(tmp_path)
    words = asked(LibvirtDriver(tmp_path, tmp_path), compute7="qemu+tls://127.0.0.1:1/system")["compute7"]
    assert "host compute7" in words
    assert "expired" in words
    assert "site.yml" in words


def _make_pki(folder: Path) -> None:
    """A client certificate that was valid until yesterday, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "controller")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    for file, until in (("cacert.pem", now + day), ("clientcert.pem", now - day)):
        signed = builder.not_valid_before(now - 2 * day).not_valid_after(until).sign(key, hashes.SHA256())
        (folder / file).write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder / "clientkey.pem").write_bytes(secret)


def test_a_lost_connection_is_made_again(cloud: Cloud) -> None:
    cloud.observe([])
    cloud.daemon.disconnect_everybody()
    assert cloud.observe([])


def test_acting_on_a_host_that_is_gone_is_told(tmp_path: Path) -> None:
    driver = LibvirtDriver(tmp_path, tmp_path)
    asked(driver, gone="qemu+unix:///system?socket=/nonexistent")
    image = ImageCopy(place="gone", name="x", resource="x")
    with pytest.raises(Unreachable, match="host gone"):
        driver.apply([Change(Action.CREATE, image)])
