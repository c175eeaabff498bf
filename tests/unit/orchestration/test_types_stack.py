# SPDX-License-Identifier: Apache-2.0
"""Every resource type in one stack: declared, declared again, changed, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import Sandbox, flaws

TEMPLATE = """\
heat_template_version: 2021-04-16
parameters:
  port: {type: number, default: 80}
resources:
  key: {type: OS::Nova::KeyPair, properties: {name: generated, save_private_key: true}}
  flavor: {type: OS::Nova::Flavor, properties: {ram: 64, vcpus: 1, disk: 1}}
  together: {type: OS::Nova::ServerGroup, properties: {policies: [affinity]}}
  outside:
    type: OS::Neutron::ProviderNet
    properties: {network_type: flat, physical_network: physnet2, router_external: true, shared: false}
  outside_sub: {type: OS::Neutron::Subnet, properties: {network: {get_resource: outside}, cidr: 192.0.2.0/24}}
  net: {type: OS::Neutron::Net, properties: {name: inner}}
  sub: {type: OS::Neutron::Subnet, properties: {network_id: {get_resource: net}, cidr: 10.5.0.0/24}}
  second: {type: OS::Neutron::Subnet, properties: {network: {get_resource: net}, cidr: 10.6.0.0/24, gateway_ip: null}}
  router: {type: OS::Neutron::Router}
  gateway:
    type: OS::Neutron::RouterGateway
    properties: {router_id: {get_resource: router}, network_id: {get_resource: outside}}
  leg: {type: OS::Neutron::RouterInterface, properties: {router: {get_resource: router}, subnet: {get_resource: sub}}}
  leg_port:
    type: OS::Neutron::Port
    properties: {network: {get_resource: net}, fixed_ips: [{subnet: {get_resource: second}}]}
  leg_by_port:
    type: OS::Neutron::RouterInterface
    properties: {router_id: {get_resource: router}, port_id: {get_resource: leg_port}}
  web:
    type: OS::Neutron::SecurityGroup
    properties: {rules: [{remote_mode: remote_group_id}, {protocol: icmp}]}
  web_rule:
    type: OS::Neutron::SecurityGroupRule
    properties:
      security_group: {get_resource: web}
      port_range_min: {get_param: port}
      port_range_max: {get_param: port}
  card:
    type: OS::Neutron::Port
    properties:
      network: {get_resource: net}
      fixed_ips: [{subnet_id: {get_resource: sub}}]
      security_groups: [{get_resource: web}]
  password: {type: OS::Heat::RandomString, properties: {length: 12, sequence: hexdigits}}
  script: {type: OS::Heat::SoftwareConfig, properties: {config: "#!/bin/sh\\n"}}
  packages: {type: OS::Heat::CloudConfig, properties: {cloud_config: {packages: [git]}}}
  structure: {type: OS::Heat::StructuredConfig, properties: {config: {a: 1}}}
  parts:
    type: OS::Heat::MultipartMime
    properties:
      parts:
        - config: {get_resource: script}
        - config: {get_resource: packages}
          subtype: cloud-config
        - config: {str_replace: {template: "password PWD", params: {PWD: {get_resource: password}}}}
  server:
    type: OS::Nova::Server
    properties:
      image: guest
      flavor: {get_resource: flavor}
      key_name: {get_resource: key}
      networks:
        - port: {get_resource: card}
        - subnet: {get_resource: second}
      scheduler_hints: {group: {get_resource: together}}
      user_data_format: RAW
      user_data: {get_resource: parts}
      metadata: {port: {get_param: port}}
      personality: {/etc/motd: {get_attr: [test, output]}}
  floating: {type: OS::Neutron::FloatingIP, properties: {floating_network: {get_resource: outside}}}
  led:
    type: OS::Neutron::FloatingIPAssociation
    properties: {floatingip_id: {get_resource: floating}, port_id: {get_resource: card}}
  old: {type: OS::Nova::FloatingIP, properties: {pool: {get_resource: outside}}}
  second_server:
    type: OS::Nova::Server
    properties: {image: guest, flavor: {get_resource: flavor}, networks: [{network: {get_resource: net}}]}
  old_led:
    type: OS::Nova::FloatingIPAssociation
    properties: {server_id: {get_resource: second_server}, floating_ip: {get_resource: old}}
  value: {type: OS::Heat::Value, properties: {value: {get_attr: [leg_port, fixed_ips, 0, ip_address]}}}
  none: {type: OS::Heat::None, properties: {anything: 1}}
  test: {type: OS::Heat::TestResource, properties: {value: hello}}
