# SPDX-License-Identifier: Apache-2.0
"""Any stack, changed into any other one, by runs that are killed or race: it ends as its last template says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from processes import Running
from sandbox import Place, Sandbox, copy, flaws, portrait, request
from stackwright.engine.errors import StackwrightError
from stackwright.engine.request import Request
from stackwright.engine.resource import Wish
from stackwright.orchestration.template import read_template

SERVER = {"type": "OS::Nova::Server", "properties": {"image": "guest", "flavor": "m1.tiny"}}
INNER = {
    "heat_template_version": "2018-08-31",
    "parameters": {"index": {"type": "string"}},
    "resources": {
        "word": {"type": "OS::Heat::RandomString", "properties": {"length": 20}},
        "port": {"type": "OS::Neutron::Port", "properties": {"network": "net"}},
    },
    "outputs": {"word": {"value": {"get_attr": ["word", "value"]}}},
}
MEMBERS = (
    {"type": "OS::Neutron::Net"},
    {"type": "inner.yaml", "properties": {"index": "%index%"}},
    {"type": "OS::Neutron::Port", "properties": {"network": "net"}},
    {**SERVER, "properties": {**SERVER["properties"], "networks": [{"network": "net"}]}},  # type: ignore[dict-item]
)


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    """A few resources that need and name each other; every name may stand for another thing in another template."""
    found: dict[str, Any] = {}
    nets = ["net", *({"get_resource": name} for name in draw(_some(["a", "b"])))]
    for index, net in enumerate(nets[1:]):
        found[net["get_resource"]] = {"type": "OS::Neutron::Net", "properties": {"name": draw(st.sampled_from("xy"))}}
        subnet = {"network": net, "cidr": f"10.5.{index}.0/24", "enable_dhcp": draw(st.booleans())}
        found[f"{net['get_resource']}-sub"] = {"type": "OS::Neutron::Subnet", "properties": subnet}
    for name in draw(_some(["c", "d"])):
        found[name] = {"type": "OS::Neutron::Port", "properties": {"network": draw(st.sampled_from(nets))}}
        if draw(st.booleans()):
            found[f"{name}-server"] = _server([{"port": {"get_resource": name}}])
    for name in draw(_some(["e", "f"])):
        found[name] = _server([{"network": draw(st.sampled_from(nets))}])
    for name in draw(_some(["f", "g"])):
        found[name] = {"type": "OS::Heat::RandomString", "properties": {"length": draw(st.integers(20, 21))}}
    for name in draw(_some(["g", "h"])):
        member = {"count": draw(st.integers(0, 3)), "resource_def": draw(st.sampled_from(MEMBERS))}
        member["removal_policies"] = [{"resource_list": draw(_some(["0", "1"]))}]
        found[name] = {"type": "OS::Heat::ResourceGroup", "properties": member}
    names = list(found)
    for index, name in enumerate(names[1:], 1):
        if draw(st.integers(0, 3)) == 0:
            found[name]["depends_on"] = draw(st.sampled_from(names[:index]))
        if draw(st.integers(0, 3)) == 0 and found[name]["properties"].get("networks") == [{"network": "net"}]:
            found[name]["deletion_policy"] = "Retain"
    outputs = {name: {"value": {"get_resource": name}} for name in names}
    return {"heat_template_version": "2018-08-31", "resources": found, "outputs": outputs}


def _some(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True)


def _server(networks: list[Any]) -> dict[str, Any]:
    return {**SERVER, "properties": {**SERVER["properties"], "networks": networks}}  # type: ignore[dict-item]


def _stack(template: dict[str, Any]) -> Request:
    files = {"main.yaml": json.dumps(template), "inner.yaml": json.dumps(INNER)}
    return request(Wish("stack", "s", spec={"template": "main.yaml", "files": files}))


@settings(
    max_examples=30,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=templates(), then=st.none() | templates() | templates(), at=st.integers(0, 40))
def test_a_killed_change_of_a_stack_is_completed_by_the_next_run(
    new_place: Callable[[], Place], first: dict[str, Any], then: dict[str, Any] | None, at: int
) -> None:
    change = _stack(then) if then else request(Wish("stack", "s", present=False))
    with Sandbox(new_place()) as clean:
        assert clean.ensure(_stack(first)).errors == []
        try:
            assert clean.ensure(change).errors == []
        except StackwrightError as error:
            event(f"refused: {type(error).__name__}")
            return
        expected = _portrait(clean)
        _as_described(clean, then)
    place = new_place()
    with Sandbox(place) as cloud:
        cloud.ensure(_stack(first))
        ended = Running(place, change, at).end()
        event(f"killed: {bool(ended.signal)}")
        assert cloud.ensure(change).errors == []
        seen = _portrait(cloud)
        assert {name: set(seen[name]) ^ set(expected[name]) for name in seen} == {name: set() for name in seen}
        assert seen == expected
        assert flaws(cloud) == []
        assert not cloud.ensure(change).changed
        assert not cloud.drift().changed


def test_runs_of_the_same_stack_make_one(new_place: Callable[[], Place]) -> None:
    template = templates_of_all()
    with Sandbox(new_place()) as clean:
        assert clean.ensure(_stack(template)).errors == []
        expected = _portrait(clean)
    place = new_place()
    ended = [run.end() for run in [Running(place, _stack(template)) for _ in range(3)]]
    assert [(run.errors, run.refused) for run in ended] == [((), "")] * 3
    assert [run.changed for run in ended].count(True) == 1
    with Sandbox(place) as cloud:
        assert _portrait(cloud) == expected
        assert flaws(cloud) == []
        other = {**template, "resources": {"c": template["resources"]["c"]}, "outputs": {}}
        ended = [run.end() for run in [Running(place, _stack(each)) for each in (other, template)]]
        assert [(run.errors, run.refused) for run in ended] == [((), "")] * 2
        assert flaws(cloud) == []
        assert cloud.ensure(_stack(template)).errors == []
        _as_described(cloud, template)
        assert not cloud.drift().changed


def templates_of_all() -> dict[str, Any]:
    """One of each."""
    members = {
        str(index): {"type": "OS::Heat::ResourceGroup", "properties": {"count": 2, "resource_def": member}}
        for index, member in enumerate(MEMBERS)
    }
    found = {"word": {"type": "OS::Heat::RandomString"}, "c": _server([{"network": "net"}]), **members}
    return {"heat_template_version": "2018-08-31", "resources": found}


def test_what_a_stack_gets_does_not_hang_on_chance(furnished: Place, tmp_path: Path) -> None:
    """A preview in one process and the run in another one choose the same: sets have another order in each."""
    names = ["delta", "alpha", "omega", "beta", "sigma", "tau"]
    ports = {name: {"type": "OS::Neutron::Port", "properties": {"network": {"get_resource": "lan"}}} for name in names}
    subnet = {"network": {"get_resource": "lan"}, "cidr": "10.5.0.0/24"}
    found = {
        "lan": {"type": "OS::Neutron::Net"},
        "sub": {"type": "OS::Neutron::Subnet", "properties": subnet},
        "more": {"type": "OS::Neutron::Subnet", "properties": {**subnet, "cidr": "10.6.0.0/24"}},
        "last": {"type": "OS::Heat::None", "depends_on": names},
        **ports,
    }
    gets = {"all": {"value": [{"get_attr": [name, "fixed_ips", 0, "ip_address"]} for name in names]}}
    text = json.dumps({"heat_template_version": "2018-08-31", "resources": found, "outputs": gets})
    assert list(read_template(text, "main.yaml").resources) == list(found)
    told = {_preview(copy(furnished, tmp_path / seed), text, seed) for seed in ("1", "2", "3", "4")}
    assert len(told) == 1


PREVIEW = """
import sys
from pathlib import Path
from sandbox import Place, Sandbox, request
from stackwright.engine.resource import Wish
url, world, text = sys.argv[1:]
with Sandbox(Place(url, Path(world))) as cloud:
    wish = Wish("stack", "s", spec={"template": "main.yaml", "files": {"main.yaml": text}})
    result = cloud.ensure(request(wish), check=True)
    print(result.outcomes[result.roots[0]].resource.attributes["outputs"])
