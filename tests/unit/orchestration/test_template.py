# SPDX-License-Identifier: Apache-2.0
"""Templates: versions and sections, what is kept, and where a mistake is said to be."""

from __future__ import annotations

from typing import Any

import pytest

from stackwright.orchestration.context import StackContext
from stackwright.orchestration.problem import TemplateError
from stackwright.orchestration.template import ResourceDefinition, read_template
from stackwright.orchestration.versions import DATES, RELEASES, VERSIONS

WHOLE = """\
heat_template_version: 2021-04-16
description: A shop
parameter_groups:
  - label: Sizes
    dscription: Heat looks at no other keys
    parameters: [count]
parameters:
  count: {type: number, default: 2}
conditions:
  big: {equals: [{get_param: count}, 2]}
resources:
  db:
    type: OS::Nova::Server
    description: The database
    condition: big
    deletion_policy: retain
    update_policy: {rolling: {size: 1}}
    metadata: {role: db}
    external_id: 42
    properties: {name: db}
  web:
    type: web.yaml
    depends_on: db
outputs:
  size:
    description: How many
    value: {get_param: count}
    condition: big
"""


def test_everything_is_kept() -> None:
    found = read_template(WHOLE, "shop.yaml")
    database, web = found.resources.values()
    assert (found.file, found.version.date, found.description) == ("shop.yaml", "2021-04-16", "A shop")
    assert found.parameters["count"].default == 2
    assert found.groups[0].parameters == ("count",)
    assert (database.type, database.description, database.line) == ("OS::Nova::Server", "The database", 12)
    assert (database.condition, database.external_id, database.metadata) == ("big", 42, {"role": "db"})
    assert (database.properties, database.update_policy) == ({"name": "db"}, {"rolling": {"size": 1}})
    assert (web.depends_on, web.properties, web.condition) == (("db",), {}, None)
    assert (found.outputs["size"].description, found.outputs["size"].condition) == ("How many", "big")


def test_policies_conditions_and_outputs_are_evaluated(make_context: Any) -> None:
    context = make_context(WHOLE)
    assert context.deletion_policy(context.template.resources["db"]) == "Retain"
    assert context.deletion_policy(context.template.resources["web"]) == "Delete"
    assert list(context.resources()) == ["db", "web"]
    assert context.output(context.template.outputs["size"]) == 2
    small = make_context(WHOLE, {"count": 1})
    assert list(small.resources()) == ["web"]
    assert small.output(small.template.outputs["size"]) is None


def test_what_is_left_out_cannot_be_named(make_context: Any) -> None:
    context = make_context(WHOLE, {"count": 1})
    with pytest.raises(TemplateError, match="the condition of the resource db does not hold"):
        context.get_resource("db")


@pytest.mark.parametrize("name", [*DATES, *RELEASES])
def test_every_version_is_known(name: str) -> None:
    found = read_template(f"heat_template_version: {name}\nresources: {{}}")
    assert found.version is VERSIONS[RELEASES.get(name, name)]
    assert found.version.conditions == (name >= "2016-10-14")


FUNCTIONS = {
    "2013-05-23": 16,
    "2014-10-16": 8,
    "2015-04-30": 10,
    "2015-10-15": 10,
    "2016-04-08": 11,
    "2016-10-14": 14,
    "2017-02-24": 16,
    "2017-09-01": 21,
    "2018-03-02": 21,
    "2018-08-31": 21,
    "2021-04-16": 21,
}


@pytest.mark.parametrize("date", DATES)
def test_every_version_has_its_functions(date: str) -> None:
    version = VERSIONS[date]
    refused = ("_removed", "_later")
    usable = [name for name, item in version.functions.items() if not item.call.__qualname__.startswith(refused)]
    assert len(usable) == FUNCTIONS[date]


