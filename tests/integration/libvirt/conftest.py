# SPDX-License-Identifier: Apache-2.0
"""A real libvirtd with real QEMU guests, beside the machine's own."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import libvirt
import pytest
from hypervisor import Cloud, Daemon

from stackwright.drivers.libvirt.objects import CONSOLE_POOL, POOL

SCRIPT = Path(__file__).with_name("private_libvirtd.sh")
START_S = 300
OWN_FOLDER = Path("/mnt")
"""Where each of them sees its own folder."""


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("libvirtd")
    with started(folder, folder) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Daemon, Daemon]]:
    """Two hosts whose pools have the same paths, as those of a cloud have."""
    folders = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
    with started(folders[0], OWN_FOLDER) as first, started(folders[1], OWN_FOLDER) as second:
        yield first, second


@contextmanager
def started(folder: Path, pools: Path) -> Iterator[Daemon]:
    """pools: where it has its storage pools, as it sees that."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["unshare", "--mount", "--net", "--propagation", "private", str(SCRIPT), str(folder)],
            stdout=log,
            stderr=log,
        )
        try:
            daemon = Daemon(folder)
            _wait_for(daemon, process)
            _make_pools(daemon, pools)
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


def _make_pools(daemon: Daemon, pools: Path) -> None:
    for name in (POOL, CONSOLE_POOL):
        (daemon.folder / name).mkdir()
        daemon.virsh("pool-create-as", name, "dir", "--target", str(pools / name))


@pytest.fixture
def cloud(daemon: Daemon, tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(daemon, tmp_path / "images")
    cloud.store.mkdir()
    yield cloud
    cloud.driver.close()
    _clear(daemon)


@pytest.fixture
def two_hosts(pair: tuple[Daemon, Daemon], tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(pair[0], tmp_path / "images", pair[1])
    cloud.store.mkdir()
    yield cloud
    cloud.driver.close()
    for daemon in pair:
        _clear(daemon)


def _clear(daemon: Daemon) -> None:
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
