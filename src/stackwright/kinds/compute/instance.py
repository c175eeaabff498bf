# SPDX-License-Identifier: Apache-2.0
"""Instances: virtual machines."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from stackwright.engine.errors import InvalidInput
from stackwright.engine.kind import Allocator
from stackwright.engine.objects import Object
from stackwright.engine.resource import ATTACHED, Resource, Wish
from stackwright.kinds.base import Kind, Name, Ref, Spec
from stackwright.kinds.compute import adopt, shelve
from stackwright.kinds.compute.adopt import Adopted
from stackwright.kinds.compute.flavor import FlavorSpec
from stackwright.kinds.compute.host import HostSpec
from stackwright.kinds.compute.resize import Resize, claim, decided, sizes
from stackwright.kinds.compute.server_group import ServerGroupSpec
from stackwright.kinds.image.image import ImageSpec
from stackwright.kinds.network.subnet import Address
from stackwright.scheduler.candidate import Group, Placement

GIB = 1024**3
PLACED_BY = ("host", "availability_zone", "server_group")


class Nic(Spec):
    """One network card: on a network (a port is made and goes with the instance), or at a port that exists.

    A plain string names the network. subnet: where its address is to be; it may stand for its network.
    """

    network: Annotated[str, Ref("network")] | None = None
    subnet: Annotated[str, Ref("subnet")] | None = None
    port: Annotated[str, Ref("port")] | None = None
    fixed_ip: Address | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"network": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> "Nic":
        if (self.network is None and self.subnet is None) == (self.port is None):
            raise ValueError("an entry of networks names a network or a port, and not both")
        if self.port and self.fixed_ip:
            raise ValueError("fixed_ip goes with a network; a port has its addresses already")
        return self


LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"


def _is_host_name(name: str) -> str:
    if len(name) > 253 or not re.fullmatch(rf"{LABEL}(\.{LABEL})*", name):
        raise ValueError(f"{name} is no host name; use letters, digits and dashes, with dots in between")
    return name


def _is_tag(tag: str) -> str:
    if not re.fullmatch(r"[^,/]{1,60}", tag) or not tag.isprintable():
        raise ValueError(f"{tag!r} is no tag; use 1 to 60 printable characters without comma and slash")
    return tag


def _is_path(path: str) -> str:
    """A file in the guest; '..' could lead anywhere."""
    folder, _, name = path.rpartition("/")
    if not path.startswith("/") or not name or {"..", "."} & {*folder.split("/"), name} or not path.isprintable():
        raise ValueError(f"{path!r} is no absolute path of a file; write it like /etc/motd")
    return path


HostName = Annotated[str, AfterValidator(_is_host_name)]
Tag = Annotated[str, AfterValidator(_is_tag)]
GuestPath = Annotated[str, Field(max_length=255), AfterValidator(_is_path)]


class InstanceSpec(Spec):
    """networks: None takes the project's only network. floating_ip: the external network that an address comes from.

    host: the one it must be on. personality: path in the guest -> text of the file, as the config drive has it.
    hostname: what the guest is told it is called; None for its name.
    power: what it is kept at; None starts it once, when it is created, and leaves it alone from then on.
    reboots, rebuilds: how often it was asked to reboot, or to get a fresh disk; one more is one of these.
    resize: trial while another flavor waits to be confirmed or reverted; flavor_before: the one to go back to then.
    shelved, shelf, offloaded: see `shelve`. adopt: name of a guest that others made; see `adopt`, and `adopted` there.
    """

    image: Annotated[str, Ref("image")] = ""
    flavor: Annotated[str, Ref("flavor")] = ""
    networks: list[Nic] | None = None
    keypair: Annotated[str, Ref("keypair")] | None = None
    security_groups: list[Annotated[str, Ref("security_group")]] | None = None
    user_data: str = ""
    metadata: dict[Annotated[str, Field(min_length=1, max_length=255)], str] = {}
    config_drive: bool = True
    floating_ip: Annotated[str, Ref("network")] | None = None
    availability_zone: Name | None = None
    host: Annotated[str, Ref("host")] | None = None
    server_group: Annotated[str, Ref("server_group")] | None = None
    hostname: HostName | None = None
    personality: dict[GuestPath, str] = {}
    tags: Annotated[list[Tag], AfterValidator(lambda tags: sorted(set(tags)))] = []
    power: Literal["running", "stopped"] | None = None
    reboots: Annotated[int, Field(ge=0)] = 0
    rebuilds: Annotated[int, Field(ge=0)] = 0
    resize: Resize | None = None
    flavor_before: Annotated[str, Ref("flavor")] | None = None
    shelved: bool = False
    shelf: shelve.Shelf | None = None
    offloaded: bool = False
    adopt: Name | None = None
    adopted: Adopted | None = None
    description: str = ""

    @model_validator(mode="before")
    @classmethod
    def _may_lack(cls, value: Any) -> Any:
        """One that was adopted starts from no image, and has no flavor."""
        if not isinstance(value, Mapping) or not value.get("adopt"):
            return value
        return {key: item for key, item in value.items() if item or key not in ("image", "flavor")}

    @model_validator(mode="after")
    def _is_made_of_something(self) -> "InstanceSpec":
        missing = [name for name in ("image", "flavor") if not (self.adopt or getattr(self, name))]
        if missing:
            raise ValueError(f"option {missing[0]} is missing")
        return self

    @model_validator(mode="after")
    def _has_a_drive(self) -> "InstanceSpec":
        if self.personality and not self.config_drive:
            raise ValueError("personality needs the config drive; keep that, or leave the files out")
        return self


class Instance(Kind):
    """Attributes: nics [{port, mac_address, mtu, subnets}], root_gib, ephemeral_gib, vcpus, ram; claimed on trial.

    It owns the ports that it made.
    """

    name = "instance"
    spec = InstanceSpec
    affects = ("floating_ip",)
    secret = ("user_data", "personality")
    columns = ("power_state", "host", "flavor", "addresses")

    def complete(self, wish: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """The only network, where none was named; and an image that fits the flavor."""
        if wish.spec["adopt"]:
            return adopt.decided(wish, allocator)
        resized = decided(wish, allocator)
        self._fits(wish, allocator)
        # A guest remembers how often it was rebooted or rebuilt, so these never fall.
        before = allocator.get(wish.id).spec
        counts = {name: max(wish.spec[name], before.get(name, 0)) for name in ("reboots", "rebuilds")}
        shelf = shelve.decided(wish, allocator)
        leaving = shelf["shelved"] and not shelf["offloaded"]
        if before and (counts["rebuilds"] > before.get("rebuilds", 0) or leaving):
            _stays_where_it_is(wish, before)
        return {**wish.spec, **resized, **counts, **shelf, "networks": self._networks(wish, allocator)}

    def _networks(self, wish: Resource, allocator: Allocator) -> list[Mapping[str, Any]]:
        listed: list[Mapping[str, Any]] | None = wish.spec["networks"]
        if listed is not None:
            _has_each_port_once(wish, [nic["port"] for nic in listed if nic["port"]], allocator)
            return [_with_network(wish, nic, allocator) for nic in listed]
        own = [item for item in allocator.visible("network", wish.project) if not item.spec["external"]]
        if len(own) != 1:
            names = ", ".join(sorted(item.name for item in own)) or "none"
            raise InvalidInput(
                f"instance {wish.name} names no network and there is not just one to take ({names}); list networks"
            )
        return [{"network": own[0].id, "port": None, "fixed_ip": None}]

    def _fits(self, wish: Resource, allocator: Allocator) -> None:
        flavor = FlavorSpec.of(allocator.get(wish.spec["flavor"]))
        source = allocator.get(wish.spec["image"])
        image = ImageSpec.of(source)
        if flavor.ephemeral and image.for_containers():
            raise InvalidInput(
                f"instance {wish.name}: a container, which image {source.name} is for, has no ephemeral disk; choose a "
                "flavor without"
            )
        need = max(image.min_disk, -(-image.virtual_size // GIB))
        if flavor.disk and flavor.disk < need:
            raise InvalidInput(
                f"instance {wish.name}: image {source.name} needs a disk of {need} GiB and the flavor has "
                f"{flavor.disk} GiB; choose a larger flavor"
            )
        if flavor.ram < image.min_ram:
            raise InvalidInput(
                f"instance {wish.name}: image {source.name} needs {image.min_ram} MiB of memory and the flavor has "
                f"{flavor.ram} MiB; choose a larger flavor"
            )

    def children(self, resource: Resource) -> Iterable[Wish]:
        """A port for each network it names, and its floating IP."""
        spec = InstanceSpec.of(resource)
        for index, (key, nic) in enumerate(_cards(spec)):
            if nic.network:
                yield Wish("port", key, _part_of(resource, f"nic{index}"), _port_spec(spec, nic))
        if spec.floating_ip:
            target = {"network": spec.floating_ip, "instance": resource.id}
            yield Wish("floating_ip", "floating_ip", _part_of(resource, "floating"), target)
        yield from shelve.image_of(resource)

    def allocate(self, resource: Resource, allocator: Allocator) -> Mapping[str, Any]:
        """Its network cards in order, and what it claims of a host."""
        spec = InstanceSpec.of(resource)
        if spec.adopted:
            return adopt.attributes(spec.adopted)
        image = ImageSpec.of(allocator.get(spec.image))
        made = {port.key: port for port in allocator.children(resource.id, "port")}
        ports = [allocator.get(nic.port) if nic.port else made[key] for key, nic in _cards(spec)]
        smallest = shelve.smallest_gib(image, spec)
        size = sizes(spec, smallest, allocator)
        if size["root_gib"] < smallest:
            raise InvalidInput(f"instance {resource.name} needs a disk of {smallest} GiB for its image; keep that much")
        for port in ports:
            allocator.take(resource, ATTACHED, port.id)
        return {
            "nics": [_nic(port) for port in ports],
            **size,
            **shelve.noted(resource),
            "started": resource.attributes.get("started", False),
        }

    def unborn(self, resource: Resource) -> bool:
        """Until its first success."""
        return not resource.attributes.get("started")

    def learn(self, resource: Resource, objects: Iterable[Object]) -> Mapping[str, Any]:
        """From its first success on, its power is left alone unless the spec says otherwise."""
        done = shelve.phase(resource.spec)
        return {**resource.attributes, "started": True, **({"shelving": done} if done else {})}

    def placement(self, resource: Resource, allocator: Allocator) -> Placement | None:
        """Its flavor's size, where it was asked to be; nothing for one on the shelf."""
        spec, demand = InstanceSpec.of(resource), claim(resource.attributes)
        if spec.offloaded:
            return None
        if spec.adopted:  # its host counts it among the guests that are not ours, as before
            return Placement(resource.title, dict.fromkeys(demand, 0), host=allocator.get(spec.host or "").name)
        group = _group(resource, allocator.get(spec.server_group), allocator) if spec.server_group else None
        return Placement(
            resource.title,
            demand,
            zone=spec.availability_zone or "",
            host=allocator.get(spec.host).name if spec.host else "",
            group=group,
            beside=_beside(resource, spec, group, allocator),
            extra_specs=allocator.get(spec.flavor).spec["extra_specs"],
            properties=allocator.get(spec.image).spec["properties"],
        )

    def precedence(self, resource: Resource, allocator: Allocator) -> int:
        """What stays first, and what must be on one host; then who is bound to others, or to a zone."""
        spec = resource.spec
        if resource.host or spec["host"]:
            return 0
        policy = allocator.get(spec["server_group"]).spec["policy"] if spec["server_group"] else ""
        if policy in ("affinity", "anti-affinity"):
            return 1
        return 2 if spec["availability_zone"] else 3

    def quota(self, resource: Resource) -> Mapping[str, int]:
        """Instances, vCPUs and memory in MiB."""
        size = claim(resource.attributes)
        return {"instances": 1, "vcpus": size["vcpus"], "ram": size["ram"]}


