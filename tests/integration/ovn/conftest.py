# SPDX-License-Identifier: Apache-2.0
"""Real OVN databases in a temporary folder, and the commands of an operator at them."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stackwright.drivers.ovn.driver import OvnDriver

DATABASES = {"nb": "OVN_Northbound", "sb": "OVN_Southbound"}
TLS = ("private-key", "certificate", "ca-cert")


@dataclass(frozen=True)
class Ovn:
    """Two databases behind unix sockets, `nb` and `sb`."""

    folder: Path
    servers: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Serve a database, and wait until it answers."""
        # Certificates come from the database, where a test puts them.
        tls = [f"--{option}=db:{DATABASES[name]},SSL,{option.replace('-', '_')}" for option in TLS]
        line = ["ovsdb-server", "--no-chdir", f"--remote=punix:{self.folder}/{name}.sock", *tls, "-vconsole:off"]
        line += [f"--unixctl={self.folder}/{name}.ctl", f"--log-file={self.folder}/{name}.log"]
        server = self.servers[name] = subprocess.Popen([*line, f"{self.folder}/{name}.db"])
        ask = ["ovs-appctl", "-t", f"{self.folder}/{name}.ctl", "version"]
        while subprocess.run(ask, capture_output=True, check=False).returncode:
            assert server.poll() is None, "ovsdb-server ended at once; is ovn-central installed?"

    def stop(self, name: str) -> None:
        """End a server; its database stays."""
        server = self.servers.pop(name)
        server.terminate()
        server.wait()

    @property
    def northbound(self) -> str:
        return f"unix:{self.folder}/nb.sock"

    @property
    def southbound(self) -> str:
        return f"unix:{self.folder}/sb.sock"

    def nbctl(self, *command: str) -> str:
        return self._run("ovn-nbctl", self.northbound, command)

    def sbctl(self, *command: str) -> str:
        return self._run("ovn-sbctl", self.southbound, command)

    def _run(self, tool: str, database: str, command: tuple[str, ...]) -> str:
        line = [tool, "--no-leader-only", f"--db={database}", *command]
        return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()

    def gateway(self, name: str) -> None:
        """A chassis that may carry gateways."""
        self.chassis(name)
        self.sbctl("set", "Chassis", name, "other_config:ovn-cms-options=enable-chassis-as-gw")

    def chassis(self, name: str) -> None:
        """A host that has carried out nothing yet; the last character of its name is a digit."""
        self.sbctl("chassis-add", name, "geneve", f"192.0.2.{name[-1]}")
        self.sbctl("set", "Chassis", name, f"hostname={name}")
        uuid = self.sbctl("get", "Chassis", name, "_uuid")
        self.sbctl("create", "Chassis_Private", f"name={name}", f"chassis={uuid}")

    def northd_has_it(self) -> None:
        """Wait until northd has taken over what was written."""
        self.nbctl("--wait=sb", "--timeout=120", "sync")

    def plug(self, port: str, chassis: str) -> None:
        """What ovn-controller does when a guest starts."""
        self.northd_has_it()
        self.sbctl("lsp-bind", port, chassis)
        self.sbctl("set", "Port_Binding", port, "up=true")
        self.northd_has_it()

    def caught_up(self, chassis: str) -> None:
        """What ovn-controller does when its flows are installed."""
        self.sbctl("set", "Chassis_Private", chassis, f"nb_cfg={self.nbctl('get', 'NB_Global', '.', 'nb_cfg')}")

    def trace(self, switch: str, packet: str) -> str:
        """What becomes of the first packet of a connection that enters a switch. Needs northd."""
        self.northd_has_it()
        options = ["--no-leader-only", "--minimal", "--no-friendly-names", *["--ct=new"] * 8]
        line = ["ovn-trace", f"--db={self.southbound}", *options, switch, packet]
        return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()

    def log(self, daemon: str) -> str:
        """What a daemon wrote to its log."""
        return (self.folder / f"{daemon}.log").read_text()

    def marked(self) -> list[str]:
        """Rows that carry a resource's mark, with their UUIDs."""
        rows = []
        for table in TABLES:
            found = self.nbctl("--format=csv", "--no-headings", "--columns=external_ids,_uuid", "list", table)
            rows += [f"{table} {line}" for line in found.splitlines() if "stackwright-id=" in line]
        return sorted(row for row in rows if "stackwright-id=shared" not in row)


TABLES = (
    "Logical_Switch",
    "Logical_Switch_Port",
    "DHCP_Options",
    "Port_Group",
    "ACL",
    "Logical_Router",
    "Logical_Router_Port",
    "Gateway_Chassis",
    "Logical_Router_Static_Route",
    "NAT",
)


@pytest.fixture
def ovn(tmp_path: Path) -> Iterator[Ovn]:
    """Empty northbound and southbound databases."""
    ready = Ovn(tmp_path)
    for name in DATABASES:
        create = ["ovsdb-tool", "create", f"{tmp_path}/{name}.db", f"/usr/share/ovn/ovn-{name}.ovsschema"]
        subprocess.run(create, check=True)
        ready.start(name)
    ready.nbctl("init")
    ready.sbctl("init")
    yield ready
    for name in list(ready.servers):
        ready.stop(name)


@pytest.fixture
def northd(ovn: Ovn) -> Iterator[None]:
    """What turns the northbound database into logical flows."""
    line = ["ovn-northd", f"--ovnnb-db={ovn.northbound}", f"--ovnsb-db={ovn.southbound}"]
    line += [f"--unixctl={ovn.folder}/northd.ctl", f"--log-file={ovn.folder}/northd.log", "-vconsole:off"]
    daemon = subprocess.Popen(line)
    yield
    daemon.terminate()
    daemon.wait()


@pytest.fixture
def connect(ovn: Ovn) -> Iterator[Callable[[], OvnDriver]]:
    """Makes drivers, as each run has its own."""
    made: list[OvnDriver] = []

    def make() -> OvnDriver:
        made.append(OvnDriver(ovn.northbound, ovn.southbound, None))
        return made[-1]

    yield make
    for driver in made:
        driver.close()
