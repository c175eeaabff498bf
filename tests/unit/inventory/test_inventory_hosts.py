# SPDX-License-Identifier: Apache-2.0
"""Instances as hosts: Ansible's own inventory with the plugin, which runs the real command on a cloud in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from inventories import (
    COMMAND,
    Listing,
    declare,
    groups,
    part,
    program,
    stack,
    variables,
    warned,
)

from sandbox import Sandbox, server
from stackwright.engine.resource import Wish
from stackwright.inventory import FACTS

OTHER = (
    Wish("network", "mgmt"),
    Wish("subnet", "mgmt", spec={"network": "mgmt", "cidr": "10.9.0.0/24", "gateway_ip": ""}),
)


def test_an_instance_is_a_host_that_knows_itself(cloud: Sandbox, listing: Listing) -> None:
    wish = server("web", floating_ip="public", keypair="key", metadata={"role": "front"}, user_data="#!secret")
    declare(cloud, wish, label="shop")
    inventory = listing()
    assert [host.name for host in inventory.get_hosts()] == ["web"]
    told = {key: value for key, value in variables(inventory, "web").items() if key.startswith("stackwright_")}
    (address,) = told.pop("stackwright_addresses")
    assert address == {
        "network": "net",
        "ip_address": "10.0.0.2",
        "floating_ip_address": "172.24.4.101",
        "mac_address": address["mac_address"],
    }
    assert told == {
        "stackwright_id": cloud.one("instance", "web").id,
        "stackwright_name": "web",
        "stackwright_project": "default",
        "stackwright_stack": "",
        "stackwright_label": "shop",
        "stackwright_status": "active",
        "stackwright_message": "",
        "stackwright_power_state": "running",
        "stackwright_host": cloud.one("instance", "web").host,
        "stackwright_availability_zone": "nova",
        "stackwright_image": "guest",
        "stackwright_flavor": "m1.tiny",
        "stackwright_keypair": "key",
        "stackwright_security_groups": None,
        "stackwright_metadata": {"role": "front"},
        "stackwright_tags": [],
        "stackwright_description": "",
    }
    assert {f"stackwright_{key}" for key in FACTS} == {*told, "stackwright_addresses"}


def test_groups_are_named_as_ansible_wants_them(cloud: Sandbox, listing: Listing) -> None:
    declare(
        cloud,
        *OTHER,
        Wish("network", "pr-17"),
        Wish("subnet", "pr-17", spec={"network": "pr-17", "cidr": "10.17.0.0/24"}),
        server("web", networks=["pr-17", "mgmt"], metadata={"tier": "a b"}),
    )
    declare(cloud, stack("shop.1", part("db")))
    inventory = listing()
    assert groups(inventory, "web") == {"network_pr_17", "network_mgmt", "zone_nova", "image_guest", "meta_tier_a_b"}
    assert groups(inventory, "db") == {"stack_shop_1", "network_net", "zone_nova", "image_guest"}


def test_a_zone_is_where_the_instance_is(cloud: Sandbox, listing: Listing) -> None:
    cloud.add_host("far", availability_zone="far")
    declare(cloud, server("web", availability_zone="far"))
    assert "zone_far" in groups(listing(), "web")


def test_of_nested_stacks_the_outermost_counts(cloud: Sandbox, listing: Listing) -> None:
    declare(cloud, stack("shop", ("stack", "shop-inner", {"wishes": [part("web")]})))
    assert variables(listing(), "web")["stackwright_stack"] == "shop"


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, "172.24.4.101"),
        ({"use_floating": "only"}, "172.24.4.101"),
        ({"use_floating": "never"}, "10.9.0.1"),
        ({"use_floating": "never", "networks": ["net"]}, "10.0.0.2"),
        ({"use_floating": "never", "networks": ["none", "net", "mgmt"]}, "10.0.0.2"),
        ({"networks": ["mgmt"]}, "172.24.4.101"),
    ],
)
def test_addresses(cloud: Sandbox, listing: Listing, options: dict[str, Any], address: str) -> None:
    declare(cloud, *OTHER, server("web", networks=["mgmt", "net"]))
    declare(
        cloud, Wish("floating_ip", "out", spec={"network": "public", "instance": "web", "fixed_address": "10.0.0.2"})
    )
    assert variables(listing(**options), "web")["ansible_host"] == address


def test_without_an_address_it_is_a_host_still(
    cloud: Sandbox, listing: Listing, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(cloud, server("inside"))
    inventory = listing(use_floating="only")
    assert "ansible_host" not in variables(inventory, "inside")
    assert "ansible_user" not in variables(inventory, "inside")
    assert "Instance inside has no address that use_floating allows" in warned(capsys)


def test_compose_groups_and_keyed_groups(cloud: Sandbox, listing: Listing) -> None:
    declare(cloud, server("web", metadata={"login": "debian"}), server("db"))
    inventory = listing(
        compose={"ansible_user": "stackwright_metadata.login", "port": "1000 + 22"},
        groups={"tiny-ones": "stackwright_flavor == 'm1.tiny'", "logins": "ansible_user is defined"},
        keyed_groups=[
            {"key": "stackwright_power_state", "prefix": "is"},
            {"key": "stackwright_metadata", "prefix": "m"},
        ],
    )
    assert variables(inventory, "web")["ansible_user"] == "debian"
    assert variables(inventory, "web")["port"] == 1022
    assert "ansible_user" not in variables(inventory, "db")
    assert {"tiny_ones", "logins", "is_running", "m_login_debian"} <= groups(inventory, "web")
    assert {"tiny_ones", "is_running"} <= groups(inventory, "db")
    assert "logins" not in groups(inventory, "db")


def test_strict(cloud: Sandbox, listing: Listing, capsys: pytest.CaptureFixture[str]) -> None:
    declare(cloud, server("web"))
    listing(strict=True, compose={"ansible_user": "stackwright_metadata.nobody"})
    assert "Could not set ansible_user for host web" in warned(capsys)


def test_what_users_of_the_cloud_wrote_is_no_template(cloud: Sandbox, listing: Listing) -> None:
    evil = "{{ lookup('pipe', 'echo run') }}"
    declare(cloud, server("web", metadata={"evil": evil}, description=evil))
    inventory = listing(compose={"composed": "stackwright_metadata.evil"})
    templar = Templar(DataLoader(), variables(inventory, "web"))
    assert templar.template(variables(inventory, "web")["stackwright_description"]) == evil
    assert templar.template(variables(inventory, "web")["composed"]) == evil


def test_names_that_are_shared_get_a_piece_of_the_id(cloud: Sandbox, listing: Listing) -> None:
    declare(cloud, server("web"), server("alone", power="stopped"), Wish("project", "shop"))
    declare(cloud, stack("one", part("web"), part("alone")), stack("two", part("web")))
    inventory = listing()
    rows = cloud.find("instance")
    names = {f"{row.name}-{row.id[:8]}" for row in rows}
    assert {host.name for host in inventory.get_hosts()} == names
    assert len(names) == 5
    running = {host.name for host in listing(states=["running"]).get_hosts()}
    assert running == names - {f"alone-{row.id[:8]}" for row in rows if row.name == "alone" and not row.owner}


def test_no_instance_takes_over_a_host_of_others(
    cloud: Sandbox, listing: Listing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hosts.ini").write_text("cloud1 ansible_host=192.0.2.10\n")
    declare(cloud, server("cloud1"), server("localhost"))
    inventory = listing(tmp_path / "hosts.ini")
    assert variables(inventory, "cloud1")["ansible_host"] == "192.0.2.10"
    other = f"cloud1-{cloud.one('instance', 'cloud1').id[:8]}"
    local = f"localhost-{cloud.one('instance', 'localhost').id[:8]}"
    assert {host.name for host in inventory.get_hosts()} == {"cloud1", other, local}
    assert f"Instance cloud1 is the host {other}: there is another host cloud1" in warned(capsys)


def test_filters(cloud: Sandbox, listing: Listing) -> None:
    declare(cloud, server("web"), server("off", power="stopped"), Wish("project", "shop"))
    declare(cloud, stack("one", part("a"), part("b", power="stopped")), stack("two", part("c")))
    declare(
        cloud,
        Wish("network", "net"),
        Wish("subnet", "sub", spec={"network": "net", "cidr": "10.8.0.0/24"}),
        project="shop",
    )
    declare(cloud, server("sold"), project="shop")

    def found(**options: Any) -> set[str]:
        return {host.name for host in listing(**options).get_hosts()}

    assert found() == {"web", "off", "a", "b", "c", "sold"}
    assert found(project="shop") == {"sold"}
    assert found(stacks=["one"]) == {"a", "b"}
    assert found(stacks=["one", "two"], states=["running"]) == {"a", "c"}
    assert found(states=["stopped"]) == {"off", "b"}
    assert found(states=["lost", "shelved", "missing"]) == set()


def test_an_instance_that_is_to_go_is_no_host(cloud: Sandbox, listing: Listing) -> None:
    declare(cloud, server("web"), server("going"))
    row = cloud.one("instance", "going")
    cloud.registry.write(lambda txn: txn.update(txn.get(row.id), wanted=False))
    assert [host.name for host in listing().get_hosts()] == ["web"]


def test_instances_whose_state_nobody_knows_are_told(
    cloud: Sandbox, listing: Listing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(cloud, server("dark"))
    dark = program(
        tmp_path, "unknown", f'{COMMAND} "$@" | sed \'s/"power_state": "running"/"power_state": "unknown"/\''
    )
    assert listing(command=dark, states=["running"]).get_hosts() == []
    assert "Instance dark is left out: its host host1 does not answer" in warned(capsys)
    assert [host.name for host in listing(command=dark, states=["unknown"]).get_hosts()] == ["dark"]
