# SPDX-License-Identifier: Apache-2.0
"""Servers: what the rest of this project calls instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.engine.errors import InvalidInput
from stackwright.orchestration.constraints import AllowedValues, Custom, Length
from stackwright.orchestration.types import common, server_values
from stackwright.orchestration.types.base import ANY, Asked, Prop, Rule, Type
from stackwright.orchestration.types.configs import text_of


def _spec(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    if not given.get("image"):
        raise InvalidInput(f"server {asked.name} names no image, and booting from a volume needs the service volumes")
    zone, _, host = given.get("availability_zone", "").partition(":")
    return _networks(asked) | {
        "image": given["image"],
        "flavor": given["flavor"],
        "keypair": given.get("key_name") or None,
        "security_groups": given["security_groups"] or None,
        "user_data": _user_data(asked),
        "metadata": {name: common.as_text(value) for name, value in given["metadata"].items()},
        "config_drive": True,
        "availability_zone": zone or None,
        "host": host or None,
        "server_group": given.get("scheduler_hints", {}).get("group") or None,
        "personality": {path: common.as_text(content) for path, content in given["personality"].items()},
        "tags": given.get("tags", []),
        "power": _power(asked),
    }


def _networks(asked: Asked) -> dict[str, Any]:
    """What is left open stays as it was: the only network of the project, at the time when the server was made."""
    listed = asked.properties.get("networks", [])
    special = [item["allocate_network"] for item in listed if item.get("allocate_network")]
    if special and (len(listed) > 1 or len(listed[0]) > 1):
        raise InvalidInput(
            f"server {asked.name}: allocate_network {special[0]} is said alone; remove the other networks"
        )
    if special == ["none"]:
        return {"networks": []}
    if listed and not special:
        return {"networks": [_nic(item) for item in listed]}
    return {} if asked.before else {"networks": None}


def _nic(item: Mapping[str, Any]) -> dict[str, Any]:
    """A port has its network already: Nova asks for no other one beside it."""
    names = ("port", "fixed_ip") if item.get("port") else ("network", "subnet", "fixed_ip")
    return {name: item[name] for name in names if item.get(name)}


def _user_data(asked: Asked) -> str:
    given = asked.properties
    if asked.before and given["user_data_update_policy"] == "IGNORE":
        return str(asked.before.spec.get("user_data", ""))
    return text_of(given["user_data"], asked)


def _power(asked: Asked) -> str | None:
    """A server is stopped with its stack, and started with it; otherwise it is left alone."""
    if asked.suspended:
        return "stopped"
    return "running" if asked.before and asked.before.spec.get("power") else None


VOLUMES = "needs the service volumes, which is not here"
HINT = "is a hint that is not known here; there is group, and availability_zone may be ZONE:HOST"
NETWORK = {
    "allocate_network": Prop(
        description="auto for the project's only network, none for no network.",
        constraints=(AllowedValues(("none", "auto")),),
    ),
    "network": common.refers("neutron.network", "The network.", old="uuid"),
    "subnet": common.refers("neutron.subnet", "The subnet that its address is on."),
    "fixed_ip": Prop(description="Its address.", constraints=(Custom("ip_addr"),)),
    "port": common.refers("neutron.port", "The port that it is plugged into."),
    "port_extra_properties": common.lacking(
        "map", "Properties of the port.", "cannot be had: declare an OS::Neutron::Port, and name it in port"
    ),
    "floating_ip": common.lacking(
        "string", "A floating IP for it.", "cannot be had: use an OS::Neutron::FloatingIPAssociation"
    ),
    "tag": common.lacking("string", "What the guest knows it by.", "cannot be had: network cards have no tags"),
}
PROPERTIES = {
    "name": common.NAME,
    "image": common.refers("glance.image", "The image that it boots."),
    "block_device_mapping": common.lacking("list", "Volumes.", VOLUMES),
    "block_device_mapping_v2": common.lacking("list", "Volumes.", VOLUMES),
    "flavor": common.refers("nova.flavor", "Its size.", required=True),
    "flavor_update_policy": common.chosen(
        "It has no effect: a server stays the same one with another flavor.", "RESIZE", "REPLACE", default="RESIZE"
    ),
    "image_update_policy": common.chosen(
        "It has no effect: a server stays the same one with another image.",
        "REBUILD",
        "REPLACE",
        "REBUILD_PRESERVE_EPHEMERAL",
        default="REBUILD",
    ),
    "key_name": common.refers("nova.keypair", "The keypair that it accepts for login."),
    "admin_user": Prop(description="It has no effect: every image has its own user."),
    "availability_zone": Prop(description="Where it is placed: ZONE, or ZONE:HOST."),
    "security_groups": Prop("list", "The security groups of the ports that are made for it.", default=[]),
    "networks": Prop("list", "Its network cards.", schema=Prop("map", schema=NETWORK)),
    "scheduler_hints": Prop(
        "map",
        "Where it is placed.",
        schema={"group": Prop(description="Its server group.")} | {ANY: common.lacking("any", "Other hints.", HINT)},
    ),
    "metadata": Prop("map", "What it is to know about itself.", default={}),
    "user_data_format": common.chosen(
        "RAW, whatever is said here.", "HEAT_CFNTOOLS", "RAW", "SOFTWARE_CONFIG", default="HEAT_CFNTOOLS"
    ),
    "software_config_transport": common.chosen(
        "How it asks for software deployments; it has no effect without any.",
        "POLL_SERVER_CFN",
        "POLL_SERVER_HEAT",
        "POLL_TEMP_URL",
        "ZAQAR_MESSAGE",
        default="POLL_SERVER_CFN",
    ),
    "user_data_update_policy": common.chosen(
        "Whether it gets other user data, or keeps what it has.", "REPLACE", "IGNORE", "REBUILD", default="REPLACE"
    ),
    "user_data": Prop(description="What cloud-init runs: a text, or the id of a config.", default=""),
    "reservation_id": common.lacking("string", "Servers made together.", "cannot be had: servers are made one by one"),
    "config_drive": Prop("boolean", "It has one, whatever is said here: there is no metadata service."),
    "diskConfig": common.chosen("It has no effect: cloud-init partitions the disk.", "AUTO", "MANUAL"),
    "personality": Prop("map", "Files of its config drive, by path.", default={}),
    "admin_pass": Prop(description="It has no effect: images know nothing of it."),
    "tags": Prop("list", "Its tags.", schema=Prop(constraints=(Length(1, 60),))),
    "deployment_swift_data": Prop(
        "map",
        "Where software deployments are kept; it has no effect without any.",
        default={},
        schema={
            "container": Prop(description="The container.", constraints=(Length(1),)),
            "object": Prop(description="The object.", constraints=(Length(1),)),
        },
    ),
}
TYPE = Type(
    name="OS::Nova::Server",
    kind="instance",
    properties=PROPERTIES,
    values=server_values.VALUES,
    spec=_spec,
    after=(Rule(("OS::Neutron::Subnet",), ("networks.network",), ("network",)),),
)
TYPES = (TYPE,)
