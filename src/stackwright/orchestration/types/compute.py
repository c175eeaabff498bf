# SPDX-License-Identifier: Apache-2.0
"""What servers are made with: keypairs, flavors, server groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Resource
from stackwright.orchestration.constraints import AllowedValues, Length, Range
from stackwright.orchestration.types import common
from stackwright.orchestration.types.base import Asked, Attribute, Lacking, Look, Prop, Type


def _keypair(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    public = given.get("public_key") or None
    return {
        "public_key": public,
        "generate": public is None,
        "save_private_key": public is None and given["save_private_key"],
    }


def _public(keypair: Resource, look: Look) -> str:
    return str(keypair.spec.get("public_key") or keypair.attributes.get("public_key", ""))


KEYPAIR = Type(
    name="OS::Nova::KeyPair",
    kind="keypair",
    properties={
        "name": Prop(description="Its name.", required=True, constraints=(Length(1, 255),)),
        "save_private_key": Prop("boolean", "Whether to keep a generated private key.", default=False),
        "public_key": Prop(description="The public key; a pair is generated if left out."),
        "type": Prop(
            description="ssh.",
            constraints=(AllowedValues(("ssh", "x509")), Lacking("cannot be had: keypairs are for SSH", but=("ssh",))),
        ),
        "user": common.lacking("string", "Whose it is.", "cannot be had: keypairs belong to a project"),
    },
    values={
        "public_key": Attribute("The public key.", _public),
        "private_key": common.told("private_key", "The private key if it was generated and kept; otherwise ''.", ""),
    },
    spec=_keypair,
    reference=lambda resource, look: resource.name,
)


def _server_group(asked: Asked) -> Mapping[str, Any]:
    policies = asked.properties["policies"]
    if len(policies) != 1:
        raise InvalidInput(f"server group {asked.name}: policies must be a list of one, and has {len(policies)}")
    return {"policy": policies[0], "max_server_per_host": asked.properties["rules"].get("max_server_per_host")}


POLICIES = ("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")
SERVER_GROUP = Type(
    name="OS::Nova::ServerGroup",
    kind="server_group",
    properties={
        "name": Prop(description="Its name."),
        "policies": Prop(
            "list",
            "How its servers are spread.",
            default=["anti-affinity"],
            constraints=(AllowedValues(POLICIES),),
            schema=Prop(),
        ),
        "rules": Prop(
            "map",
            "How many of its servers anti-affinity allows on one host.",
            default={},
            schema={"max_server_per_host": Prop("integer", "One, if left out.", constraints=(Range(1),))},
        ),
    },
    spec=_server_group,
)


def _flavor(asked: Asked) -> Mapping[str, Any]:
    given = asked.properties
    flavorid = given.get("flavorid") or ""
    return {
        "flavorid": "" if flavorid == "auto" else flavorid,
        "ram": given["ram"],
        "vcpus": given["vcpus"],
        "disk": given["disk"],
        "ephemeral": given["ephemeral"],
        "extra_specs": {name: common.as_text(value) for name, value in given.get("extra_specs", {}).items()},
    }


FLAVOR = Type(
    name="OS::Nova::Flavor",
    kind="flavor",
    properties={
        "tenants": Prop(
            "list",
            "Projects that may use it.",
            default=[],
            constraints=(Lacking("cannot be had: flavors are for every project"),),
            schema=Prop(),
        ),
        "flavorid": Prop(description="A further name of it."),
        "name": Prop(description="Its name."),
        "ram": Prop("integer", "Memory in MiB.", required=True),
        "vcpus": Prop("integer", "Virtual CPUs.", required=True),
        "disk": Prop("integer", "Disk in GiB; 0 takes the size of the image.", default=0),
        "swap": Prop(
            "integer",
            "Swap in MiB.",
            default=0,
            constraints=(Lacking("cannot be had: there are no disks for swap; use ephemeral", but=(0,)),),
        ),
        "ephemeral": Prop("integer", "A second disk in GiB.", default=0),
        "rxtx_factor": Prop("number", "Of Xen alone; it has no effect.", default=1.0),
        "extra_specs": Prop("map", "Further properties."),
        "is_public": Prop(
            "boolean",
            "Whether it is for every project.",
            default=True,
            constraints=(Lacking("cannot be had: flavors are for every project", but=(True,)),),
        ),
    },
    values={
        "is_public": common.always(True, "Whether it is for every project."),
        "extra_specs": common.told("extra_specs", "Further properties."),
    },
    spec=_flavor,
)
TYPES = (KEYPAIR, SERVER_GROUP, FLAVOR)
