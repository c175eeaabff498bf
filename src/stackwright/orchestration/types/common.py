# SPDX-License-Identifier: Apache-2.0
"""Properties and attributes that many types have."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_network
from typing import Any

from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Resource
from stackwright.orchestration.constraints import AllowedValues, Custom
from stackwright.orchestration.types.base import Asked, Attribute, Lacking, Look, Prop

UUID_LENGTH = 36

NAME = Prop(description="Its name; made of the names of stack and resource if left out.")
ADMIN_STATE = Prop(
    "boolean",
    "Whether it is in operation.",
    default=True,
    constraints=(Lacking("cannot be had: what is declared is in operation", but=(True,)),),
)
VALUE_SPECS = Prop(
    "map",
    "Options of one backend.",
    default={},
    constraints=(Lacking("cannot be had: they are options of a backend that is not here"),),
)
TAGS = Prop("list", "Tags.", constraints=(Lacking("cannot be had: only servers have tags here"),), schema=Prop())
TENANT = Prop(
    description="The project that it belongs to.",
    constraints=(Lacking("cannot be had: a stack makes things in its own project alone"),),
)
QOS = Prop(description="A QoS policy.", constraints=(Lacking("needs the service QoS, which is not here"),))
DNS_DOMAIN = Prop(
    description="Its DNS domain.",
    constraints=(Custom("dns_domain"), Lacking("needs the service DNS, which is not here")),
)
DNS_NAME = Prop(
    description="Its DNS name.", constraints=(Custom("dns_name"), Lacking("needs the service DNS, which is not here"))
)


def refers(what: str, description: str, *, required: bool = False, old: str = "") -> Prop:
    """A property that names a thing, by name or id."""
    names = tuple(filter(None, [old]))
    return Prop(description=description, required=required, constraints=(Custom(what),), old=names)


def lacking(type_: Any, description: str, words: str) -> Prop:
    """A property that means nothing here."""
    return Prop(type_, description, constraints=(Lacking(words),))


def chosen(description: str, *values: Any, default: Any = None) -> Prop:
    """A property that is one of some words."""
    return Prop(description=description, default=default, constraints=(AllowedValues(values),))


def told(key: str, description: str, default: Any = None) -> Attribute:
    """An attribute that is one thing of what was declared or allocated."""
    return Attribute(description, lambda resource, look: resource.attributes.get(key, resource.spec.get(key, default)))


def always(value: Any, description: str) -> Attribute:
    """An attribute that is the same for all."""
    return Attribute(description, lambda resource, look: value)


def called(description: str = "Its name.") -> Attribute:
    """The attribute `name`."""
    return Attribute(description, lambda resource, look: resource.name)


def project() -> Attribute:
    """The attribute `tenant_id`."""
    return Attribute("The project that it belongs to.", lambda resource, look: resource.project)


def shown(resource: Resource, look: Look, values: Mapping[str, Attribute]) -> dict[str, Any]:
    """A thing with its attributes, inside the attributes of another one."""
    told_ = {name: item.get(resource, look) for name, item in values.items()}
    return {"id": resource.id, "name": resource.name} | told_


def as_text(value: Any) -> str:
    """Text as it is; anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def network(cidr: str | None) -> str | None:
    """The network that an address with its prefix is in: templates may have any of its addresses."""
    return str(ip_network(cidr, strict=False)) if cidr else None


def just_one(asked: Asked, names: Iterable[str]) -> None:
    """Raises InvalidInput unless one of the properties is given."""
    given = [name for name in names if asked.properties.get(name)]
    if len(given) != 1:
        listed = " and ".join(given) if given else "none of " + ", ".join(names)
        raise InvalidInput(f"{asked.name} has {listed}; give one of them")


def the_id(key: str) -> Callable[[Resource, Look], Any]:
    """What get_resource gives where it is one thing of what was declared or allocated."""
    return lambda resource, look: resource.attributes.get(key, resource.spec.get(key))
