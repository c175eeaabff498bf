# SPDX-License-Identifier: Apache-2.0
"""A large cloud on one machine: 200 hosts of libvirt's test driver, and a real OVN northbound database.

    python -m benchmarks.fleet INSTANCES    prints the seconds and the MiB of memory as JSON

There is a network for every ten instances. The test driver keeps guests and volumes in memory but not what is in
volumes, so images and config drives are there by name alone; and no host plugs ports in, so nobody waits for that.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import libvirt

from sandbox import IMAGE, Place, Sandbox, request, server
from stackwright.drivers.libvirt.connections import Connection, Connections, _connection
from stackwright.drivers.libvirt.driver import LibvirtDriver
from stackwright.drivers.libvirt.objects import CONSOLE_POOL, POOL, ConfigDrive, Hypervisor, ImageCopy
from stackwright.drivers.libvirt.observe import COMPLETE
from stackwright.drivers.libvirt.xml import upload_xml
from stackwright.drivers.ovn.driver import OvnDriver
from stackwright.engine.objects import Action, Change, Object
from stackwright.engine.resource import Observation, Resource, Scope, Wish

HOSTS = 200
PER_NETWORK = 10
AT_ONCE = 500
NODE = """<node>
  <cpu><mhz>3000</mhz><model>test</model><active>64</active><nodes>1</nodes><sockets>1</sockets><cores>64</cores>
    <threads>1</threads></cpu>
  <memory>268435456</memory>
  <pool type="dir"><name>{pool}</name><target><path>/volumes</path></target></pool>
  <pool type="dir"><name>{consoles}</name><target><path>/console</path></target></pool>
</node>"""
SCHEMAS = {"nb": "/usr/share/ovn/ovn-nb.ovsschema", "sb": "/usr/share/ovn/ovn-sb.ovsschema"}


class Fleet(Connections):
    """Connections to hosts of the test driver, all held open: each has its state only as long as it is."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, lambda line: None)
        libvirt.registerErrorHandler(lambda _, __: None, None)
        self.hosts = {f"host{number}": self._host(folder / f"host{number}.xml") for number in range(HOSTS)}

    def _host(self, file: Path) -> Connection:
        file.write_text(NODE.format(pool=POOL, consoles=CONSOLE_POOL))
        opened = libvirt.open(f"test://{file}")
        found = _connection(file.stem, f"test://{file}", opened, lambda line: None)
        return replace(found, host=replace(found.host, domain_type="test"))

    def get(self, place: str) -> Connection:
        return self.hosts[place]

    def close(self) -> None:
        """They are held until the end."""


class FleetDriver(LibvirtDriver):
    """libvirt's driver as it is, but for uploads and for what the test driver does not know of a host's memory."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        super().__init__(folder, folder)
        self.fleet = fleet

    def _connections(self) -> Connections:
        return self.fleet

    def observe(self, scope: Scope) -> Observation:
        found = super().observe(replace(scope, capacity=False))
        own = [Hypervisor(place=name, name=name, resource="") for name in scope.hosts] if scope.capacity else []
        return replace(found, objects=(*own, *found.objects))

    def apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            item = change.object
            if isinstance(item, (ImageCopy, ConfigDrive)) and change.action is Action.CREATE:
                self._make(item)
            else:
                super().apply([change])

    def _make(self, item: Object) -> None:
        for name in (item.name, item.name + COMPLETE):
            self.fleet.get(item.place).pool.createXML(upload_xml(name))


class Northbound(OvnDriver):
    """OVN's driver as it is, where nobody carries out what is written."""

    def settle(self, objects: Iterable[Object], timeout: float) -> list[str]:
        return []


def main() -> None:
    """Make the cloud, measure, and print."""
    size = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as folder:
        fleet = Fleet(folder)
        with opened(fleet, folder) as cloud:
            wishes = list(wanted(size))
            found = {"create": timed(lambda: made(cloud, wishes))}
        with opened(fleet, folder) as cloud:  # as another run finds it
            whole = request(*wishes)
            found["unchanged"] = timed(lambda: unchanged(cloud.ensure(whole)))
        with opened(fleet, folder) as cloud:
            found["drift"] = timed(lambda: unchanged(cloud.drift()))
        with opened(fleet, folder) as cloud:
            one = request(server("another", networks=["net0"]))
            found["one more"] = timed(lambda: good(cloud.ensure(one)))
        found["MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


@contextmanager
def opened(fleet: Fleet, folder: Path) -> Iterator[Sandbox]:
    """The cloud, as a run of its own opens it."""
    drivers = {
        "ovn": Northbound(f"unix:{folder}/nb.sock", f"unix:{folder}/sb.sock", folder),
        "libvirt": FleetDriver(fleet, folder),
    }
    place = Place(f"sqlite:///{folder}/registry.sqlite", folder / "world.sqlite")
    with Sandbox(place, drivers=drivers) as cloud:
        cloud.initialise()
        if not cloud.find("host"):
            cloud.registry.write(lambda txn: txn.insert(map(host, range(HOSTS))))
        yield cloud


@contextmanager
def served(folder: Path) -> Iterator[Path]:
    """Both of OVN's databases, behind sockets in the folder."""
    servers = []
    for name, schema in SCHEMAS.items():
        subprocess.run(["ovsdb-tool", "create", folder / f"{name}.db", schema], check=True)
        line = ["ovsdb-server", "--no-chdir", f"--remote=punix:{folder}/{name}.sock", "-vconsole:off", "-vfile:off"]
        servers.append(subprocess.Popen([*line, f"--unixctl={folder}/{name}.ctl", folder / f"{name}.db"]))
    while not all((folder / f"{name}.sock").exists() for name in SCHEMAS):
        time.sleep(0.05)
    try:
        yield folder
    finally:
        for server in servers:
            server.terminate()
            server.wait()


def host(number: int) -> Resource:
    """As it is recorded once it was seen."""
    name = f"host{number}"
    spec = {"uri": f"test:///{name}", "availability_zone": "nova", "state": "enabled"}
    has = {"vcpus": 64, "ram": 65536, "disk": 1000, "arch": "i686", "domain_type": "test"}
    return Resource(f"{number:08x}-0000-0000-0000-000000000000", "host", "", "", name, name, spec, has, "active")


def wanted(size: int) -> Iterator[Wish]:
    """Networks first, and what is on them."""
    yield Wish("image", "guest", spec=IMAGE)
    networks = -(-size // PER_NETWORK)
    for number in range(networks):
        yield Wish("network", f"net{number}")
        cidr = f"10.{number // 256}.{number % 256}.0/24"
        yield Wish("subnet", f"sub{number}", spec={"network": f"net{number}", "cidr": cidr})
    for number in range(size):
        yield server(f"server{number}", networks=[f"net{number % networks}"])


def made(cloud: Sandbox, wishes: list[Wish]) -> None:
    """Some at a time, as they come in life."""
    for start in range(0, len(wishes), AT_ONCE):
        good(cloud.ensure(request(*wishes[start : start + AT_ONCE])))


def good(result: Any) -> None:
    """Nothing failed."""
    assert not result.errors, result.errors[0]


def unchanged(result: Any) -> None:
    """Nothing failed, and nothing had to be done."""
    good(result)
    assert not result.changed


def timed(what: Callable[[], None]) -> float:
    """Seconds that it takes."""
    began = time.monotonic()
    what()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
