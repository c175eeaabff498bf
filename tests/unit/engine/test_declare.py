# SPDX-License-Identifier: Apache-2.0
"""Declaring: patches, references, deletion, exact, ownership, defaults."""

from __future__ import annotations

import dataclasses

import pytest

from sandbox import KEY, Sandbox, flaws, portrait, request, server
from stackwright.engine.errors import Conflict, Exhausted, InvalidInput, NotFound
from stackwright.engine.resource import Wish

# A patch


def test_an_option_that_is_not_given_stays(cloud: Sandbox) -> None:
    cloud.wish("subnet", "sub", network="net", cidr="10.0.0.0/24", dns_nameservers=["9.9.9.9"], description="ours")
    cloud.wish("subnet", "sub", description="yours")
    assert cloud.one("subnet", "sub").spec["dns_nameservers"] == ["9.9.9.9"]
    assert cloud.one("subnet", "sub").spec["description"] == "yours"


def test_a_list_that_is_given_is_the_whole_list(cloud: Sandbox) -> None:
    cloud.wish("subnet", "sub", dns_nameservers=["9.9.9.9", "8.8.8.8"])
    cloud.wish("subnet", "sub", dns_nameservers=["1.1.1.1"])
    assert cloud.one("subnet", "sub").spec["dns_nameservers"] == ["1.1.1.1"]
    cloud.wish("subnet", "sub", dns_nameservers=[])
    assert cloud.one("subnet", "sub").spec["dns_nameservers"] == []


