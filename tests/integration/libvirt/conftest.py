# SPDX-License-Identifier: Apache-2.0
"""A real libvirtd with real QEMU guests, beside the machine's own."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest
from hypervisor import Cloud, Daemon

from stackwright.drivers.libvirt.objects import CONSOLE_POOL, POOL

SCRIPT = Path(__file__).with_name("private_libvirtd.sh")
START_S = 60


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("libvirtd")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["unshare", "--mount", "--net", "--propagation", "private", str(SCRIPT), str(folder)],
            stdout=log,
            stderr=log,
        )
        try:
            daemon = Daemon(folder)
            _wait_for(daemon, process)
            _make_pools(daemon)
            yield daemon
        finally:
            process.terminate()
            process.wait(START_S)


def _wait_for(daemon: Daemon, process: "subprocess.Popen[bytes]") -> None:
    patience = time.monotonic() + START_S
    while True:
        try:
            daemon.virsh("capabilities")
        except subprocess.CalledProcessError:
            if process.poll() is not None or time.monotonic() > patience:
                pytest.fail("libvirtd does not start:\n" + (daemon.folder / "log").read_text()[-2000:])
            time.sleep(0.1)
        else:
            return


def _make_pools(daemon: Daemon) -> None:
    for name in (POOL, CONSOLE_POOL):
        path = daemon.folder / name
        path.mkdir()
        daemon.virsh("pool-create-as", name, "dir", "--target", str(path))


@pytest.fixture
def cloud(daemon: Daemon, tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(daemon, tmp_path / "images")
    cloud.store.mkdir()
    yield cloud
    cloud.driver.close()
    connection = libvirt.open(daemon.uri)
    for domain in connection.listAllDomains():
        if domain.isActive():
            domain.destroy()
        if domain.isPersistent():
            domain.undefine()
    for name in (POOL, CONSOLE_POOL):
        pool = connection.storagePoolLookupByName(name)
        pool.refresh()
        for volume in pool.listAllVolumes():
            volume.delete()
    connection.close()
