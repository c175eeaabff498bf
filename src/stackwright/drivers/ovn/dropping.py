# SPDX-License-Identifier: Apache-2.0
"""The one port group of all filtered ports: it drops what no security group allows.

It belongs to no resource. The driver makes it with the first filtered port, mends it, and keeps it: were it
removed with its last member, a port added at that moment by another run would stay open. One group for the
whole cloud has three rules, however many security groups there are.
"""

from stackwright.drivers.ovn.objects import FROM_PORT, TO_PORT, Acl, PortGroup, acl

SHARED = "shared"
DROP_GROUP = "pg_stackwright_drop"
DROP = 1001
ALLOW = 1002


def _rule(direction: str, match: str, priority: int, action: str) -> Acl:
    return acl(DROP_GROUP, direction, match, priority=priority, action=action, resource=SHARED, title="drop")


# Only IP is dropped: ARP passes, held to the port's own addresses by port security. Asking for an address
# must work whatever the egress rules say; the answer comes from OVN itself.
DROP_OBJECTS = (
    PortGroup(name=DROP_GROUP, resource=SHARED, title="drop"),
    _rule(FROM_PORT, f"inport == @{DROP_GROUP} && ip", DROP, "drop"),
    _rule(TO_PORT, f"outport == @{DROP_GROUP} && ip", DROP, "drop"),
    _rule(FROM_PORT, f"inport == @{DROP_GROUP} && ip4 && udp.src == 68 && udp.dst == 67", ALLOW, "allow"),
)
