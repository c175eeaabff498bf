# SPDX-License-Identifier: Apache-2.0
"""Databases that do not answer, or that we may not speak to: one sentence each, and no endless retry."""

import datetime
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stackwright.drivers.ovn import objects as o
from stackwright.drivers.ovn.driver import OvnDriver
from stackwright.engine.errors import Unreachable
from stackwright.engine.objects import Action, Change
from stackwright.engine.resource import Scope

from .conftest import Ovn

# Open vSwitch's library uses names that the ssl module deprecates, and leaves sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ssl:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in.*socket:pytest.PytestUnraisableExceptionWarning"),
]

EVERYTHING = Scope(None, {})
NOW = datetime.datetime.now(datetime.UTC)
SWITCH = o.Switch(name="switch", resource="switch", title="web")


class Authority:
    """A certificate authority that gives every holder a folder as the hosts have it."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(self.key, "ca", 1)

    def give(self, folder: Path, days: int = 1) -> Path:
        """ca.pem, cert.pem and key.pem; valid for so many days from yesterday's point of view."""
        key = ec.generate_private_key(ec.SECP256R1())
        folder.mkdir()
        (folder / "ca.pem").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "cert.pem").write_bytes(self._sign(key, folder.name, days).public_bytes(serialization.Encoding.PEM))
        (folder / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return folder

    def _sign(self, key: ec.EllipticCurvePrivateKey, name: str, days: int) -> x509.Certificate:
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=2))
            .not_valid_after(NOW + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )


def listen(ovn: Ovn, pki: Path) -> str:
    """Let the northbound database listen with TLS as well; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["ovs-appctl", "-t", f"{ovn.folder}/nb.ctl", "ovsdb-server/add-remote", f"pssl:{port}:127.0.0.1"]
    ovn.nbctl("set-ssl", str(pki / "key.pem"), str(pki / "cert.pem"), str(pki / "ca.pem"))
    subprocess.run(command, check=True)
    return f"ssl:127.0.0.1:{port}"


def reason(driver: OvnDriver) -> str:
    began = time.monotonic()
    observed = driver.observe(EVERYTHING)
    assert time.monotonic() - began < 30
    driver.close()
    assert observed.objects == ()
    return observed.unreachable[""]


def test_over_tls_everything_works(ovn: Ovn, tmp_path: Path) -> None:
    authority = Authority()
    address = listen(ovn, authority.give(tmp_path / "server"))
    driver = OvnDriver(address, ovn.southbound, authority.give(tmp_path / "client"))
    driver.apply([Change(Action.CREATE, SWITCH)])
    assert driver.observe(EVERYTHING).objects == (SWITCH,)
    driver.close()


def test_our_expired_certificate(ovn: Ovn, tmp_path: Path) -> None:
    authority = Authority()
    address = listen(ovn, authority.give(tmp_path / "server"))
    said = reason(OvnDriver(address, ovn.southbound, authority.give(tmp_path / "client", days=-1)))
    assert said == (
        f"OVN northbound database at {address}: our certificate {tmp_path}/client/cert.pem has expired on "
        f"{(NOW - datetime.timedelta(days=1)).date()}; renew it with the role pki"
    )


def test_their_expired_certificate(ovn: Ovn, tmp_path: Path) -> None:
    authority = Authority()
    address = listen(ovn, authority.give(tmp_path / "server", days=-1))
    said = reason(OvnDriver(address, ovn.southbound, authority.give(tmp_path / "client")))
    assert "its certificate is not accepted (certificate has expired)" in said


def test_a_certificate_of_a_strange_authority(ovn: Ovn, tmp_path: Path) -> None:
    authority = Authority()
    address = listen(ovn, authority.give(tmp_path / "server"))
    client = authority.give(tmp_path / "client")
    strange = Authority().give(tmp_path / "strange")
    for name in ("cert.pem", "key.pem"):
        shutil.copy(strange / name, client / name)
    assert f"it refuses our certificate {client}/cert.pem (" in reason(OvnDriver(address, ovn.southbound, client))


def test_a_missing_certificate(ovn: Ovn, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"ssl:127.0.0.1:{server.getsockname()[1]}"
        said = reason(OvnDriver(address, ovn.southbound, tmp_path / "nothing"))
    assert said == (
        f"OVN northbound database at {address}: a file in {tmp_path}/nothing is missing; "
        "run the roles pki and controller"
    )


def test_nobody_listens(ovn: Ovn) -> None:
    said = reason(OvnDriver("tcp:127.0.0.1:9", ovn.southbound, None))
    assert said == (
        "OVN northbound database at tcp:127.0.0.1:9: Connection refused; start ovn-central there or mend the address"
    )


def test_a_socket_that_is_not_there(tmp_path: Path, ovn: Ovn) -> None:
    address = f"unix:{tmp_path}/none"
    said = reason(OvnDriver(address, ovn.southbound, None))
    assert said.startswith(f"OVN northbound database at {address}: {address} is missing")


def test_a_host_that_swallows_everything(ovn: Ovn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stackwright.drivers.ovn.probe.SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp:127.0.0.1:{server.getsockname()[1]}"
        said = reason(OvnDriver(address, ovn.southbound, None))
    assert (
        said == f"OVN northbound database at {address}: it does not answer; start ovn-central there or mend the address"
    )


def test_another_of_several_addresses_answers(ovn: Ovn) -> None:
    driver = OvnDriver(f"tcp:127.0.0.1:9,{ovn.northbound}", ovn.southbound, None)
    assert not driver.observe(EVERYTHING).unreachable
    driver.close()


def test_apply_raises_what_observe_reports(ovn: Ovn) -> None:
    with pytest.raises(Unreachable, match="Connection refused"):
        OvnDriver("tcp:127.0.0.1:9", ovn.southbound, None).apply([Change(Action.CREATE, SWITCH)])


def test_without_a_need_no_library_is_loaded() -> None:
    loaded = "print([name for name in sys.modules if name.startswith('ovs')])"
    code = f"import sys, stackwright.drivers.ovn.driver, stackwright.render.ovn; {loaded}"
    seen = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert seen.stdout == "[]\n"
