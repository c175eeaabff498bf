# SPDX-License-Identifier: Apache-2.0
"""What is changed or removed later, with instances that use it: it reaches the backends, or it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import GIB, IMAGE, KEY, Sandbox, flaws, portrait, request, server
from stackwright.engine.errors import Conflict, Exhausted, InvalidInput, NotFound
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish
from stackwright.present import affected


def _settled(cloud: Sandbox, result: Result) -> None:
    """It worked, and nothing is left that another run would find."""
    assert result.errors == []
    seen = cloud.drift()
    assert [str(change.object.identity) for outcome in seen.outcomes.values() for change in outcome.changes] == []
    assert flaws(cloud) == []


TWIN = {"network": "twin", "cidr": "10.0.0.0/25"}

# What goes together


def test_a_host_that_goes_with_its_instance_is_emptied(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one")))
    host = cloud.one("instance", "one").host
    _settled(cloud, cloud.ensure(request(Wish("host", host, present=False), Wish("instance", "one", present=False))))
    assert cloud.objects("Domain") == []


def test_a_card_that_something_else_leads_to_stays(cloud: Sandbox) -> None:
    cloud.ensure(request(Wish("network", "side"), server("one", networks=["side", "net"])))
    cloud.wish("floating_ip", "f", network="public", port="one-nic1")
    with pytest.raises(Conflict, match="port one-nic1 is used by floating_ip f; delete or change that first"):
        cloud.wish("instance", "one", networks=["side"])
    _settled(cloud, cloud.ensure(request(server("one", networks=["side"]), Wish("floating_ip", "f", present=False))))


# Data is lost only when that is allowed


@pytest.fixture
def roomy(cloud: Sandbox) -> Sandbox:
    """With an instance that has a second disk."""
    cloud.wish("flavor", "roomy", vcpus=1, ram=512, disk=20, ephemeral=5)
    _settled(cloud, cloud.ensure(request(server("one", flavor="roomy"))))
    return cloud


@pytest.mark.parametrize(
    "wish",
    [
        server("one", flavor="m1.small"),
        Wish("flavor", "roomy", spec={"ephemeral": 0}),
        Wish("flavor", "roomy", spec={"ephemeral": 4}),
        Wish("flavor", "roomy", spec={"disk": 19}),
    ],
    ids=str,
)
def test_neither_a_disk_nor_a_part_of_it_goes_unasked(roomy: Sandbox, wish: Wish) -> None:
    before = portrait(roomy)
    with pytest.raises(Conflict, match=r"instance one: this would lose .* disk's content"):
        roomy.ensure(request(wish))
    assert portrait(roomy) == before
    _settled(roomy, roomy.ensure(request(wish, allow_loss_of=frozenset({"one"}))))


def test_an_instance_takes_its_second_disk_along(roomy: Sandbox) -> None:
    _settled(roomy, roomy.drop("instance", "one"))
    assert roomy.objects("Volume") == []


# Where an instance is


def test_an_instance_moves_to_another_zone_only_when_it_is_asked_to(cloud: Sandbox) -> None:
    cloud.add_host("host3", availability_zone="east")
    cloud.ensure(request(server("one", availability_zone="nova")))
    host = cloud.one("instance", "one").host
    _settled(cloud, cloud.wish("instance", "one", availability_zone="east"))
    assert cloud.one("instance", "one").host == "host3"
    _settled(cloud, cloud.wish("instance", "one", availability_zone="nova", host=host))
    assert cloud.one("instance", "one").host == host
    words = rf"instance one is on host {host} and would have to move for this \(in zone east, not nova\); move it first"
    with pytest.raises(Conflict, match=words):
        cloud.wish("host", host, availability_zone="east")
    _settled(cloud, cloud.wish("instance", "one", availability_zone="", host=""))
    _settled(cloud, cloud.wish("host", host, availability_zone="east"))


def test_an_instance_is_where_it_was_pinned(cloud: Sandbox) -> None:
    _settled(cloud, cloud.ensure(request(*(server(name, host="host2") for name in ("one", "two")))))
    assert [cloud.one("instance", name).host for name in ("one", "two")] == ["host2", "host2"]
    _settled(cloud, cloud.wish("instance", "one", host="host1"))
    assert cloud.one("instance", "one").host == "host1"
    _settled(cloud, cloud.wish("instance", "one", host=""))
    (told,) = cloud.tell("instance", "one")
    assert (told["host"], told["pinned"]) == ("host1", False)
    assert cloud.tell("instance", "two")[0]["pinned"] is True
    assert not cloud.wish("instance", "two", host="host2").changed


def test_a_host_that_cannot_be_had_is_explained(cloud: Sandbox) -> None:
    cloud.wish("host", "host2", state="disabled")
    with pytest.raises(Exhausted, match=r"instance one: no host can take it \(host2: disabled; host1: not host2\)"):
        cloud.ensure(request(server("one", host="host2")))
    with pytest.raises(NotFound, match="instance one: host host9 does not exist; declare it first or mend the name"):
        cloud.ensure(request(server("one", host="host9")))


# Labels


def test_what_a_new_project_starts_with_does_not_get_the_label(cloud: Sandbox) -> None:
    cloud.ensure(request(Wish("project", "guests"), label="blue", project=""))
    _settled(cloud, cloud.ensure(request(Wish("network", "n"), label="blue", project="guests", exact=False)))
    (group,) = cloud.find("security_group", "default", "guests")
    assert group.label == ""


def test_a_label_fits_the_registry(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match=r"label x{20}\.\.\. is longer than 255; choose a shorter one"):
        cloud.ensure(request(Wish("network", "n"), label="x" * 256))


# What is told of what changes along


def test_what_changes_along_is_said_to_be_updated(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one")))
    (entry,) = affected(cloud.wish("flavor", "m1.tiny", ram=600))
    assert (entry["kind"], entry["action"]) == ("instance", "updated")
    assert (entry["diff"]["before"]["ram"], entry["diff"]["after"]["ram"]) == (512, 600)


# Every change reaches the backends

CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("keypair", "key", {"public_key": KEY.replace("IH0D", "IH0E")}),
    ("subnet", "sub", {"dns_nameservers": ["9.9.9.9"]}),
    ("subnet", "sub", {"enable_dhcp": False}),
    ("subnet", "sub", {"gateway_ip": "10.0.0.254"}),
    ("subnet", "sub", {"host_routes": [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}]}),
    ("subnet", "public-subnet", {"gateway_ip": "172.24.4.9"}),
    ("network", "net", {"mtu": 1300}),
    ("network", "public", {"provider_physical_network": "physnet2", "provider_segmentation_id": 7}),
    ("flavor", "m1.tiny", {"ram": 600}),
    ("flavor", "m1.tiny", {"vcpus": 2}),
    ("flavor", "m1.tiny", {"disk": 3}),
    ("flavor", "m1.tiny", {"ephemeral": 3}),
    ("host", "host1", {"checksum_offload": False}),
    ("router", "router", {"enable_snat": False}),
    ("router", "router", {"external_ip": "172.24.4.150"}),
    ("security_group", "default", {"rules": []}),
    ("instance", "one", {"flavor": "m1.large"}),
    ("instance", "one", {"keypair": ""}),
    ("instance", "one", {"security_groups": []}),
    ("instance", "one", {"floating_ip": ""}),
    ("instance", "one", {"metadata": {"role": "web"}}),
    ("instance", "one", {"user_data": "#!/bin/sh"}),
    ("instance", "one", {"config_drive": False}),
    ("instance", "one", {"hostname": "www.example.org"}),
    ("instance", "one", {"personality": {"/etc/motd": "hello"}}),
    ("instance", "one", {"networks": ["side", "net"]}),
]


@pytest.mark.parametrize(("kind", "name", "spec"), CHANGES, ids=str)
def test_a_change_reaches_the_backends(cloud: Sandbox, kind: str, name: str, spec: dict[str, Any]) -> None:
    options = {"keypair": "key", "floating_ip": "public"}
    _settled(cloud, cloud.ensure(request(Wish("network", "side"), server("one", **options), server("two"))))
    before = sorted(map(repr, cloud.objects()))
    _settled(cloud, cloud.wish(kind, name, **spec))
    assert sorted(map(repr, cloud.objects())) != before
    assert not cloud.wish(kind, name, **spec).changed


def test_a_network_card_stays_when_others_come_and_go(cloud: Sandbox) -> None:
    cloud.ensure(request(Wish("network", "side")))
    _settled(cloud, cloud.ensure(request(server("one", networks=["side", "net", "net"]))))
    first, second, third = cloud.one("instance", "one").attributes["nics"]
    _settled(cloud, cloud.wish("instance", "one", networks=["net", "net"]))
    assert cloud.one("instance", "one").attributes["nics"] == [second, third]
    _settled(cloud, cloud.wish("instance", "one", networks=["net", "side"]))
    assert cloud.one("instance", "one").attributes["nics"][0] == second
    assert cloud.one("instance", "one").attributes["nics"][1] != first


def test_another_external_subnet_changes_no_address_and_serves_when_the_first_is_full(cloud: Sandbox) -> None:
    cloud.wish("subnet", "public-subnet", allocation_pools=[{"start": "172.24.4.100", "end": "172.24.4.101"}])
    cloud.ensure(request(server("one", floating_ip="public")))
    nats = sorted(map(repr, cloud.objects("Nat")))
    cloud.wish("subnet", "added", network="public", cidr="172.24.5.0/24", enable_dhcp=False)
    _settled(cloud, cloud.wish("router", "router", description="the same"))
    _settled(cloud, cloud.wish("instance", "one", flavor="m1.small"))
    assert sorted(map(repr, cloud.objects("Nat"))) == nats
    _settled(cloud, cloud.wish("floating_ip", "f", network="public"))
    assert cloud.one("floating_ip", "f").attributes["floating_ip_address"] == "172.24.5.2"


def test_a_network_stays_external_and_shared_while_that_is_used(cloud: Sandbox) -> None:
    with pytest.raises(Conflict, match="network public must stay external while it is used by router router; change"):
        cloud.wish("network", "public", external=False)
    cloud.ensure(request(Wish("project", "guests"), Wish("network", "net", spec={"shared": True})))
    cloud.ensure(request(Wish("port", "theirs", spec={"network": "net"}), project="guests"))
    with pytest.raises(Conflict, match="network net must stay shared while it is used by port theirs; change"):
        cloud.wish("network", "net", shared=False)
    cloud.ensure(request(Wish("port", "theirs", present=False), project="guests"))
    _settled(cloud, cloud.wish("network", "net", shared=False))


def test_a_router_may_let_go_of_a_leg_together_with_what_needed_it(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one", floating_ip="public")))
    bare = Wish("router", "router", spec={"interfaces": [], "external_network": ""})
    with pytest.raises(Conflict, match="router router: floating IP one-floating needs this leg; remove that first"):
        cloud.ensure(request(bare))
    _settled(cloud, cloud.ensure(request(bare, server("one", floating_ip=""))))


def test_a_flavor_stays_as_large_as_the_images_of_its_instances(cloud: Sandbox) -> None:
    cloud.wish("image", "large", **{**IMAGE, "checksum": "ab" * 32, "virtual_size": 5 * GIB})
    cloud.ensure(request(server("one", image="large", flavor="m1.small")))
    shrink = request(Wish("flavor", "m1.small", spec={"disk": 4}), allow_loss_of=frozenset({"one"}))
    with pytest.raises(InvalidInput, match="instance one needs a disk of 5 GiB for its image; keep that much"):
        cloud.ensure(shrink)


# After a failure


def test_a_change_that_did_not_reach_everything_is_gone_on_with(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one"), server("two")))
    host = cloud.one("instance", "one").host
    cloud.drivers["libvirt"].unreachable = {host: f"host {host} does not answer"}  # type: ignore[attr-defined]
    assert cloud.wish("subnet", "sub", dns_nameservers=["9.9.9.9"]).errors == [f"host {host} does not answer"]
    assert cloud.wish("subnet", "sub", dns_nameservers=["9.9.9.9"]).errors == [f"host {host} does not answer"]
    cloud.drivers["libvirt"].unreachable = {}  # type: ignore[attr-defined]
    again = cloud.wish("subnet", "sub", dns_nameservers=["9.9.9.9"])
    assert again.changed
    _settled(cloud, again)
    assert not cloud.wish("subnet", "sub", dns_nameservers=["9.9.9.9"]).changed


def test_what_is_declared_while_it_still_goes_is_declared_anew(cloud: Sandbox) -> None:
    cloud.wish("security_group", "web", description="Ours", rules=[{"protocol": "tcp"}])
    cloud.drivers["ovn"].unreachable = {"": "away"}  # type: ignore[attr-defined]
    assert cloud.drop("security_group", "web").errors
    cloud.drivers["ovn"].unreachable = {}  # type: ignore[attr-defined]
    _settled(cloud, cloud.wish("security_group", "web"))
    spec = cloud.one("security_group", "web").spec
    assert (spec["description"], spec["rules"]) == ("", [])


def test_a_router_joins_only_subnets_that_can_be_told_apart(cloud: Sandbox) -> None:
    cloud.ensure(request(Wish("network", "twin"), Wish("subnet", "twin-sub", spec=TWIN)))
    with pytest.raises(InvalidInput, match=r"router router: 10.0.0.0/24 of subnet sub overlaps 10.0.0.0/25 of"):
        cloud.wish("router", "router", interfaces=["sub", "twin-sub"])


def test_an_instance_is_plugged_into_a_port_once(cloud: Sandbox) -> None:
    cloud.wish("port", "p", network="net")
    with pytest.raises(InvalidInput, match="instance one lists port p twice; list it once"):
        cloud.ensure(request(server("one", networks=[{"port": "p"}, {"port": "p"}])))


def test_the_order_of_tags_means_nothing(cloud: Sandbox) -> None:
    _settled(cloud, cloud.ensure(request(server("one", tags=["web", "blue", "web"]))))
    assert cloud.one("instance", "one").spec["tags"] == ["blue", "web"]
    assert not cloud.wish("instance", "one", tags=["blue", "web"]).changed
    assert cloud.wish("instance", "one", tags=[]).changed


def test_a_text_may_look_like_an_id(cloud: Sandbox) -> None:
    text = "3f1c1e9b-7e0c-4b9d-9a43-0c4a60b8c3a7"
    cloud.ensure(request(server("one", description=text, metadata={"build": text})))
    assert cloud.one("instance", "one").spec["metadata"] == {"build": text}
    _settled(cloud, cloud.ensure(request(server("one", description="", metadata={}))))
    assert cloud.one("instance", "one").spec["metadata"] == {}


def test_a_text_is_told_as_it_was_written(cloud: Sandbox) -> None:
    net = cloud.one("network", "net").id
    cloud.ensure(request(server("one", description=net, metadata={"net": net}, networks=[net])))
    (told,) = cloud.tell("instance", "one")
    assert (told["description"], told["metadata"]) == (net, {"net": net})
    assert told["networks"][0]["network"] == "net"
