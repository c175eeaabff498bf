# SPDX-License-Identifier: Apache-2.0
"""Where instances go: host aggregates, images' needs, the order within a request, and what others installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sandbox import IMAGE, Place, Sandbox, flaws, request, server
from stackwright.drivers.libvirt.objects import Hypervisor
from stackwright.engine.errors import Conflict, Exhausted, InvalidInput
from stackwright.engine.request import Result
from stackwright.engine.resource import Wish

FAST = {"hosts": ["host2"], "metadata": {"disk": "ssd, nvme"}}


@pytest.fixture
def cloud(cloud: Sandbox) -> Sandbox:
    """host1 has most memory, and host3 takes just two small instances."""
    cloud.add_host("host1", ram=99999)
    cloud.add_host("host3", ram=1024)
    return cloud


def hosts(cloud: Sandbox) -> dict[str, str]:
    return {row.name: row.host for row in cloud.find("instance")}


def settled(cloud: Sandbox, result: Result) -> None:
    assert result.errors == []
    assert not cloud.drift().changed
    assert flaws(cloud) == []


def flavor(**extra_specs: str) -> Wish:
    return Wish("flavor", "picky", spec={"vcpus": 1, "ram": 64, "disk": 1, "extra_specs": extra_specs})


def test_a_flavor_asks_for_an_aggregate(cloud: Sandbox) -> None:
    wanted = request(Wish("host_aggregate", "fast", spec=FAST), flavor(disk="ssd"), server("a", flavor="picky"))
    settled(cloud, cloud.ensure(wanted))
    assert hosts(cloud) == {"a": "host2"}
    assert not cloud.ensure(wanted).changed
    settled(cloud, cloud.wish("host_aggregate", "fast", hosts=["host3", "host1"]))
    settled(cloud, cloud.ensure(request(server("a", flavor="picky"), server("b", flavor="picky"))))
    assert hosts(cloud) == {"a": "host2", "b": "host1"}
    (told,) = cloud.tell("host_aggregate", "fast")
    assert told["hosts"] == ["host1", "host3"]
    assert told["metadata"] == FAST["metadata"]
    assert "held" not in told


def test_no_aggregate_has_it(cloud: Sandbox) -> None:
    with pytest.raises(Exhausted, match="host1: in no host_aggregate with gpu, 1 needed") as caught:
        cloud.ensure(request(flavor(gpu="1"), server("a", flavor="picky")))
    assert {(item["host"], item["filter"]) for item in caught.value.told["placement"]} == {
        (f"host{n}", "extra_specs") for n in (1, 2, 3)
    }


def test_an_extra_spec_without_effect_is_refused(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="extra spec hw:cpu_policy has no effect in this cloud; leave it out, or"):
        cloud.ensure(request(flavor(**{"hw:cpu_policy": "dedicated"})))
    settled(cloud, cloud.ensure(request(flavor(**{"billing:class": "gold"}), server("a", flavor="picky"))))


def test_an_aggregate_makes_a_zone(cloud: Sandbox) -> None:
    east = Wish("host_aggregate", "east", spec={"hosts": ["host2"], "availability_zone": "east"})
    settled(cloud, cloud.ensure(request(east, server("a", availability_zone="east"), server("b"))))
    assert hosts(cloud) == {"a": "host2", "b": "host1"}
    for refused in (
        Wish("host_aggregate", "east", present=False),
        Wish("host_aggregate", "east", spec={"hosts": ["host1"]}),
        Wish("host_aggregate", "east", spec={"availability_zone": "west"}),
    ):
        with pytest.raises(
            Conflict, match="instance a asked for zone east and is on host host2, which would be in zone"
        ):
            cloud.ensure(request(refused))
    words = "host_aggregate west: host host2 is in zone east by host_aggregate east; a host is in one zone"
    with pytest.raises(Conflict, match=words):
        cloud.wish("host_aggregate", "west", hosts=["host2"], availability_zone="west")
    settled(cloud, cloud.wish("host_aggregate", "west", hosts=["host2"]))
    going = [Wish("host_aggregate", "east", present=False), Wish("instance", "a", present=False)]
    settled(cloud, cloud.ensure(request(*going)))
    with pytest.raises(Exhausted, match="host2: in zone nova, not east"):
        cloud.ensure(request(server("c", availability_zone="east")))


def test_a_zone_is_no_metadata(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="availability_zone is an option of its own; give it there"):
        cloud.wish("host_aggregate", "east", metadata={"availability_zone": "east"})


def test_a_host_of_an_aggregate_stays_known(cloud: Sandbox) -> None:
    settled(cloud, cloud.ensure(request(Wish("host_aggregate", "fast", spec=FAST))))
    with pytest.raises(Conflict, match="host host2 is used by host_aggregate fast; delete or change that first"):
        cloud.drop("host", "host2")
    settled(cloud, cloud.wish("host_aggregate", "fast", hosts=[]))
    assert not cloud.drop("host", "host2").errors


def test_an_image_asks_for_a_hypervisor(cloud: Sandbox) -> None:
    for name, arch, kind in (("host1", "aarch64", "kvm"), ("host2", "x86_64", "lxc"), ("host3", "x86_64", "qemu")):
        found = cloud.one("host", name).attributes
        learned = {key: found[key] for key in ("vcpus", "ram", "disk")}
        known = {"place": name, "name": name, "resource": cloud.one("host", name).id}
        cloud.hold(Hypervisor(**known, **learned, arch=arch, domain_type=kind))
        cloud.wish("host", name)
    image = Wish("image", "picky", spec={**IMAGE, "properties": {"hw_architecture": "x86_64", "img_hv_type": "qemu"}})
    settled(cloud, cloud.ensure(request(image, server("a", image="picky"), server("b", image="picky"))))
    assert hosts(cloud) == {"a": "host3", "b": "host3"}
    words = (
        r"host1: has architecture aarch64, the image needs x86_64; host2: is of type lxc, the image needs qemu; "
        r"host3: 0 MiB"
    )
    with pytest.raises(Exhausted, match=words):
        cloud.ensure(request(server("c", image="picky")))


def test_who_has_least_choice_is_placed_first(cloud: Sandbox) -> None:
    cloud.wish("host", "host1", state="disabled")
    cloud.wish("host", "host2", state="disabled")
    cloud.add_host("host4", ram=512)
    servers = [*(server(name) for name in "ab"), server("z", host="host3")]
    settled(cloud, cloud.ensure(request(*servers)))
    assert hosts(cloud)["z"] == "host3"
    assert sorted(hosts(cloud).values()) == ["host3", "host3", "host4"]


def test_an_affinity_group_goes_where_all_of_it_fits(cloud: Sandbox) -> None:
    """Alone, its first member would fill up the smallest host."""
    with Sandbox(cloud.place, pack=True) as packing:
        group = Wish("server_group", "g", spec={"policy": "affinity"})
        settled(packing, packing.ensure(request(server("alone"))))
        settled(packing, packing.ensure(request(group, *(server(name, server_group="g") for name in "abc"))))
        placed = hosts(packing)
        assert placed.pop("alone") == "host3"
        assert set(placed.values()) == {"host2"}


def test_an_affinity_group_follows_the_member_that_is_pinned(cloud: Sandbox) -> None:
    group = Wish("server_group", "g", spec={"policy": "affinity"})
    members = [server("a", server_group="g"), server("b", server_group="g", host="host3")]
    settled(cloud, cloud.ensure(request(group, *members)))
    assert set(hosts(cloud).values()) == {"host3"}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution that is really installed, in a folder of its own."""
    folder = tmp_path / "site"
    known = folder / "ours-1.0.dist-info"
    known.mkdir(parents=True)
    (known / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
    (known / "entry_points.txt").write_text(
        "[stackwright.filters]\nodd = ours_placing:odd\nram = ours_placing:never\n"
        "[stackwright.weighers]\nbackwards = ours_placing:backwards\n"
    )
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "ours_placing", raising=False)
    return folder


