# SPDX-License-Identifier: Apache-2.0
"""A stack's life: it is made, found unchanged, changed and removed; a preview says what it is going to be."""

from __future__ import annotations

import dataclasses

import pytest
from stacks import NETWORK, WEB, declare, outputs, owned, resources, template, wanted

from sandbox import Sandbox, flaws, portrait, request
from stackwright.engine.errors import StackwrightError
from stackwright.engine.request import Result
from stackwright.engine.resource import Resource, Wish


def test_a_stack_is_made_found_unchanged_and_removed_without_a_trace(cloud: Sandbox) -> None:
    before = portrait(cloud)
    assert declare(cloud, WEB).changed
    assert len(cloud.objects("Domain")) == 2
    assert flaws(cloud) == []
    assert not declare(cloud, WEB).changed
    assert not cloud.drift().changed
    assert cloud.drop("stack", "s").errors == []
    assert _without_copies(portrait(cloud)) == _without_copies(before)
    assert flaws(cloud) == []


def test_values_of_others_are_there_before_anything_is_made(cloud: Sandbox) -> None:
    declare(cloud, WEB)
    found = outputs(cloud)
    assert found["address"] == found["addresses"][0]
    assert owned(cloud)["other"].spec["user_data"] == f"http://{found['address']}/"
    assert found["sentence"] == f"it is {found['chosen']}"
    assert len(found["chosen"]) == 12


def test_a_preview_is_what_the_stack_comes_to_be(
    cloud: Sandbox,
) -> None:
    preview = cloud.ensure(wanted(WEB), check=True)
    assert cloud.find("stack") == []
    created = declare(cloud, WEB)
    assert _values(preview) == _values(created)
    assert {change.object.identity.type for item in preview.outcomes.values() for change in item.changes} == {
        change.object.identity.type for item in created.outcomes.values() for change in item.changes
    }


def test_a_preview_leaves_only_generated_secrets_open(cloud: Sandbox) -> None:
    preview = cloud.ensure(wanted(WEB), check=True)
    assert "(after" not in repr(preview.outcomes)
    [stack] = [item.resource for item in preview.outcomes.values() if item.resource.kind == "stack"]
    found = stack.attributes["outputs"]
    assert found["chosen"] == "(generated)"
    assert found["sentence"] in ("(generated)", "it is (generated)")
    assert "(generated)" not in (found["address"], *found["addresses"])
    declare(cloud, WEB)
    again = cloud.ensure(wanted(WEB), check=True)
    assert not again.changed
    assert "(generated)" not in repr(again.outcomes)


def test_a_secret_that_is_made_anew_is_open_in_the_preview_of_the_change(cloud: Sandbox) -> None:
    declare(cloud, WEB)
    before = outputs(cloud)
    longer = WEB.replace("length: 12", "length: 13")
    preview = cloud.ensure(wanted(longer), check=True)
    [stack] = [item.resource for item in preview.outcomes.values() if item.resource.kind == "stack"]
    assert stack.attributes["outputs"]["chosen"] == "(generated)"
    assert outputs(cloud) == before
    declare(cloud, longer)
    assert len(outputs(cloud)["chosen"]) == 13
    assert outputs(cloud)["sentence"].endswith(outputs(cloud)["chosen"])


def test_an_update_adds_removes_and_changes(cloud: Sandbox) -> None:
    declare(cloud, WEB)
    before = owned(cloud)
    addition = "  group2: {type: OS::Neutron::SecurityGroup}\noutputs:"
    changed = WEB.replace("protocol: tcp", "protocol: udp").replace("outputs:", addition)
    start, _, rest = changed.partition("  other:\n")
    changed = start + "  chosen:" + rest.partition("  chosen:")[2]
    preview = cloud.ensure(wanted(changed), check=True)
    result = declare(cloud, changed)
    assert _values(preview) == _values(result)
    after = owned(cloud)
    assert after.keys() - before.keys() == {"group2"}
    assert before.keys() - after.keys() == {"other"}
    assert {key: row.id for key, row in after.items() if key != "group2"} == {
        key: row.id for key, row in before.items() if key != "other"
    }
    assert after["group"].spec["rules"][0]["protocol"] == "udp"
    assert [item.resource for item in cloud.objects("Domain")] == [after["web"].id]
    assert not declare(cloud, changed).changed
    assert flaws(cloud) == []


