# SPDX-License-Identifier: Apache-2.0
"""The files of an instance's config drive, in OpenStack's format, as cloud-init reads them. Pure."""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Network
from typing import Any

from stackwright.drivers.libvirt.objects import Files
from stackwright.engine.resource import Resource, View
from stackwright.kinds.compute.instance import InstanceSpec
from stackwright.kinds.compute.keypair import public_key
from stackwright.kinds.network.subnet import SubnetSpec

# Where none was asked for, the guest is not told which zone it is in: moving it must not change its config drive.
DEFAULT_ZONE = "nova"
VERSIONS = ("2018-08-27", "latest")


def files(resource: Resource, view: View) -> Files:
    """(path, text) of each file, the same ones under every version that readers look for, and what those point to."""
    spec = InstanceSpec.of(resource)
    content = {
        "meta_data.json": _json(_meta_data(resource, spec, view)),
        "network_data.json": _json(_network_data(resource, view)),
    }
    if spec.user_data:
        content["user_data"] = spec.user_data
    versions = [(f"openstack/{version}/{name}", text) for version in VERSIONS for name, text in content.items()]
    return (*versions, *((f"openstack{place}", text) for place, _, text in _personality(spec)))


def _personality(spec: InstanceSpec) -> list[tuple[str, str, str]]:
    """(place on the drive, path in the guest, text) of each file."""
    listed = sorted(spec.personality.items())
    return [(f"/content/{number:04}", path, text) for number, (path, text) in enumerate(listed)]


def host_name(name: str) -> str:
    """What is left of a name as a host's: letters, digits and dashes, in lower case."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:63].rstrip("-") or "instance"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True)


def _meta_data(resource: Resource, spec: InstanceSpec, view: View) -> dict[str, Any]:
    keypair = view.get(spec.keypair) if spec.keypair else None
    key = {keypair.name: public_key(keypair)} if keypair else {}
    return {
        "uuid": resource.id,
        "name": resource.name,
        "hostname": spec.hostname or host_name(resource.name),
        "project_id": resource.project,
        "availability_zone": spec.availability_zone or DEFAULT_ZONE,
        "launch_index": 0,
        "public_keys": key,
        "keys": [{"name": name, "type": "ssh", "data": data} for name, data in key.items()],
        "meta": dict(spec.metadata),
        **_listed(spec),
    }


def _listed(spec: InstanceSpec) -> dict[str, Any]:
    listed = [{"content_path": place, "path": path} for place, path, _ in _personality(spec)]
    return {"files": listed} if listed else {}


def _network_data(resource: Resource, view: View) -> dict[str, Any]:
    links: list[dict[str, Any]] = []
    networks: list[dict[str, Any]] = []
    servers: list[str] = []
    for nic in resource.attributes["nics"]:
        port = view.get(nic["port"])
        links.append(_link(nic))
        for address in port.attributes["addresses"]:
            subnet = view.get(address["subnet"])
            network = _network(nic, port, address["ip_address"], subnet)
            networks.append({"id": f"network{len(networks)}", **network})
            servers += SubnetSpec.of(subnet).dns_nameservers
    services = [{"type": "dns", "address": server} for server in dict.fromkeys(servers)]
    return {"links": links, "networks": networks, "services": services}


def _link(nic: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": _link_id(nic),
        "vif_id": nic["port"],
        "type": "ovs",
        "mtu": nic["mtu"],
        "ethernet_mac_address": nic["mac_address"],
    }


def _link_id(nic: dict[str, Any]) -> str:
    return f"tap{nic['port'][:11]}"


def _network(nic: dict[str, Any], port: Resource, address: str, subnet: Resource) -> dict[str, Any]:
    spec = SubnetSpec.of(subnet)
    common = {"link": _link_id(nic), "network_id": port.spec["network"]}
    if spec.enable_dhcp:
        return {"type": "ipv4_dhcp", **common}
    return {
        "type": "ipv4",
        **common,
        "ip_address": address,
        "netmask": str(IPv4Network(spec.cidr).netmask),
        "routes": _routes(spec, subnet.attributes["gateway_ip"]),
    }


def _routes(spec: SubnetSpec, gateway: str) -> list[dict[str, str]]:
    default = [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": gateway}] if gateway else []
    own = [(IPv4Network(route.destination), route.nexthop) for route in spec.host_routes]
    return default + [
        {"network": str(network.network_address), "netmask": str(network.netmask), "gateway": nexthop}
        for network, nexthop in own
    ]