PLUGIN = """
def odd(host, wish):
    return "" if int(host.name[-1]) % 2 else "even"

def never(host, wish):
    return "its name is taken"

def backwards(host, wish):
    return float(host.name[-1])
"""


def test_filters_and_weighers_of_others_are_asked_too(cloud: Sandbox, package: Path) -> None:
    (package / "ours_placing.py").write_text(PLUGIN)
    with Sandbox(cloud.place) as opened:
        settled(opened, opened.ensure(request(*(server(name) for name in "abc"))))
        assert sorted(hosts(opened).values()) == ["host1", "host3", "host3"]
        with pytest.raises(Exhausted, match="host2: even; host1: not host2"):
            opened.ensure(request(server("d", host="host2")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 / 0", "filter odd of package ours cannot be loaded .division by zero.; mend that package or uninstall it"),
        (PLUGIN.replace('"" if', "1 / 0 if"), "instance a: filter odd of package ours failed on host host1 .ZeroDiv"),
        (
            PLUGIN.replace('"" if', "True if"),
            "instance a: filter odd of package ours answered True and not str for host",
        ),
    ],
)
def test_a_broken_one_is_named(cloud: Sandbox, package: Path, text: str, words: str) -> None:
    (package / "ours_placing.py").write_text(text)
    with Sandbox(cloud.place) as opened, pytest.raises(InvalidInput, match=words):
        opened.ensure(request(server("a")))
    assert cloud.find("instance") == []


def test_hosts_fill_up_where_that_is_asked_for(place: Place) -> None:
    with Sandbox(place, pack=True) as cloud:
        cloud.add_host("host3", ram=1024)
        settled(cloud, cloud.ensure(request(*(server(name) for name in "abc"))))
        assert sorted(hosts(cloud).values()) == ["host1", "host3", "host3"]