def _stays_where_it_is(wish: Resource, before: Mapping[str, Any]) -> None:
    """What is moved is what is there: it is not exchanged, nor taken away, on the way."""
    asked = next((name for name in PLACED_BY if wish.spec[name] != before.get(name)), "")
    if asked:
        raise InvalidInput(
            f"instance {wish.name}: {asked} says where it is to be, which a task of its own changes; "
            "rebuild or shelve it before or after that"
        )


def _group(member: Resource, group: Resource, allocator: Allocator) -> Group:
    """The server group as placement sees it, with the other members that have a host.

    Those of an affinity group bind nobody to a host that they are to leave: they go where the first of them goes.
    """
    spec = ServerGroupSpec.of(group)
    others = [item for item in allocator.referrers(group.id, "instance") if item.host and item.id != member.id]
    members = Counter(item.host for item in others)
    if spec.policy.endswith("anti-affinity"):  # what has not left a host for sure may be found to have stayed
        members.update(allocator.leaving(others))
    elif spec.policy == "affinity":
        members = Counter({host: count for host, count in members.items() if not _is_emptied(host, allocator)})
    return Group(group.name, spec.policy, members, spec.max_server_per_host or 1, group.id)


def _is_emptied(host: str, allocator: Allocator) -> bool:
    return any(HostSpec.of(row).emptied() for row in allocator.visible("host", "", host))