"""


def _preview(place: Place, text: str, seed: str) -> str:
    line = [sys.executable, "-c", PREVIEW, place.url, str(place.world), text]
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
    return subprocess.run(line, check=True, capture_output=True, text=True, env=environment).stdout


def _portrait(cloud: Sandbox) -> dict[str, list[str]]:
    """With the same word for all secrets that were generated."""
    seen = portrait(cloud)
    for row in cloud.picture().resources.values():
        secret = row.attributes["value"] if row.kind == "random_string" else f"-{row.id[:8]}"
        seen = {name: [item.replace(secret, "<random>") for item in seen[name]] for name in seen}
    return {name: sorted(items) for name, items in seen.items()}


def _as_described(cloud: Sandbox, template: dict[str, Any] | None) -> None:
    """Every resource of the template is there, and nothing else of the stack."""
    stacks = cloud.find("stack")
    assert len(stacks) == (1 if template else 0)
    rows = [row for row in cloud.picture().resources.values() if stacks and row.owner == stacks[0].id]
    assert all(row.wanted and row.status == "active" for row in rows)
    found = (template or {"resources": {}})["resources"]
    singles = {name for name, item in found.items() if item["type"] != "OS::Heat::ResourceGroup"}
    assert {row.key for row in rows if "/" not in row.key} == singles
    for name in found.keys() - singles:
        members = {row.key.split("/")[1] for row in rows if row.key.startswith(f"{name}/")}
        assert len(members) == found[name]["properties"]["count"]
