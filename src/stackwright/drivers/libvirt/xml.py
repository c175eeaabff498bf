# SPDX-License-Identifier: Apache-2.0
"""The only place that builds libvirt's XML, and with `parsing` the only one that knows it.

Jinja2 is imported when XML is built, so that a run that only looks does not pay for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from stackwright.drivers.libvirt.objects import AdoptedDomain, Disk, Domain, Nic, Volume

if TYPE_CHECKING:
    from jinja2 import Template

NAMESPACE = "urn:stackwright:instance:1"
PREFIX = "stackwright"
BRIDGE = "br-int"
ALIAS = "ua-"
"""Begins the names that users of libvirt give to devices; a network card's goes on with its port's id."""
CONTAINER = "lxc"
SPARE_ROOT_PORTS = 8
"""How many devices can be plugged into a running guest."""


@dataclass(frozen=True, slots=True)
class Host:
    """What a guest's XML depends on. pool_path, console_path: directories of the two storage pools."""

    domain_type: str
    arch: str
    pool_path: str
    console_path: str

    @property
    def container(self) -> bool:
        """Whether its guests share its kernel."""
        return self.domain_type == CONTAINER

    @property
    def disk_format(self) -> str:
        """Of instances' disks."""
        return "raw" if self.container else "qcow2"

    def path_of(self, volume: str) -> str:
        """Where a volume's file is; what is not in our pool is a path already."""
        return volume if volume.startswith("/") else f"{self.pool_path}/{volume}"

    def volume_at(self, path: str) -> str:
        """The inverse of `path_of`."""
        return path.removeprefix(f"{self.pool_path}/")


@cache
def _template(name: str) -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("stackwright.drivers.libvirt")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {"alias": ALIAS, "bridge": BRIDGE, "namespace": NAMESPACE, "prefix": PREFIX}
    return environment.get_template(name)


def domain_xml(domain: Domain, host: Host) -> str:
    """A whole guest, with root ports for its devices and some to spare; or a container."""
    if host.container:
        return _template("container.xml").render(domain=domain, host=host)
    devices = len(domain.disks) + len(domain.nics) + len(("scsi", "rng", "balloon"))
    return _template("domain.xml").render(domain=domain, host=host, root_ports=devices + SPARE_ROOT_PORTS)


def mark_xml(domain: Domain) -> str:
    """What makes a guest ours, as libvirt keeps it for us."""
    return _part("mark_xml", domain)


def adopted_mark_xml(domain: AdoptedDomain) -> str:
    """What says that a guest which others made was adopted."""
    return _part("adopted_mark_xml", domain)


def disk_xml(disk: Disk, host: Host) -> str:
    """One disk, to be plugged in, out or changed."""
    return _part("disk_xml", disk, host)


def nic_xml(nic: Nic) -> str:
    """One network card, to be plugged in or out."""
    return _part("nic_xml", nic)


def _part(macro: str, *arguments: object) -> str:
    return str(getattr(_template("parts.xml").module, macro)(*arguments)).strip()


def volume_xml(volume: Volume, host: Host) -> str:
    """A disk: empty, or one that starts from another volume."""
    return _template("volume.xml").render(volume=volume, host=host, format=host.disk_format)


def upload_xml(name: str) -> str:
    """An empty file that grows with what is written to it; its format is that of its content."""
    volume = Volume(name=name, resource="", capacity=0)
    return _template("volume.xml").render(volume=volume, host=None, format="raw")
