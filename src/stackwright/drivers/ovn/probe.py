# SPDX-License-Identifier: Apache-2.0
"""Ask a database for a sign of life, and say in one sentence why there is none.

Open vSwitch's library retries in silence: it does not tell a refused certificate from a closed port, and it
waits for minutes where packets are swallowed. So the first contact is ours.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
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
                raise Unreachable(f"{title} at {remote} closed the connection; look at its log on the controller")
    except ssl.SSLError as error:
        raise Unreachable(f"{title} at {remote}: {_tls_reason(error)}; renew certificates with the role pki") from error
    except FileNotFoundError as error:
        missing = remote if remote.startswith("unix:") else f"a file in {pki}"
        raise Unreachable(f"{title} at {remote}: {missing} is missing; run the roles pki and controller") from error
    except OSError as error:
        cause = error.strerror or "it does not answer"
        raise Unreachable(f"{title} at {remote}: {cause}; start ovn-central there or mend the address") from error


def _connect(remote: str, pki: Path | None) -> socket.socket:
    kind, _, address = remote.partition(":")
    if kind == "unix":
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(SECONDS)
        stream.connect(address)
        return stream
    host, _, port = address.rpartition(":")
    plain = socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS)
    return plain if kind == "tcp" else _context(remote, pki).wrap_socket(plain)


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


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    reason = (error.reason or "TLS failed").replace("_", " ").lower()
    if "alert" in reason:
        return f"it refuses our certificate ({reason})"
    return f"TLS failed ({reason})"