HEAD = "heat_template_version: 2021-04-16\n"
REFUSED: list[tuple[str, str]] = [
    (
        "",
        "t.yaml: the key heat_template_version is missing: a template begins with one, like heat",
    ),
    ("- a", "t.yaml: a template must be a map, and this is a list"),
    (
        "heat_template_version: 2021-4-16",
        "t.yaml, line 1, heat_template_version: no version is called 2021-4-16; did you mean",
    ),
    ("heat_template_version: rokcy", "did you mean rocky?"),
    (
        "AWSTemplateFormatVersion: 2010-09-09",
        "t.yaml: this is a CloudFormation template, and there is no",
    ),
    (HEAD + "resorces: {}", "t.yaml, line 2: a template of this version has no resorces; did you mean resources?"),
    (
        "heat_template_version: 2016-04-08\nconditions: {}",
        "t.yaml, line 2: a template of this version has no conditions",
    ),
    (HEAD + "resources: [a]", "t.yaml, line 2, resources: must be a map, and is a list"),
    (
        HEAD + "resources: {1: {type: a}}",
        "t.yaml, line 2, resources.1: a name must be text, and is a number: write it in",
    ),
    (
        HEAD + "resources:\n  a/b: {type: x}",
        "t.yaml, line 3, resources.a/b: the name of a resource may not have a slash",
    ),
    (HEAD + "resources:\n  web:", "t.yaml, line 3, resources.web: a resource must be a map with type, properties"),
    (
        HEAD + "resources:\n  web: {}",
        "t.yaml, line 3, resources.web: the key type must name the type of the resource, and is",
    ),
    (HEAD + "resources:\n  web: {type: [a]}", "the key type must name the type of the resource, and is a list"),
    (
        HEAD + "resources:\n  web:\n    type: x\n    propreties: {}",
        "t.yaml, line 5, resources.web: a resource of this version has no propreties; did you mean properties?",
    ),
    ("heat_template_version: 2016-04-08\nresources:\n  a: {type: x, condition: y}", "has no condition"),
    (
        HEAD + "resources:\n  a:\n    type: x\n    properties: 5",
        "t.yaml, line 5, resources.a.properties: must be a map, and is a",
    ),
    (HEAD + "resources:\n  a: {type: x, depends_on: 5}", "resources.a.depends_on: must be a name or a list of names"),
    (HEAD + "outputs:\n  a: {desc: x}", "t.yaml, line 3, outputs.a: an output of this version has no desc"),
    (HEAD + "outputs:\n  a: {description: x}", "t.yaml, line 3, outputs.a: the key value is missing"),
    (HEAD + "parameters:\n  a:\n    type: strin", "t.yaml, line 4, parameters.a.type: the type must be one of"),
    (
        HEAD + "parameters:\n  a: {type: number}\n  b:\n    type: number\n    constraints:\n      - range: {mn: 1}",
        "t.yaml, line 7",
    ),
    (HEAD + "parameter_groups: 5", "t.yaml, line 2, parameter_groups: must be a list, and is a number"),
    (HEAD + "parameter_groups: [{label: x}]", "parameter_groups[0]: the key parameters must be a list of names"),
    (
        HEAD + "parameters: {one: {type: string}}\nparameter_groups: [{parameters: [oen]}]",
        "t.yaml, line 3, parameter_groups[0]: no parameter is called oen; did you mean one?",
    ),
    (
        HEAD + "parameters: {one: {type: string}}\nparameter_groups:\n- {parameters: [one]}\n- {parameters: [one]}",
        "t.yaml, line 5, parameter_groups[1]: the parameter one is in another group already",
    ),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_mistake_is_told_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(TemplateError) as caught:
        read_template(text, "t.yaml")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


EVALUATED: list[tuple[str, str]] = [
    (
        "  web:\n    type: x\n    properties:\n      name:\n        list_join: ['-', [{get_param: nmae}]]",
        "test.yaml, line 9, resources.web.properties.name.list_join[1][0].get_param: no parameter is called nmae; "
        "did you mean name?",
    ),
    (
        "  web: {type: x, deletion_policy: Retian}",
        "resources.web.deletion_policy: must be one of Delete, Retain, Snapshot; did",
    ),
    ("  web: {type: x, condition: cond}", "test.yaml, line 5, resources.web.condition: no condition is called cond"),
]


def look_at(context: StackContext, definition: ResourceDefinition) -> None:
    if context.enabled(definition):
        context.properties(definition)
        context.deletion_policy(definition)


@pytest.mark.parametrize(("text", "expected"), EVALUATED)
def test_mistake_in_a_value_is_told_with_its_place(make_context: Any, text: str, expected: str) -> None:
    context = make_context(f"{HEAD}parameters:\n  name: {{type: string, default: x}}\nresources:\n{text}")
    with pytest.raises(TemplateError) as caught:
        look_at(context, context.template.resources["web"])
    assert expected in str(caught.value)


def test_conditions_in_a_circle_are_named(make_context: Any) -> None:
    context = make_context(HEAD + "conditions:\n  a: {not: b}\n  b: {and: [c, true]}\n  c: {not: a}")
    with pytest.raises(TemplateError) as caught:
        context.condition("a")
    assert str(caught.value) == (
        "test.yaml, line 5, conditions.c.not: the condition a depends on itself: a -> b -> c -> a"
    )


def test_condition_that_is_no_condition(make_context: Any) -> None:
    context = make_context(HEAD + "conditions:\n  a: maybe")
    with pytest.raises(TemplateError, match=r"line 3, conditions\.a: must be a function, true or false, and is text"):
        context.condition("a")
