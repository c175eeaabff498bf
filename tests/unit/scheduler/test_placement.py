# SPDX-License-Identifier: Apache-2.0
"""Placing: each filter, the weighers, and what is said when nobody fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stackwright.cloud import Cloud
from stackwright.engine.errors import Exhausted, InvalidInput
from stackwright.scheduler.candidate import Candidate, Group, Placement
from stackwright.scheduler.placement import Scheduler

WISH = Placement("instance web", {"vcpus": 2, "ram": 1024, "disk": 10})
ON_HOST1 = {"host1": 2}


def group(policy: str, members: Mapping[str, int], most: int = 1) -> dict[str, Any]:
    return {"group": Group("g", policy, members, most)}


def host(name: str = "host1", zone: str = "nova", enabled: bool = True, **free: int) -> Candidate:
    return Candidate(name, name, zone, enabled, {"vcpus": 2, "ram": 1024, "disk": 10, **free})


@pytest.mark.parametrize(
    ("given", "wish", "objection"),
    [
        ({}, {}, ""),
        ({"enabled": False}, {}, "disabled"),
        ({"zone": "b"}, {}, ""),
        ({"zone": "b"}, {"zone": "b"}, ""),
        ({"zone": "b"}, {"zone": "a"}, "in zone b, not a"),
        ({"vcpus": 1}, {}, "1 vCPUs free, 2 needed"),
        ({"ram": 1023}, {}, "1023 MiB of memory free, 1024 needed"),
        ({"disk": 9}, {}, "9 GiB of disk free, 10 needed"),
        ({"disk": 0}, {"demand": {}}, ""),
        ({"enabled": False, "zone": "b"}, {"zone": "a"}, "disabled"),
        ({}, {"host": "host1"}, ""),
        ({}, {"host": "host2"}, "not host2"),
        ({}, group("affinity", {}), ""),
        ({}, group("affinity", ON_HOST1), ""),
        ({}, group("affinity", {"host2": 1}), "holds none of server_group g"),
        ({}, group("anti-affinity", {"host2": 1}), ""),
        ({}, group("anti-affinity", {"host1": 1}), "holds 1 of server_group g, which allows 1 on a host"),
        ({}, group("anti-affinity", ON_HOST1, 3), ""),
        ({}, group("anti-affinity", ON_HOST1, 2), "holds 2 of server_group g, which allows 2 on a host"),
        ({}, group("soft-affinity", {"host2": 1}), ""),
        ({}, group("soft-anti-affinity", ON_HOST1), ""),
        ({"zone": "b", "ram": 0}, {"zone": "a", **group("anti-affinity", ON_HOST1)}, "in zone b, not a"),
        ({"ram": 0}, group("affinity", ON_HOST1), "0 MiB of memory free, 1024 needed"),
    ],
)
def test_a_host_is_refused_for_a_reason(given: dict[str, Any], wish: dict[str, Any], objection: str) -> None:
    found = Scheduler().objection(host(**given), replace(WISH, **wish))
    assert (found.words if found else "") == objection


def test_the_one_with_most_memory_left_is_chosen() -> None:
    hosts = [host("a", ram=2000), host("b", ram=4000), host("c", ram=3000)]
    assert Scheduler().choose(hosts, WISH).name == "b"


def test_then_the_one_with_most_processors_then_the_first_by_name() -> None:
    assert Scheduler().choose([host("a", vcpus=4), host("b", vcpus=8)], WISH).name == "b"
    assert Scheduler().choose([host("b"), host("a"), host("aa")], WISH).name == "a"


@pytest.mark.parametrize(
    ("policy", "members", "chosen"),
    [
        ("soft-affinity", {}, "b"),
        ("soft-affinity", {"a": 1}, "a"),
        ("soft-affinity", {"a": 1, "c": 2}, "c"),
        ("soft-affinity", {"full": 9}, "b"),
        ("soft-anti-affinity", {"b": 1}, "c"),
        ("soft-anti-affinity", {"a": 1, "b": 2, "c": 2}, "a"),
        ("soft-anti-affinity", {"a": 1, "b": 1, "c": 1}, "b"),
        ("affinity", {"a": 1}, "a"),
        ("anti-affinity", {"b": 1}, "c"),
    ],
)
def test_a_server_group_draws_or_drives_away(policy: str, members: dict[str, int], chosen: str) -> None:
    hosts = [host("a", ram=2000), host("b", ram=4000), host("c", ram=3000), host("full", ram=0)]
    assert Scheduler().choose(hosts, replace(WISH, **group(policy, members))).name == chosen


def test_what_is_there_already_needs_no_room() -> None:
    scheduler, full = Scheduler(), host(enabled=False, ram=0)
    assert scheduler.misplaced(full, WISH) == ""
    assert scheduler.misplaced(full, replace(WISH, zone="b")) == "in zone nova, not b"
    assert scheduler.misplaced(full, replace(WISH, host="host2")) == "not host2"


def test_the_order_of_the_hosts_decides_nothing() -> None:
    hosts = [host(name, ram=ram) for name, ram in [("a", 4000), ("b", 4000), ("c", 2000)]]
    assert Scheduler().choose(hosts, WISH) is Scheduler().choose(hosts[::-1], WISH)


def test_a_claim_that_was_just_taken_counts() -> None:
    first, second = host("a", ram=2048), host("b", ram=1500)
    first.use(WISH.demand)
    assert Scheduler().choose([first, second], Placement("x", {"ram": 1024})).name == "b"


def test_nobody_fits_is_explained_host_by_host() -> None:
    hosts = [host("a", enabled=False), host("b", ram=5), *(host(f"c{n}", vcpus=0) for n in range(8))]
    with pytest.raises(Exhausted) as caught:
        Scheduler().choose(hosts, WISH)
    words = str(caught.value)
    assert words.startswith("instance web: no host can take it (a: disabled; b: 5 MiB of memory free, 1024 needed; c0")
    assert words.endswith("c7: 0 vCPUs free, 2 needed); free something or add a host")
    assert caught.value.told["placement"][:2] == [
        {"host": "a", "filter": "enabled", "words": "disabled"},
        {"host": "b", "filter": "ram", "words": "5 MiB of memory free, 1024 needed"},
    ]


def test_many_hosts_are_explained_filter_by_filter() -> None:
    hosts = [*(host(f"a{n}", enabled=False) for n in range(30)), *(host(f"b{n}", ram=n) for n in range(69)), host("c")]
    with pytest.raises(Exhausted) as caught:
        Scheduler().choose(hosts, replace(WISH, extra_specs={"ssd": "true"}))
    assert str(caught.value) == (
        "instance web: no host can take it (enabled refuses 30, as a0: disabled; extra_specs refuses 70, as b0: in no "
        "host_aggregate with ssd, true needed); free something or add a host"
    )
    assert len(caught.value.told["placement"]) == 100


def test_the_hosts_that_were_asked_for_are_explained_first() -> None:
    hosts = [*(host(f"c{n:02}") for n in range(12)), host("west", zone="west", ram=5)]
    with pytest.raises(Exhausted) as caught:
        Scheduler().choose(hosts, replace(WISH, zone="west"))
    words = "instance web: no host can take it (west: 5 MiB of memory free, 1024 needed; availab"
    assert str(caught.value).startswith(words)


def test_hosts_fill_up_one_after_the_other_where_that_is_asked_for() -> None:
    hosts = [host("a", ram=2000), host("b", ram=1024), host("full", ram=1000), host("c", ram=3000)]
    assert Scheduler(pack=True).choose(hosts, WISH).name == "b"
    assert Scheduler(pack=True).choose(hosts, replace(WISH, **group("soft-affinity", {"c": 1}))).name == "c"


METADATA = {"ssd": frozenset({"true"}), "cores": frozenset({"8", "16"})}


@pytest.mark.parametrize(
    ("specs", "objection"),
    [
        ({"aggregate_instance_extra_specs:ssd": "true"}, ""),
        ({"ssd": "true", "cores": "<or> 4 <or> 16"}, ""),
        ({"cores": "<= 8"}, ""),
        ({"ssd": "false"}, "in a host_aggregate with ssd true, false needed"),
        ({"cores": ">= 32"}, "in a host_aggregate with cores 16, 8, >= 32 needed"),
        ({"aggregate_instance_extra_specs:gpu": "1"}, "in no host_aggregate with gpu, 1 needed"),
        ({"somebody:gpu": "1"}, ""),
    ],
)
def test_extra_specs_are_compared_with_the_aggregates(specs: dict[str, str], objection: str) -> None:
    found = Scheduler().objection(replace(host(), metadata=METADATA), replace(WISH, extra_specs=specs))
    assert (found.words if found else "") == objection


NO_CONTAINER = "runs containers, and the image does not say that it is for one (img_hv_type: lxc)"


@pytest.mark.parametrize(
    ("given", "properties", "objection"),
    [
        ({"arch": "x86_64", "domain_type": "kvm"}, {"hw_architecture": "x86_64", "img_hv_type": "kvm"}, ""),
        ({"arch": "x86_64", "domain_type": "kvm"}, {"architecture": "amd64", "hypervisor_type": "QEMU"}, ""),
        ({"arch": "x86_64", "domain_type": "kvm"}, {"hw_vm_mode": "hvm", "os_distro": "debian"}, ""),
        ({"domain_type": "qemu"}, {"img_hv_type": "kvm"}, "is of type qemu, the image needs kvm"),
        ({"domain_type": "kvm"}, {"img_hv_type": "lxc"}, "is of type kvm, the image needs lxc"),
        ({"domain_type": "lxc"}, {"img_hv_type": "lxc", "hw_vm_mode": "exe"}, ""),
        ({"domain_type": "lxc"}, {}, NO_CONTAINER),
        ({"domain_type": "lxc"}, {"hw_vm_mode": "exe"}, NO_CONTAINER),
        ({"domain_type": "lxc"}, {"vm_mode": "hvm"}, "is of type lxc, the image needs mode hvm"),
        ({"arch": "x86_64"}, {"hw_architecture": "aarch64"}, "has architecture x86_64, the image needs aarch64"),
        ({}, {"hw_architecture": "x86_64"}, "has architecture unknown, the image needs x86_64"),
    ],
)
def test_images_say_what_they_run_on(given: dict[str, str], properties: dict[str, str], objection: str) -> None:
    found = Scheduler().objection(replace(host(), **given), replace(WISH, properties=properties))
    assert (found.words if found else "") == objection


def test_a_host_that_refused_is_left_out() -> None:
    hosts = [host("a", ram=4000), host("b")]
    assert Scheduler().choose(hosts, replace(WISH, refused={"a": "refused it (no space)"})).name == "b"
    found = Scheduler().objection(hosts[0], replace(WISH, refused={"a": "refused it (no space)"}))
    assert found
    assert found.words == "refused it (no space)"


def test_the_rest_of_a_group_needs_room_too() -> None:
    hosts = [host("a", ram=2047, vcpus=9), host("b", ram=2048, vcpus=4)]
    beside = {"vcpus": 2, "ram": 1024, "disk": 0}
    assert Scheduler(pack=True).choose(hosts, replace(WISH, beside=beside)).name == "b"
    with pytest.raises(Exhausted, match="a: 2047 MiB of memory free, 2048 needed with the rest of its group"):
        Scheduler().choose(hosts[:1], replace(WISH, beside=beside))


def test_no_host_at_all_is_explained() -> None:
    with pytest.raises(Exhausted, match="instance web: there is no host to place it on; add one to the compute group"):
        Scheduler().choose([], WISH)


@pytest.mark.parametrize(("placement", "chosen"), [("pack", "b"), ("spread", "a")])
def test_the_controller_is_told_which(tmp_path: Path, placement: str, chosen: str) -> None:
    config = tmp_path / "stackwright.yaml"
    config.write_text(f"registry_url: sqlite:///{tmp_path}/registry.sqlite\nplacement: {placement}\n")
    with Cloud.open(config) as cloud:
        assert cloud.rules.scheduler.choose([host("a", ram=4000), host("b", ram=2000)], WISH).name == chosen
    config.write_text("placement: stack\n")
    with pytest.raises(InvalidInput, match="placement: Input should be 'spread' or 'pack'"):
        Cloud.open(config)