def test_another_type_of_the_same_name_takes_the_place(cloud: Sandbox) -> None:
    declare(cloud, resources("  it: {type: OS::Neutron::Net}"))
    network = owned(cloud)["it"]
    declare(cloud, resources("  it: {type: OS::Neutron::SecurityGroup}"))
    assert owned(cloud)["it"].kind == "security_group"
    assert [item for item in cloud.objects() if item.resource == network.id] == []
    declare(cloud, resources("  it: {type: OS::Heat::RandomString}"))
    declare(cloud, resources("  it: {type: OS::Heat::Value, properties: {value: 3}}"))
    declare(cloud, resources("  it: {type: OS::Heat::TestResource, properties: {value: x}}"))
    assert owned(cloud)["it"].spec["value"] == "x"
    assert flaws(cloud) == []


def test_a_template_may_be_without_resources_and_become_so(cloud: Sandbox) -> None:
    empty = template("outputs: {a: {value: 1}}")
    assert declare(cloud, empty).changed
    assert outputs(cloud) == {"a": 1}
    assert not declare(cloud, empty).changed
    declare(cloud, WEB)
    declare(cloud, empty)
    assert owned(cloud) == {}
    assert cloud.objects("Domain") == []
    assert flaws(cloud) == []


def test_a_name_follows_the_template(cloud: Sandbox) -> None:
    declare(cloud, resources("  a: {type: OS::Neutron::Net, properties: {name: one}}"))
    first = owned(cloud)["a"]
    preview = cloud.ensure(wanted(resources("  a: {type: OS::Neutron::Net, properties: {name: two}}")), check=True)
    assert "two" in {item.resource.name for item in preview.outcomes.values()}
    assert declare(cloud, resources("  a: {type: OS::Neutron::Net, properties: {name: two}}")).changed
    assert (owned(cloud)["a"].id, owned(cloud)["a"].name) == (first.id, "two")
    assert not cloud.drift().changed
    declare(cloud, resources("  a: {type: OS::Neutron::Net}"))
    assert owned(cloud)["a"].name.startswith("s-a-")


def test_conditions_take_resources_and_outputs_in_and_out(cloud: Sandbox) -> None:
    text = template("""
        parameters: {more: {type: boolean, default: false}}
        conditions: {more: {get_param: more}, less: {not: more}}
        resources:
          one: {type: OS::Neutron::Net}
          two: {type: OS::Neutron::Net, condition: more}
          value:
            type: OS::Heat::Value
            properties: {value: {if: [more, {get_resource: two}, {get_resource: one}]}}
        outputs:
          two: {value: {get_resource: two}, condition: more}
          which: {value: {get_attr: [value, value]}}
          word: {value: {if: [less, few, many]}}
    """)
    declare(cloud, text)
    assert owned(cloud).keys() == {"one", "value"}
    assert outputs(cloud) == {"two": None, "which": owned(cloud)["one"].id, "word": "few"}
    declare(cloud, text, parameters={"more": True})
    two = owned(cloud)["two"].id
    assert outputs(cloud) == {"two": two, "which": two, "word": "many"}
    declare(cloud, text, parameters={"more": "no"})
    assert owned(cloud).keys() == {"one", "value"}


def test_two_stacks_of_the_same_template_share_nothing(cloud: Sandbox) -> None:
    before = portrait(cloud)
    declare(cloud, WEB, "a")
    declare(cloud, WEB, "b")
    assert {row.id for row in owned(cloud, "a").values()} & {row.id for row in owned(cloud, "b").values()} == set()
    assert len(cloud.objects("Domain")) == 4
    assert outputs(cloud, "a")["chosen"] != outputs(cloud, "b")["chosen"]
    cloud.drop("stack", "a")
    assert len(cloud.objects("Domain")) == 2
    assert not declare(cloud, WEB, "b").changed
    cloud.drop("stack", "b")
    assert _without_copies(portrait(cloud)) == _without_copies(before)