def _beside(member: Resource, spec: InstanceSpec, group: Group | None, allocator: Allocator) -> Mapping[str, int]:
    """What the rest of an affinity group needs where its first member goes: all of it has to fit there."""
    if group is None or group.policy != "affinity" or group.members:
        return {}
    found: Counter[str] = Counter()
    for other in allocator.referrers(spec.server_group or "", "instance"):
        if other.id != member.id and not other.spec.get("offloaded"):
            smallest = -(-allocator.get(other.spec["image"]).spec["virtual_size"] // GIB)
            found.update(claim(sizes(InstanceSpec.of(other), smallest, allocator)))
    return found


def _with_network(wish: Resource, nic: Mapping[str, Any], allocator: Allocator) -> Mapping[str, Any]:
    """A card whose subnet names its network."""
    if not nic["subnet"]:
        return nic
    subnet = allocator.get(nic["subnet"])
    if nic["network"] not in (None, subnet.spec["network"]):
        raise InvalidInput(f"instance {wish.name}: subnet {subnet.name} is on another network; name that, or none")
    return {**nic, "network": subnet.spec["network"]}


def _has_each_port_once(wish: Resource, ports: list[str], allocator: Allocator) -> None:
    twice = next((port for port in ports if ports.count(port) > 1), None)
    if twice:
        raise InvalidInput(f"instance {wish.name} lists {allocator.get(twice).title} twice; list it once")


def _part_of(resource: Resource, what: str) -> str:
    """Name of something that an instance declares; a long one is cut, as a name has at most 255 characters."""
    return f"{resource.name[: 254 - len(what)]}-{what}"


def _cards(spec: InstanceSpec) -> Iterator[tuple[str, Nic]]:
    """Each network card, with the key of the port that is made for it.

    The network and not the position makes the key, so that a port stays when cards before it come or go.
    """
    so_far: Counter[str | None] = Counter()
    for nic in spec.networks or []:
        yield f"nic/{nic.network}/{so_far[nic.network]}", nic
        so_far[nic.network] += 1


def _port_spec(spec: InstanceSpec, nic: Nic) -> dict[str, Any]:
    wish: dict[str, Any] = {"network": nic.network, "security_groups": spec.security_groups}
    wish["fixed_ips"] = [{"subnet": nic.subnet, "ip_address": nic.fixed_ip}] if nic.subnet or nic.fixed_ip else []
    return wish


def _nic(port: Resource) -> dict[str, Any]:
    has = port.attributes
    subnets = [address["subnet"] for address in has["addresses"]]
    return {"port": port.id, "mac_address": has["mac_address"], "mtu": has["mtu"], "subnets": subnets}
