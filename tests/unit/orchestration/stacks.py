# SPDX-License-Identifier: Apache-2.0
"""Short words for tests that declare stacks."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

from sandbox import Sandbox, request
from stackwright.engine.request import Request, Result
from stackwright.engine.resource import Resource, Wish

VERSION = "heat_template_version: 2018-08-31\n"
NETWORK = """\
  net: {type: OS::Neutron::Net, properties: {name: lan}}
  sub: {type: OS::Neutron::Subnet, properties: {network: {get_resource: net}, cidr: 10.7.0.0/24}}
"""
WEB = (
    VERSION
    + """
resources:
  net: {type: OS::Neutron::Net, properties: {name: lan}}
  sub: {type: OS::Neutron::Subnet, properties: {network: {get_resource: net}, cidr: 10.7.0.0/24}}
  group: {type: OS::Neutron::SecurityGroup, properties: {rules: [{protocol: tcp}]}}
  port:
    type: OS::Neutron::Port
    properties: {network: {get_resource: net}, security_groups: [{get_resource: group}]}
  web:
    type: OS::Nova::Server
    properties: {image: guest, flavor: m1.tiny, networks: [{port: {get_resource: port}}]}
  other:
    type: OS::Nova::Server
    properties:
      image: guest
      flavor: m1.tiny
      networks: [{network: {get_resource: net}}]
      user_data: {str_replace: {template: "http://ADDRESS/", params: {ADDRESS: {get_attr: [web, first_address]}}}}
  chosen: {type: OS::Heat::RandomString, properties: {length: 12}}
  sentence: {type: OS::Heat::Value, properties: {value: {list_join: [" ", [it is, {get_attr: [chosen, value]}]]}}}
outputs:
  address: {value: {get_attr: [web, first_address]}}
  chosen: {value: {get_attr: [chosen, value]}}
  sentence: {value: {get_attr: [sentence, value]}}
  addresses: {value: [{get_attr: [port, fixed_ips, 0, ip_address]}]}
"""
)
"""Two servers on a network of their own, one of which is told the other's address, and a secret."""


def template(text: str) -> str:
    """A template, of the version that knows most, with what the test is about."""
    return VERSION + dedent(text)


def resources(text: str) -> str:
    """A template of nothing but resources, which are indented by two."""
    return f"{VERSION}resources:\n{text}"


def wanted(text: str, name: str = "s", *, files: dict[str, str] | None = None, **spec: Any) -> Request:
    """The request for a stack."""
    return request(Wish("stack", name, spec=written(text, files) | spec))


def written(text: str, files: dict[str, str] | None = None) -> dict[str, Any]:
    """The options that a template needs."""
    return {"template": "main.yaml", "files": {"main.yaml": text, **(files or {})}}


def declare(cloud: Sandbox, text: str, name: str = "s", **spec: Any) -> Result:
    """Declare a stack, which goes well."""
    result = cloud.ensure(wanted(text, name, **spec))
    assert result.errors == []
    return result


def outputs(cloud: Sandbox, name: str = "s") -> dict[str, Any]:
    """What a stack gives."""
    found: dict[str, Any] = cloud.one("stack", name).attributes["outputs"]
    return found


def owned(cloud: Sandbox, name: str = "s") -> dict[str, Resource]:
    """What a stack has declared: by path."""
    stack = cloud.one("stack", name)
    return {row.key: row for row in cloud.picture().resources.values() if row.owner == stack.id and row.wanted}