def test_a_stack_lives_in_its_project(cloud: Sandbox) -> None:
    cloud.wish("project", "team")
    wish = wanted(WEB).wishes
    result = cloud.ensure(request(*wish, project="team"))
    assert result.errors == []
    team = cloud.one("project", "team").id
    assert {item.resource.project for item in result.outcomes.values() if item.resource.owner} == {team}
    assert cloud.find("stack") == []
    declare(cloud, WEB)
    assert len(cloud.objects("Domain")) == 4
    assert cloud.ensure(request(Wish("stack", "s", present=False), project="team")).errors == []
    assert len(cloud.objects("Domain")) == 2
    assert flaws(cloud) == []


def test_names_repeat_across_stacks_and_a_reference_lists_them(cloud: Sandbox) -> None:
    text = resources(NETWORK)
    declare(cloud, text, "a")
    declare(cloud, text, "b")
    ids = {row.id for row in cloud.find("network", "lan")}
    assert len(ids) == 2
    with pytest.raises(StackwrightError, match="more than one") as error:
        cloud.wish("port", "p", network="lan")
    assert all(item in str(error.value) for item in ids)
    assert cloud.wish("port", "p", network=min(ids)).errors == []


def test_what_a_stack_made_is_its_own(cloud: Sandbox) -> None:
    declare(cloud, resources(NETWORK))
    for wish in (Wish("network", "lan", spec={"mtu": 1300}), Wish("network", "lan", present=False)):
        with pytest.raises(StackwrightError, match="network lan belongs to stack s; change that instead"):
            cloud.ensure(request(wish))
    assert not declare(cloud, resources(NETWORK)).changed


def test_a_stack_that_was_suspended_stops_its_servers(cloud: Sandbox) -> None:
    declare(cloud, WEB)
    declare(cloud, WEB, suspended=True)
    assert {str(item.power) for item in cloud.objects("Domain")} == {"stopped"}
    assert not declare(cloud, WEB, suspended=True).changed
    declare(cloud, WEB, suspended=False)
    assert {str(item.power) for item in cloud.objects("Domain")} == {"running"}
    assert not declare(cloud, WEB).changed


def test_what_was_lost_behind_its_back_is_seen_and_mended(cloud: Sandbox) -> None:
    declare(cloud, WEB)
    rows = owned(cloud)
    [server] = [item for item in cloud.objects("Domain") if item.resource == rows["web"].id]
    rules = [item for item in cloud.objects() if item.resource == rows["group"].id]
    [killed] = [item for item in cloud.objects("Domain") if item.resource == rows["other"].id]
    for item in (server, *rules, killed):
        cloud.lose(item)
    cloud.hold(dataclasses.replace(killed, power="lost"))
    check = cloud.ensure(wanted(WEB), check=True)
    named = {item.resource.key for item in check.outcomes.values() if item.changed}
    assert {"web", "group", "other"} <= named
    assert declare(cloud, WEB).changed
    assert not declare(cloud, WEB).changed
    assert not cloud.drift().changed
    assert "lost" not in {item.power for item in cloud.objects("Domain")}


def _without_copies(seen: dict[str, list[str]]) -> dict[str, list[str]]:
    """Copies of images stay on a host until the image goes, and counters when they are back at nothing."""
    left = {name: rows for name, rows in seen.items() if name != "usage"}
    return {**left, "world": [item for item in seen["world"] if not item.startswith("ImageCopy")]}


def _values(result: Result) -> dict[tuple[str, str, str], object]:
    """What was chosen for every resource: names, addresses, MACs, hosts; ids and secrets are new each time."""
    rows = [item.resource for item in result.outcomes.values() if item.resource.wanted]
    return {(row.kind, row.key if "-" not in row.key else "", row.name): _chosen(row) for row in rows}


def _chosen(row: Resource) -> object:
    found = {key: row.attributes.get(key) for key in ("mac_address", "mtu", "segment")}
    addresses = [item["ip_address"] for item in row.attributes.get("addresses", [])]
    return (row.host, found, addresses)
