# SPDX-License-Identifier: Apache-2.0
"""Ask a database for a sign of life, and say in one sentence why there is none.

Open vSwitch's library retries in silence: it does not tell a refused certificate from a closed port, and it
waits for minutes where packets are swallowed. So the first contact is ours.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from stackwright.engine.errors import InvalidInput, Unreachable

SECONDS = 5.0
_ECHO = b'{"id":"probe","method":"echo","params":[]}'


def first_answering(title: str, remotes: str, pki: Path | None) -> str:
    """Which of the comma-separated remotes answers. Raises Unreachable with the reason of the last one."""
    failure: Unreachable | None = None
    for remote in remotes.split(","):
        try:
            _ask(title, remote.strip(), pki)
        except Unreachable as error:
            failure = error
        else:
            return remote.strip()
    raise failure or InvalidInput(f"{title}: no address is set; give one like ssl:192.0.2.1:6641")


def _ask(title: str, remote: str, pki: Path | None) -> None:
    try:
        with closing(_connect(remote, pki)) as stream:
            stream.sendall(_ECHO)
            # Under TLS 1.3 a server refuses a certificate only after the handshake, in place of its answer.
            if not stream.recv(1):
                raise ConnectionResetError  # noqa: TRY301 - the same to us
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError) as error:
        raise Unreachable(f"{title} at {remote}: {_refusal(error, pki)}") from error
    except FileNotFoundError as error:
        missing = remote if remote.startswith("unix:") else f"a file in {pki}"
        raise Unreachable(f"{title} at {remote}: {missing} is missing; run the roles pki and controller") from error
    except OSError as error:
        cause = error.strerror or "it does not answer"
        raise Unreachable(f"{title} at {remote}: {cause}; start ovn-central there or mend the address") from error


def _connect(remote: str, pki: Path | None) -> socket.socket:
    kind, _, address = remote.partition(":")
    if kind == "unix":
        return _connect_unix(address)
    host, _, port = address.rpartition(":")
    context = _context(remote, pki) if kind == "ssl" else None
    plain = socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS)
    return context.wrap_socket(plain) if context else plain


def _connect_unix(path: str) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX)
    stream.settimeout(SECONDS)
    try:
        stream.connect(path)
    except OSError:
        stream.close()
        raise
    return stream


def _context(remote: str, pki: Path | None) -> ssl.SSLContext:
    if pki is None:
        raise InvalidInput(
            f"{remote} needs certificates; set pki to the folder that holds ca.pem, cert.pem and key.pem"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # As Open vSwitch does: who may serve is who has a certificate of our own CA.
    context.check_hostname = False
    context.load_verify_locations(pki / "ca.pem")
    context.load_cert_chain(pki / "cert.pem", pki / "key.pem")
    return context


def _refusal(error: Exception, pki: Path | None) -> str:
    """Why a server that listens does not talk to us. Its own reason may be lost with the connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message}); renew it there with the role pki"
    if pki is None:
        return "it closed the connection; look at its log on the controller"
    if (expired := _expired(pki)) is not None:
        return f"our certificate {pki}/cert.pem has expired on {expired}; renew it with the role pki"
    reason = (getattr(error, "reason", "") or "connection closed").replace("_", " ").lower()
    return f"it refuses our certificate {pki}/cert.pem ({reason}); renew it with the role pki"


def _expired(pki: Path) -> date | None:
    """The day on which our certificate ended, if it has."""
    from cryptography import x509

    end = x509.load_pem_x509_certificate((pki / "cert.pem").read_bytes()).not_valid_after_utc
    return end.date() if end < datetime.now(UTC) else None
