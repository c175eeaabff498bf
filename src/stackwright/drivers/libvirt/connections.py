# SPDX-License-Identifier: Apache-2.0
"""One connection per host, opened when it is first needed and kept for the run. Safe to use from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import libvirt

from stackwright.drivers.libvirt.console import Logs
from stackwright.drivers.libvirt.errors import message
from stackwright.drivers.libvirt.hypervisors import why_not
from stackwright.drivers.libvirt.objects import CONSOLE_POOL, POOL
from stackwright.drivers.libvirt.parsing import has_virtualisation, parse_capabilities, parse_pool_path
from stackwright.drivers.libvirt.xml import CONTAINER, Host
from stackwright.engine.errors import Unreachable

OPEN_TIMEOUT_S = 10.0
KEEPALIVE_S = 5
KEEPALIVE_MISSES = 3

_started = threading.Lock()
_loop: threading.Thread | None = None


def _start_event_loop() -> None:
    """Keepalive needs libvirt's event loop to run; one thread of this process does that, to its end."""
    global _loop
    with _started:
        if _loop is None:
            libvirt.virEventRegisterDefaultImpl()
            libvirt.registerErrorHandler(lambda _, __: None, None)
            _loop = threading.Thread(target=_run_events, name="libvirt-events", daemon=True)
            _loop.start()


def _run_events() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


@dataclass(frozen=True)
class Connection:
    """An open connection, with what is worth asking a host only once. place: name of the host, uri: where it is.

    sending: held by an upload. libvirt has dropped connections that carried several streams at once.
    tell: gets a line for people now and then while a transfer takes long.
    """

    place: str
    uri: str
    libvirt: libvirt.virConnect
    host: Host
    pool: libvirt.virStoragePool
    logs: Logs
    refreshing: threading.Lock
    sending: threading.Lock
    tell: Callable[[str], None]

    def peer_uri(self, pki: str) -> str:
        """How another host reaches it, with the certificate that it has there."""
        return _with_pki(self.uri, pki)


class Connections:
    """pki: folder with cacert.pem, clientcert.pem and clientkey.pem, for hosts that are reached by TLS.

    tell: as a connection's.
    """

    def __init__(self, pki: Path, tell: Callable[[str], None]) -> None:
        self._pki = pki
        self._tell = tell
        self._uris: dict[str, str] = {}
        self._open: dict[str, Connection] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def know(self, hosts: Mapping[str, str]) -> None:
        """Remember where hosts are: name -> connection URI."""
        self._uris.update(hosts)

    def get(self, place: str) -> Connection:
        """The connection to a host. Raises Unreachable, naming host and cause."""
        with self._lock:
            lock = self._locks.setdefault(place, threading.Lock())
        with lock:
            kept = self._open.get(place)
            if kept is None or not kept.libvirt.isAlive():
                kept = self._open[place] = self._connect(place)
            return kept

    def close(self) -> None:
        """Drop all of them."""
        for connection in self._open.values():
            connection.libvirt.close()
        self._open.clear()

    def _connect(self, place: str) -> Connection:
        if place not in self._uris:
            raise Unreachable(f"host {place} is not among the hosts of this run; run it again")
        _start_event_loop()
        try:
            opened = _bounded_open(_with_pki(self._uris[place], str(self._pki)))
            opened.setKeepAlive(KEEPALIVE_S, KEEPALIVE_MISSES)
            return _connection(place, self._uris[place], opened, self._tell)
        except libvirt.libvirtError as error:
            raise Unreachable(_why(place, error)) from error
        except TimeoutError as error:
            words = f"host {place} did not answer within {OPEN_TIMEOUT_S:.0f} s; see whether it is up and reachable"
            raise Unreachable(words) from error


def _with_pki(uri: str, pki: str) -> str:
    parts = urlsplit(uri)
    if not parts.scheme.endswith("+tls"):
        return uri
    query = urlencode({**dict(parse_qsl(parts.query)), "pkipath": pki}, safe="/")
    return urlunsplit(parts._replace(query=query))


def _bounded_open(uri: str) -> libvirt.virConnect:
    """libvirt waits for a silent host as long as the kernel does, which is minutes. Raises TimeoutError."""
    answer: SimpleQueue[libvirt.virConnect | libvirt.libvirtError] = SimpleQueue()

    def attempt() -> None:
        try:
            answer.put(libvirt.open(uri))
        except libvirt.libvirtError as error:
            answer.put(error)

    threading.Thread(target=attempt, name="libvirt-open", daemon=True).start()
    try:
        found = answer.get(timeout=OPEN_TIMEOUT_S)
    except Empty as error:
        raise TimeoutError from error
    if isinstance(found, libvirt.libvirtError):
        raise found
    return found


def _connection(place: str, uri: str, opened: libvirt.virConnect, tell: Callable[[str], None]) -> Connection:
    driver = opened.getType()
    refusal = why_not(driver)
    if refusal:
        opened.close()
        raise Unreachable(f"host {place} cannot run instances: {refusal}; docs/hypervisors.md says which can")
    pool = opened.storagePoolLookupByName(POOL)
    consoles = opened.storagePoolLookupByName(CONSOLE_POOL)
    arch, offers_kvm, cpu = parse_capabilities(opened.getCapabilities())
    host = Host(
        domain_type=CONTAINER if driver == "LXC" else "kvm" if offers_kvm and _works_kvm(opened, arch, cpu) else "qemu",
        arch=arch,
        pool_path=parse_pool_path(pool.XMLDesc()),
        console_path=parse_pool_path(consoles.XMLDesc()),
    )
    return Connection(place, uri, opened, host, pool, Logs(consoles), threading.Lock(), threading.Lock(), tell)


def _works_kvm(opened: libvirt.virConnect, arch: str, cpu: str) -> bool:
    """A /dev/kvm can be there although the processor has nothing for it; guests would hang."""
    if arch != "x86_64":
        return True
    expand = libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES
    return has_virtualisation(opened.baselineCPU([cpu], expand))


def _why(place: str, error: libvirt.libvirtError) -> str:
    said = message(error)
    if error.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_POOL:
        return f"host {place} lacks a storage pool ({said}); run the role compute on it"
    # libvirt has one code for all that goes wrong with a certificate; only its words tell this apart.
    if "expired" in said:
        return f"host {place}: a certificate has expired ({said}); run site.yml, whose role pki renews it"
    return f"host {place} cannot be reached ({said}); see whether it is up and libvirtd runs on it"
