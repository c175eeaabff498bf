# SPDX-License-Identifier: Apache-2.0
"""A whole cloud without a backend: the real engine, kinds and renderers on memory drivers, and ways to look at it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from stackwright.cloud import SYSTEM, Cloud
from stackwright.drivers.libvirt.objects import Hypervisor
from stackwright.drivers.memory import MemoryDriver
from stackwright.engine.errors import Refused
from stackwright.engine.objects import Action, Change, Object
from stackwright.engine.request import Request, Result
from stackwright.engine.resource import Wish
from stackwright.kinds import KINDS
from stackwright.registry import schema
from stackwright.registry.database import Registry
from stackwright.registry.vault import Vault
from stackwright.render import libvirt, ovn

RENDERERS = {"ovn": ovn.RENDER, "libvirt": libvirt.RENDER}
GIB = 1024**3
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH0DYkRmqdQ5B6i3V5x3qN0Jc4m1zJ7mCkYTkz8mQv3E someone@somewhere"
IMAGE = {"checksum": "c0" * 32, "disk_format": "qcow2", "size": GIB // 8, "virtual_size": GIB}

BASE = (
    Wish("keypair", "key", spec={"public_key": KEY}),
    Wish("image", "guest", spec=IMAGE),
    Wish("network", "public", spec={"external": True, "provider_physical_network": "physnet1"}),
    Wish(
        "subnet",
        "public-subnet",
        spec={
            "network": "public",
            "cidr": "172.24.4.0/24",
            "enable_dhcp": False,
            "allocation_pools": [{"start": "172.24.4.100", "end": "172.24.4.199"}],
        },
    ),
    Wish("network", "net"),
    Wish("subnet", "sub", spec={"network": "net", "cidr": "10.0.0.0/24"}),
    Wish("router", "router", spec={"external_network": "public", "interfaces": ["sub"]}),
)


@dataclass(frozen=True)
class Place:
    """Where a sandbox is kept: its registry, and the file with what its backends hold."""

    url: str
    world: Path

    @property
    def key(self) -> Path:
        """The file with the key of the registry."""
        return self.world.with_name("registry.key")

    def registry(self) -> Registry:
        """The registry, with its key."""
        return Registry(self.url, vault=self.vault())

    def vault(self) -> Vault:
        """The key, and what it is for."""
        return Vault(self.key, {name: kind.secret for name, kind in KINDS.items()})


def drivers(place: Place, before: Callable[[Change], None] = lambda change: None) -> dict[str, MemoryDriver]:
    """Memory in place of every backend."""
    return {name: MemoryDriver(name, place.world, before=before) for name in RENDERERS}


@dataclass(frozen=True)
class Refusing:
    """What a host does that makes no objects of one type: called before every change."""

    host: str
    type: str

    def __call__(self, change: Change) -> None:
        item = change.object
        if (item.place, type(item).__name__) == (self.host, self.type) and change.action is not Action.DELETE:
            raise Refused(f"{self.host} makes no {self.type}")


class Sandbox(Cloud):
    """A cloud on memory drivers, with short words for what tests do with one."""

    def __init__(self, place: Place, **options: Any) -> None:
        given = {"drivers": drivers(place), "renderers": RENDERERS, **options}
        super().__init__(place.registry(), given.pop("drivers"), given.pop("renderers"), **given)
        self.place = place

    def wish(self, kind: str, name: str, **spec: Any) -> Result:
        """Declare one thing and converge."""
        return self.ensure(request(Wish(kind, name, spec=spec)))

    def drop(self, kind: str, name: str) -> Result:
        """Declare one thing absent and converge."""
        return self.ensure(request(Wish(kind, name, present=False)))

    def one(self, kind: str, name: str) -> Any:
        """The one resource of that name."""
        (found,) = self.find(kind, name)
        return found

    def add_host(self, name: str, *, vcpus: int = 64, ram: int = 65536, disk: int = 1000, **spec: Any) -> None:
        """A host with this capacity, as its libvirt would report it. ram in MiB, disk in GiB."""
        self.wish("host", name, uri=f"test:///{name}", reserved_ram=0, **spec)
        host = self.one("host", name)
        self.hold(Hypervisor(place=name, name=name, resource=host.id, vcpus=vcpus, ram=ram, disk=disk))
        self.wish("host", name)

    def hold(self, item: Object) -> None:
        """Put something into a backend, behind the engine's back."""
        self.drivers[item.driver].apply([Change(Action.CREATE, item)])

    def lose(self, item: Object) -> None:
        """Take something out of a backend, behind the engine's back."""
        self.drivers[item.driver].apply([Change(Action.DELETE, item)])

    def objects(self, kind: str = "") -> list[Any]:
        """What the backends hold, of one type or all."""
        everything = [item for driver in self.drivers.values() for item in driver.objects()]  # type: ignore[attr-defined]
        return [item for item in everything if kind in ("", type(item).__name__)]