outputs:
  addresses: {value: {get_attr: [server, networks, inner]}}
  floating: {value: {get_attr: [floating, floating_ip_address]}}
  old: {value: {get_attr: [old, ip]}}
  leg: {value: {get_attr: [value, value]}}
  key: {value: {get_attr: [key, private_key]}}
  nothing: {value: {get_attr: [none, whatever]}}
  config: {value: {get_attr: [structure, config, a]}}
"""


def declare(cloud: Sandbox, **parameters: Any) -> list[str]:
    """Names of what changed."""
    result = cloud.wish("stack", "all", template="all.yaml", files={"all.yaml": TEMPLATE}, parameters=parameters)
    assert [item.error for item in result.outcomes.values() if item.error] == []
    return [item.resource.kind for item in result.outcomes.values() if item.changed]


@pytest.fixture
def stack(cloud: Sandbox) -> Sandbox:
    cloud.add_host("here")
    declare(cloud)
    return cloud


def test_everything_of_a_template_is_made_and_works_together(stack: Sandbox) -> None:
    outputs = stack.one("stack", "all").attributes["outputs"]
    floating, old = outputs["floating"], outputs["old"]
    assert outputs["addresses"] == ["10.5.0.2", floating, outputs["addresses"][-1]]
    assert outputs["addresses"][-1].startswith("10.6.0.")
    assert {address.rsplit(".", 1)[0] for address in (floating, old)} == {"192.0.2"}
    assert outputs["leg"].startswith("10.6.0.")
    assert outputs["key"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert outputs["nothing"] is None
    assert outputs["config"] == 1
    nat = {item.external_ip for item in stack.objects("Nat") if item.type == "dnat_and_snat"}
    assert nat == {floating, old}


def test_the_guest_gets_what_the_configs_say(stack: Sandbox) -> None:
    (drive,) = [item for item in stack.objects("ConfigDrive") if "/etc/motd" in str(item.files)]
    files = dict(drive.files)
    (password,) = stack.find("random_string")
    assert f"password {password.attributes['value']}" in files["openstack/latest/user_data"]
    assert files["openstack/content/0000"] == "hello"


def test_a_second_time_changes_nothing(stack: Sandbox) -> None:
    assert declare(stack) == []


def test_a_changed_parameter_changes_what_uses_it(stack: Sandbox) -> None:
    assert {*declare(stack, port=443)} >= {"security_group_rule", "instance"}
    assert declare(stack, port=443) == []


def test_deleting_leaves_nothing(stack: Sandbox) -> None:
    stack.drop("stack", "all")
    assert flaws(stack) == []
    assert stack.find("random_string") == stack.find("stack_value") == stack.find("instance") == []


NAMED = """\
heat_template_version: 2021-04-16
resources:
  one: {type: OS::Nova::Server, properties: {image: guest, flavor: m1.tiny, key_name: key}}
  pair: {type: OS::Nova::KeyPair, depends_on: one, properties: {name: mine}}
  two: {type: OS::Nova::Server, properties: {image: guest, flavor: m1.tiny, key_name: {get_resource: pair}}}
"""


def test_a_keypair_is_referred_to_by_its_name(cloud: Sandbox) -> None:
    cloud.add_host("here")
    cloud.wish("stack", "named", template="named.yaml", files={"named.yaml": NAMED})
    keys = {item.spec["keypair"] for item in cloud.find("instance")}
    assert keys == {item.id for item in cloud.find("keypair")}