def test_an_empty_text_clears_a_reference_and_what_followed_from_it(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one", keypair="key", floating_ip="public", availability_zone="nova")))
    assert len(cloud.objects("Nat")) == 2
    cloud.wish("instance", "one", keypair="", floating_ip="", availability_zone="")
    spec = cloud.one("instance", "one").spec
    assert (spec["keypair"], spec["floating_ip"], spec["availability_zone"]) == (None, None, None)
    assert cloud.find("floating_ip") == []
    assert [item.type for item in cloud.objects("Nat")] == ["snat"]


def test_an_empty_gateway_means_none(cloud: Sandbox) -> None:
    cloud.wish("network", "other")
    cloud.wish("subnet", "flat", network="other", cidr="10.1.0.0/24", gateway_ip="")
    assert cloud.one("subnet", "flat").attributes["gateway_ip"] == ""
    assert cloud.ensure(request(Wish("subnet", "flat"))).changed is False


# References


def test_a_reference_is_a_name_an_id_or_an_alias(cloud: Sandbox) -> None:
    net = cloud.one("network", "net")
    cloud.ensure(request(server("one", flavor="2"), server("two", networks=[net.id], flavor="m1.small")))
    one, two = cloud.one("instance", "one"), cloud.one("instance", "two")
    assert one.spec["flavor"] == two.spec["flavor"]
    assert one.spec["networks"] == two.spec["networks"]


def test_a_name_that_means_several_lists_their_ids(cloud: Sandbox) -> None:
    cloud.ensure(request(Wish("network", "shared-a", "twin"), Wish("network", "shared-b", "twin")))
    ids = sorted(row.id for row in cloud.find("network", "twin"))
    with pytest.raises(InvalidInput) as caught:
        cloud.wish("port", "x", network="twin")
    assert str(caught.value) == f"port x: network twin means more than one ({', '.join(ids)}); use the id"
    assert cloud.wish("port", "x", network=ids[1]).errors == []


def test_one_request_may_name_what_it_declares_in_any_order(cloud: Sandbox) -> None:
    wishes = (
        server("one", networks=["lan"], security_groups=["web"]),
        Wish("security_group", "web", spec={"rules": [{"protocol": "tcp", "remote_group": "web"}]}),
        Wish("subnet", "lan-sub", spec={"network": "lan", "cidr": "10.3.0.0/24"}),
        Wish("network", "lan"),
    )
    result = cloud.ensure(request(*wishes))
    assert result.errors == []
    assert [result.outcomes[root].resource.kind for root in result.roots] == [wish.kind for wish in wishes]


def test_another_project_sees_only_what_is_shared(cloud: Sandbox) -> None:
    cloud.ensure(request(Wish("project", "other")))
    with pytest.raises(NotFound, match="network net does not exist"):
        cloud.ensure(request(Wish("port", "x", spec={"network": "net"}), project="other"))
    assert cloud.ensure(request(Wish("port", "x", spec={"network": "public"}), project="other")).errors == []
    cloud.wish("network", "net", shared=True)
    assert cloud.ensure(request(Wish("port", "y", spec={"network": "net"}), project="other")).errors == []


# Deletion


@pytest.mark.parametrize(
    ("kind", "name", "user"),
    [
        ("network", "net", "subnet sub"),
        ("subnet", "sub", "instance one, router router"),
        ("subnet", "public-subnet", "instance one, router router"),
        ("router", "router", "instance one"),
        ("keypair", "key", "instance one"),
        ("image", "guest", "instance one"),
        ("flavor", "m1.tiny", "instance one"),
        ("host", "host1", "instance one"),
    ],
)
def test_what_is_used_is_not_deleted(cloud: Sandbox, kind: str, name: str, user: str) -> None:
    cloud.ensure(request(server("one", keypair="key", floating_ip="public")))
    before = portrait(cloud)
    with pytest.raises(Conflict, match=f"{kind} {name} is used by .*{user}.*; delete or change that first"):
        cloud.drop(kind, name)
    assert portrait(cloud) == before


def test_used_and_user_may_go_together_in_any_order(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one")))
    gone = [("subnet", "sub"), ("network", "net"), ("router", "router"), ("instance", "one")]
    result = cloud.ensure(request(*(Wish(kind, name, present=False) for kind, name in gone)))
    assert result.errors == []
    assert [cloud.find(kind, name) for kind, name in gone] == [[], [], [], []]
    assert flaws(cloud) == []


def test_deleting_what_never_was_changes_nothing(cloud: Sandbox) -> None:
    assert cloud.drop("network", "nowhere").changed is False


def test_a_project_goes_with_its_default_group_and_comes_back_with_it(cloud: Sandbox) -> None:
    cloud.wish("project", "guests")
    assert len(cloud.find("security_group", "default", "guests")) == 1
    with pytest.raises(Conflict, match="security group default belongs to its project"):
        cloud.ensure(request(Wish("security_group", "default", present=False), project="guests"))
    assert cloud.drop("project", "guests").errors == []
    assert flaws(cloud) == []
    cloud.wish("project", "guests")
    assert len(cloud.find("security_group", "default", "guests")) == 1


def test_a_project_with_something_in_it_stays(cloud: Sandbox) -> None:
    cloud.wish("project", "guests")
    cloud.ensure(request(Wish("network", "theirs"), project="guests"))
    with pytest.raises(Conflict, match="project guests is used by network theirs"):
        cloud.drop("project", "guests")


# Exact


def test_exact_removes_what_carries_the_label_and_is_not_listed(cloud: Sandbox) -> None:
    cloud.ensure(request(Wish("network", "a"), Wish("network", "b"), label="blue"))
    cloud.ensure(request(Wish("network", "c"), label="green"))
    cloud.ensure(request(Wish("network", "b"), label="blue", exact=True))
    assert [cloud.find("network", name) != [] for name in ("a", "b", "c", "net")] == [False, True, True, True]


def test_exact_needs_a_label(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="state exact needs a label"):
        cloud.ensure(request(Wish("network", "b"), exact=True))


def test_exact_leaves_other_projects_alone(cloud: Sandbox) -> None:
    cloud.wish("project", "guests")
    cloud.ensure(request(Wish("network", "theirs"), project="guests", label="blue"))
    cloud.ensure(request(Wish("network", "ours"), label="blue", exact=True))
    assert len(cloud.find("network", "theirs", "guests")) == 1


# What belongs to another resource


def test_what_an_instance_made_is_neither_declared_nor_deleted_by_a_task(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one")))
    before = portrait(cloud)
    for wish in (Wish("port", "one-nic0", spec={"description": "mine"}), Wish("port", "one-nic0", present=False)):
        with pytest.raises(Conflict, match="port one-nic0 belongs to instance one; change that instead"):
            cloud.ensure(request(wish))
    assert portrait(cloud) == before


# Defaults


def test_an_instance_takes_the_only_network_and_the_default_group(cloud: Sandbox) -> None:
    cloud.ensure(request(Wish("instance", "one", spec={"image": "guest", "flavor": "m1.tiny"})))
    (port,) = cloud.find("port")
    assert port.spec["network"] == cloud.one("network", "net").id
    assert port.spec["security_groups"] == [cloud.one("security_group", "default").id]
    cloud.wish("network", "second")
    assert not cloud.wish("instance", "one").changed, "a later network changed what was chosen"
    with pytest.raises(InvalidInput, match=r"names no network and there is not just one to take \(net, second\)"):
        cloud.wish("instance", "two", image="guest", flavor="m1.tiny")


def test_an_instance_may_have_no_network(cloud: Sandbox) -> None:
    cloud.ensure(request(server("lonely", networks=[])))
    assert cloud.one("instance", "lonely").attributes["nics"] == []


def test_a_floating_ip_is_one_word(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one", floating_ip="public")))
    (floating,) = cloud.find("floating_ip")
    (port,) = cloud.find("port")
    (nat,) = [item for item in cloud.objects("Nat") if item.type == "dnat_and_snat"]
    assert floating.attributes["port"] == port.id
    assert nat.external_ip == floating.attributes["floating_ip_address"]
    assert nat.logical_ip == port.attributes["addresses"][0]["ip_address"]


# Allocation


def test_a_port_keeps_its_addresses_whatever_happens_around_it(cloud: Sandbox) -> None:
    fixed = [{"subnet": "sub"}, {"ip_address": "10.0.0.2"}, {"subnet": "sub"}]
    cloud.wish("port", "p", network="net", fixed_ips=fixed)
    before = cloud.one("port", "p").attributes
    addresses = [item["ip_address"] for item in before["addresses"]]
    assert len(set(addresses)) == 3
    assert addresses[1] == "10.0.0.2"
    cloud.wish("subnet", "sub", allocation_pools=[{"start": "10.0.0.200", "end": "10.0.0.210"}])
    cloud.wish("port", "p", description="again")
    assert cloud.one("port", "p").attributes == before
    cloud.wish("port", "p", fixed_ips=fixed[:1])
    assert cloud.wish("port", "next", network="net").errors == []
    assert cloud.one("port", "next").attributes["addresses"][0]["ip_address"] == "10.0.0.200"


def test_what_an_update_no_longer_needs_goes_back(cloud: Sandbox) -> None:
    cloud.wish("port", "p", network="net", fixed_ips=[{"ip_address": "10.0.0.77"}], mac_address="fa:16:3e:77:77:77")
    cloud.wish("port", "p", fixed_ips=[{"ip_address": "10.0.0.78"}], mac_address="")
    assert cloud.one("port", "p").attributes["mac_address"] == "fa:16:3e:77:77:77", "no wish is no reason to change"
    spec = {"network": "net", "fixed_ips": [{"ip_address": "10.0.0.77"}]}
    assert cloud.ensure(request(Wish("port", "q", spec=spec))).errors == []


def test_a_change_that_loses_data_needs_the_name(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one", flavor="m1.small")))
    shrink = request(server("one", flavor="m1.tiny"))
    before = portrait(cloud)
    with pytest.raises(Conflict, match=r"instance one: this would lose its disk's content \(from 20 to 1 GiB\); name "):
        cloud.ensure(shrink)
    preview = cloud.ensure(shrink, check=True)
    assert "would lose" in " ".join([*preview.warnings, *preview.errors])
    assert portrait(cloud) == before
    allowed = dataclasses.replace(shrink, allow_loss_of=frozenset({"one"}))
    assert cloud.ensure(allowed).errors == []
    assert not cloud.ensure(allowed).changed


def test_a_change_of_a_flavor_reaches_its_instances_and_never_their_data_unasked(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one", flavor="m1.small")))
    assert cloud.wish("flavor", "m1.small", ram=4096).errors == []
    assert cloud.objects("Domain")[0].memory == 4096
    with pytest.raises(Conflict, match="instance one: this would lose its disk's content"):
        cloud.wish("flavor", "m1.small", disk=10)
    assert cloud.objects("Volume")[0].capacity == 20 * 1024**3


def test_renaming_a_key_is_no_way_to_change_an_image(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one")))
    with pytest.raises(InvalidInput, match=r"image guest cannot get other content while instances use it \(one\)"):
        cloud.wish("image", "guest", checksum="ab" * 32)
    assert cloud.wish("keypair", "key", public_key=KEY).changed is False


def test_a_host_that_shrank_takes_no_more_when_something_leaves_it(cloud: Sandbox) -> None:
    cloud.add_host("small", ram=4096, availability_zone="small")
    small = {"availability_zone": "small"}
    cloud.ensure(request(server("one", **small, flavor="m1.small"), server("two", **small, flavor="m1.small")))
    cloud.wish("host", "small", reserved_ram=3072)
    cloud.drop("instance", "two")
    with pytest.raises(Exhausted, match="instance one: ram of host small is used up"):
        cloud.wish("instance", "one", flavor="m1.medium")
    assert cloud.wish("instance", "one", flavor="m1.small", description="no larger").errors == []


def test_what_one_instance_frees_another_may_take_in_the_same_request(cloud: Sandbox) -> None:
    cloud.add_host("small", ram=2560, availability_zone="small")
    small = {"availability_zone": "small"}
    cloud.ensure(request(server("one", **small, flavor="m1.small"), server("two", **small)))
    shrink = request(server("one", **small), server("three", **small), allow_loss_of=frozenset({"one"}))
    assert cloud.ensure(shrink).errors == []
    grow = request(server("two", **small), server("one", **small), server("four", **small), server("five", **small))
    assert cloud.ensure(grow).errors == []
    assert flaws(cloud) == []


def test_a_field_that_an_older_library_did_not_know_is_no_change(cloud: Sandbox) -> None:
    cloud.ensure(request(server("one")))
    one = cloud.one("instance", "one")
    older = {name: value for name, value in one.spec.items() if name not in ("resize", "tags")}
    cloud.registry.write(lambda txn: txn.update(txn.get(one.id), spec=older))
    assert cloud.initialise() is True
    assert cloud.one("instance", "one").spec == one.spec
    assert cloud.initialise() is False
    assert not cloud.ensure(request(server("one"))).changed
