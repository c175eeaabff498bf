# SPDX-License-Identifier: Apache-2.0
"""What an environment forbids, and what it asks for that cannot be had."""

import pytest
from stacks import resources, template, wanted

from sandbox import Sandbox
from stackwright.engine.errors import InvalidInput

FILES = {"e.yaml": "resource_registry: {resources: {net: {restricted_actions: update}}}"}


def test_what_is_restricted_is_not_updated(cloud: Sandbox) -> None:
    environment = {"files": FILES, "environments": ["e.yaml"]}
    assert not cloud.ensure(wanted(resources(lan("one")), **environment)).errors
    assert not cloud.ensure(wanted(resources(lan("one")), **environment)).changed
    with pytest.raises(InvalidInput, match="the environment restricts net: it must not be updated"):
        cloud.ensure(wanted(resources(lan("two")), **environment))
    assert [row.spec["description"] for row in cloud.find("security_group", "lan")] == ["one"]
    assert cloud.ensure(wanted(resources(lan("two")), environments=[])).changed


def lan(description: str) -> str:
    return f"  net: {{type: OS::Neutron::SecurityGroup, properties: {{name: lan, description: {description}}}}}\n"


def test_immutable_parameters_keep_their_value(cloud: Sandbox) -> None:
    text = template(
        """
        parameters:
          zone: {type: string, immutable: true, default: a}
          size: {type: number, default: 1}
        resources:
          value: {type: OS::Heat::Value, properties: {value: {get_param: zone}}}
        """
    )
    assert not cloud.ensure(wanted(text, parameters={"zone": "b"})).errors
    assert cloud.ensure(wanted(text, parameters={"zone": "b", "size": 2})).changed
    with pytest.raises(InvalidInput, match=r"immutable parameters keep the value .*: zone; give that again"):
        cloud.ensure(wanted(text, parameters={"size": 2}))
    assert cloud.one("stack", "s").spec["parameters"] == {"zone": "b", "size": 2}
