# SPDX-License-Identifier: Apache-2.0
"""What can be declared. KINDS is ordered: each kind stands after those that its spec refers to."""

from stackwright.kinds.base import Kind
from stackwright.kinds.compute.flavor import Flavor
from stackwright.kinds.compute.host import Host
from stackwright.kinds.compute.host_aggregate import HostAggregate
from stackwright.kinds.compute.instance import Instance
from stackwright.kinds.compute.keypair import Keypair
from stackwright.kinds.compute.server_group import ServerGroup
from stackwright.kinds.identity.project import Project
from stackwright.kinds.image.image import Image
from stackwright.kinds.network.floating_ip import FloatingIp
from stackwright.kinds.network.floating_ip_association import FloatingIpAssociation
from stackwright.kinds.network.network import Network
from stackwright.kinds.network.port import Port
from stackwright.kinds.network.router import Router
from stackwright.kinds.network.router_gateway import RouterGateway
from stackwright.kinds.network.router_interface import RouterInterface
from stackwright.kinds.network.security_group import SecurityGroup
from stackwright.kinds.network.security_group_rule import SecurityGroupRule
from stackwright.kinds.network.subnet import Subnet
from stackwright.kinds.orchestration.random_string import RandomString
from stackwright.kinds.orchestration.stack import Stack
from stackwright.kinds.orchestration.stack_snapshot import StackSnapshot
from stackwright.kinds.orchestration.stack_value import StackValue

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Project(),
        Host(),
        HostAggregate(),
        Flavor(),
        Keypair(),
        ServerGroup(),
        Image(),
        Network(),
        Subnet(),
        SecurityGroup(),
        SecurityGroupRule(),
        Router(),
        RouterGateway(),
        Port(),
        RouterInterface(),
        Instance(),
        FloatingIp(),
        FloatingIpAssociation(),
        RandomString(),
        StackValue(),
        StackSnapshot(),
        Stack(),
    )
}