def request(*wishes: Wish, **options: Any) -> Request:
    """A request of the system itself."""
    return Request(tuple(wishes), SYSTEM, **options)


def server(name: str, **spec: Any) -> Wish:
    """A small instance on the base's network."""
    return Wish("instance", name, spec={"image": "guest", "flavor": "m1.tiny", "networks": ["net"], **spec})


def copy(source: Place, target: Path) -> Place:
    """The same sandbox a second time; for an SQLite registry."""
    target.mkdir(parents=True, exist_ok=True)
    registry = target / "registry.sqlite"
    shutil.copy(sa.make_url(source.url).database or "", registry)
    shutil.copy(source.world, target / "world.sqlite")
    shutil.copy(source.key, target / "registry.key")
    return Place(f"sqlite:///{registry}", target / "world.sqlite")


def portrait(cloud: Sandbox) -> dict[str, list[str]]:
    """Everything in registry and backends with names in place of ids: equal for equal clouds."""
    with cloud.registry.engine.connect() as connection:
        tables: dict[str, Any] = {
            name: connection.execute(sa.select(schema.metadata.tables[name])).mappings().all()
            for name in ("resource", "allocation", "claim", "departure", "usage", "reference", "run", "lease")
        }
    vault = cloud.place.vault()
    columns = ("spec", "attributes")
    tables["resource"] = [
        {**row, **{name: vault.unlock(row["kind"], row[name]) for name in columns}} for row in tables["resource"]
    ]
    names = _names(tables["resource"])
    left_out = ("created_at", "updated_at", "revision")
    seen = {
        name: sorted(_readable({key: row[key] for key in row if key not in left_out}, names) for row in rows)
        for name, rows in tables.items()
    }
    return {**seen, "world": sorted(_readable(item, names) for item in cloud.objects())}


def _names(rows: Any) -> dict[str, str]:
    by_id = {row["id"]: row for row in rows}

    def path(item: str) -> str:
        row = by_id[item]
        key = ID.sub(lambda match: path(match[0]) if match[0] in by_id else match[0], row["key"])
        return f"{path(row['owner'])}/{key}" if row["owner"] in by_id else f"{row['kind']}:{key}"

    return {item: path(item) for item in by_id}


def _readable(value: Any, names: dict[str, str]) -> str:
    if isinstance(value, dict):
        value = dict(sorted(value.items()))
    text = repr(value)
    for item, name in names.items():
        text = text.replace(item, f"<{name}>").replace(item.replace("-", "_"), f"<{name}>").replace(item[:8], "<8>")
    # What is derived from an id by a hash.
    text = re.sub(r"config-[0-9a-f]{12}", "config", text)
    text = re.sub(r"tap<8>\S{3}", "tap", text)
    text = text.replace("power='as_is'", "power='running'")  # what is made anew is started
    return re.sub(r"02:00(:[0-9a-f]{2}){4}", "02:00", text)


def flaws(cloud: Sandbox) -> list[str]:
    """What contradicts itself: counters that are no sums, leases without a run, objects that nobody declared."""
    with cloud.registry.engine.connect() as connection:
        rows = {
            name: connection.execute(sa.select(schema.metadata.tables[name])).mappings().all()
            for name in ("resource", "allocation", "claim", "departure", "usage", "run", "lease")
        }
    sums: dict[tuple[str, str], int] = {}
    for claim in [*rows["claim"], *rows["departure"]]:
        for name in ("vcpus", "ram", "disk"):
            sums[claim["host"], name] = sums.get((claim["host"], name), 0) + claim[name]
    for resource in rows["resource"]:
        for name, amount in resource["charges"].items():
            sums[resource["project"], name] = sums.get((resource["project"], name), 0) + amount
    counters = {(row["owner"], row["class"]): row["used"] for row in rows["usage"] if row["used"]}
    found = [] if counters == {key: amount for key, amount in sums.items() if amount} else [f"{counters} != {sums}"]
    found += [f"lease left: {row['name']}" for row in rows["lease"]]
    found += [f"run left: {row['purpose']}" for row in rows["run"]]
    known = {row["id"] for row in rows["resource"]}
    return found + [f"orphan: {item.identity}" for item in cloud.objects() if item.resource not in known]
