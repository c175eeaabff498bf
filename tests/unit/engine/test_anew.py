# SPDX-License-Identifier: Apache-2.0
"""What a host definitely refuses to make is made on another one; what is not known to be refused stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sandbox import Place, Sandbox, drivers, flaws, request, server
from stackwright.drivers.libvirt.objects import ConfigDrive, Domain, ImageCopy, Volume
from stackwright.engine.errors import Refused, StackwrightError, Temporary, Unreachable
from stackwright.engine.objects import Action, Change, Object
from stackwright.engine.resource import Wish

FULL = "pool full"
Refuse = Callable[..., None]


class Hosts:
    """What happens before a change on a host: errors for the types of objects that it refuses."""

    def __init__(self) -> None:
        self.errors: dict[tuple[str, type[Object]], StackwrightError] = {}
        self.tried: list[Change] = []

    def refuse(self, host: str, what: type[Object] = Volume, error: StackwrightError | None = None) -> None:
        self.errors[host, what] = error or Refused(f"{FULL} on {host}")

    def __call__(self, change: Change) -> None:
        self.tried.append(change)
        error = self.errors.get((change.object.place, type(change.object)))
        if error and change.action is not Action.DELETE:
            raise error


@pytest.fixture
def hosts() -> Hosts:
    return Hosts()


@pytest.fixture
def cloud(place: Place, hosts: Hosts) -> Iterator[Sandbox]:
    """host1 is the one with most memory, then host2, then host3."""
    with Sandbox(place, drivers=drivers(place, hosts)) as opened:
        opened.add_host("host1", ram=99999)
        opened.add_host("host3", ram=60000)
        yield opened


def where(cloud: Sandbox) -> dict[str, str]:
    return {row.name: row.host for row in cloud.find("instance")}


def sound(cloud: Sandbox) -> None:
    """Nothing is left over, doubled or lost."""
    assert flaws(cloud) == []
    found = cloud.drift()
    assert not found.changed
    assert found.orphans == ()


@pytest.mark.parametrize("what", [Volume, ConfigDrive, Domain, ImageCopy])
def test_it_is_made_on_the_next_host(cloud: Sandbox, hosts: Hosts, what: type[Object]) -> None:
    hosts.refuse("host1", what)
    wanted = request(server("a", floating_ip="public"))
    result = cloud.ensure(wanted)
    assert result.errors == []
    assert where(cloud) == {"a": "host2"}
    row = cloud.one("instance", "a")
    assert {item.place for item in cloud.objects() if item.resource == row.id} == {"host2"}
    assert row.status == "active"
    words = "instance a: host host1 refused it ("
    assert [item for item in result.warnings if item.startswith(words) and item.endswith("is placed on host2")]
    told = [(item["action"], item["name"]) for item in cloud.events(resource=row.id)]
    assert told == [("failed", "a"), ("placed anew", "a"), ("updated", "a")]
    sound(cloud)
    assert not cloud.ensure(wanted).changed


def test_each_host_is_tried_once(cloud: Sandbox, hosts: Hosts) -> None:
    for name in ("host1", "host2", "host3"):
        hosts.refuse(name)
    result = cloud.ensure(request(server("a")))
    (error,) = result.errors
    assert error == (
        "instance a: no host can take it (host1: refused it (pool full on host1); host2: refused "
        "it (pool full on host2); host3: refused it (pool full on host3)); free something or add a host"
    )
    asked = [change.object.place for change in hosts.tried if isinstance(change.object, Volume)]
    assert sorted(asked) == ["host1", "host2", "host3"]
    assert where(cloud) == {"a": "host3"}
    hosts.errors.clear()
    assert cloud.ensure(request(server("a"))).errors == []
    assert where(cloud) == {"a": "host3"}
    sound(cloud)


def test_the_rest_goes_on(cloud: Sandbox, hosts: Hosts) -> None:
    hosts.refuse("host1")
    servers = [server("a"), server("b"), server("pinned", host="host1"), server("fine", host="host2")]
    result = cloud.ensure(request(*servers))
    assert result.errors == [
        "instance pinned: no host can take it (host1: refused it (pool full on host1); "
        "host2: not host1; host3: not host1); free something or add a host"
    ]
    assert where(cloud) == {"a": "host2", "b": "host2", "pinned": "host1", "fine": "host2"}
    hosts.errors.clear()
    assert cloud.ensure(request(*servers)).errors == []
    sound(cloud)


@pytest.mark.parametrize("error", [Unreachable("no answer"), Temporary("busy"), StackwrightError("who knows")])
def test_without_certainty_it_stays(cloud: Sandbox, hosts: Hosts, error: StackwrightError) -> None:
    hosts.refuse("host1", Domain, error)
    assert cloud.ensure(request(server("a"))).errors == [str(error)]
    assert where(cloud) == {"a": "host1"}
    hosts.errors.clear()
    assert cloud.ensure(request(server("a"))).errors == []
    assert where(cloud) == {"a": "host1"}
    sound(cloud)


def test_one_refusal_among_uncertain_errors_is_not_enough(cloud: Sandbox, hosts: Hosts) -> None:
    hosts.refuse("host1", Volume)
    hosts.refuse("host1", ConfigDrive, Unreachable("no answer"))
    assert cloud.ensure(request(server("a"))).errors
    assert where(cloud) == {"a": "host1"}


def test_what_is_there_does_not_move(cloud: Sandbox, hosts: Hosts) -> None:
    cloud.ensure(request(server("a")))
    hosts.refuse("host1", Domain)
    result = cloud.ensure(request(server("a", description="x", networks=[]), server("b")))
    assert where(cloud) == {"a": "host1", "b": "host2"}
    assert [item for item in result.errors if item == "pool full on host1"]


@pytest.mark.parametrize("what", [Volume, ConfigDrive, Domain, ImageCopy])
@pytest.mark.parametrize("started", [True, False])
def test_what_is_on_its_way_loses_nothing(cloud: Sandbox, hosts: Hosts, what: type[Object], started: bool) -> None:
    """Its new host refuses what is moved there; where it comes from, nothing is touched for that."""
    cloud.ensure(request(server("a")))
    row = cloud.one("instance", "a")
    if not started:  # as after a kill before that was recorded
        unborn = {**row.attributes, "started": False}
        cloud.registry.write(lambda txn: txn.update(txn.get(row.id), attributes=unborn))
    hosts.refuse("host2", what)
    hosts.tried.clear()
    assert cloud.ensure(request(server("a", host="host2"))).errors
    gone = [change.object for change in hosts.tried if change.action is Action.DELETE]
    assert not [item for item in gone if item.place == "host1" and isinstance(item, (Volume, Domain))]
    assert [item.place for item in cloud.objects("Domain")] == ["host1"]
    assert [item.place for item in cloud.objects("Volume")] == ["host1"]


def test_what_cannot_be_cleared_stays(cloud: Sandbox, hosts: Hosts) -> None:
    """The host went away after it had refused: what it made first is there still."""
    hosts.refuse("host1", Domain)
    look = cloud.drivers["libvirt"]
    refuse = hosts.__call__

    def going(change: Change) -> None:
        if isinstance(change.object, Domain):
            look.unreachable["host1"] = "host1 is gone"  # type: ignore[attr-defined]
        refuse(change)

    look.before = going  # type: ignore[attr-defined]
    assert cloud.ensure(request(server("a"))).errors == ["pool full on host1"]
    assert where(cloud) == {"a": "host1"}


def test_a_group_keeps_its_policy(cloud: Sandbox, hosts: Hosts) -> None:
    hosts.refuse("host1")
    rule = Wish("server_group", "g", spec={"policy": "anti-affinity"})
    members = [server(name, server_group="g") for name in "abc"]
    result = cloud.ensure(request(rule, *members))
    assert len(result.errors) == 1
    assert "holds 1 of server_group g, which allows 1 on a host" in result.errors[0]
    assert sorted(where(cloud).values()) == ["host1", "host2", "host3"]
    hosts.errors.clear()
    assert cloud.ensure(request(rule, *members)).errors == []
    sound(cloud)


def test_an_affinity_group_goes_on_together(cloud: Sandbox, hosts: Hosts) -> None:
    hosts.refuse("host1")
    rule = Wish("server_group", "g", spec={"policy": "affinity"})
    members = [server(name, server_group="g") for name in "abc"]
    assert cloud.ensure(request(rule, *members)).errors == []
    assert where(cloud) == {"a": "host2", "b": "host2", "c": "host2"}
    told = [item["name"] for item in cloud.events() if item["action"] == "placed anew"]
    assert told == ["a", "b", "c"]
    sound(cloud)
    assert not cloud.ensure(request(rule, *members)).changed


def test_an_affinity_group_that_no_other_host_takes_whole_stays_together(cloud: Sandbox, hosts: Hosts) -> None:
    """host2 has no room for both, and host3 is not in the zone that the second one names."""
    hosts.refuse("host1")
    cloud.wish("host", "host3", availability_zone="far")
    host2 = cloud.one("host", "host2").attributes["ram"]
    cloud.wish("host", "host2", reserved_ram=host2 - 512)
    rule = Wish("server_group", "g", spec={"policy": "affinity"})
    members = [server("a", server_group="g"), server("b", server_group="g", availability_zone="nova")]
    (error,) = cloud.ensure(request(rule, *members)).errors
    assert error.startswith("instance b: no host can take it (")
    assert error.endswith("host3: in zone far, not nova); free something or add a host")
    assert [cloud.one("instance", name).status for name in "ab"] == ["error", "error"]
    assert where(cloud) == {"a": "host1", "b": "host1"}
    assert flaws(cloud) == []
    hosts.errors.clear()
    assert cloud.ensure(request(rule, *members)).errors == []
    assert where(cloud) == {"a": "host1", "b": "host1"}
    sound(cloud)


def test_a_member_that_is_there_keeps_the_others(cloud: Sandbox, hosts: Hosts) -> None:
    rule = Wish("server_group", "g", spec={"policy": "affinity"})
    assert cloud.ensure(request(rule, server("a", server_group="g"))).errors == []
    hosts.refuse("host1")
    errors = cloud.ensure(request(server("b", server_group="g"))).errors
    assert [item for item in errors if "host2: holds none of server_group g" in item]
    assert where(cloud) == {"a": "host1", "b": "host1"}
    assert flaws(cloud) == []


def test_a_stack_is_whole_in_the_end(cloud: Sandbox, hosts: Hosts) -> None:
    """What waited for the one that was refused is made as well."""
    hosts.refuse("host1")
    template = """
heat_template_version: 2018-08-31
resources:
  first: {type: OS::Nova::Server, properties: {image: guest, flavor: m1.tiny, networks: [{network: net}]}}
  second:
    type: OS::Nova::Server
    depends_on: first
    properties: {image: guest, flavor: m1.tiny, networks: [{network: net}], availability_zone: nova}
"""
    stack = Wish("stack", "s", spec={"template": "main.yaml", "files": {"main.yaml": template}})
    assert cloud.ensure(request(stack)).errors == []
    assert set(where(cloud).values()) == {"host2"}
    assert {row.status for kind in ("stack", "instance", "network") for row in cloud.find(kind)} == {"active"}
    sound(cloud)
    assert not cloud.ensure(request(stack)).changed


def test_a_preview_places_nothing_anew(cloud: Sandbox, hosts: Hosts) -> None:
    hosts.refuse("host1")
    told = cloud.ensure(request(server("a")), check=True)
    assert told.errors == []
    assert hosts.tried[-1].object.place == "host3" or not [item for item in hosts.tried if item.object.place == "host2"]
    assert cloud.find("instance") == []
