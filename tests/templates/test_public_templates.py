# SPDX-License-Identifier: Apache-2.0
"""Public HOT templates, in the folder that STACKWRIGHT_TEMPLATES names: all of them are read and evaluated."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from stackwright.orchestration import parameters, types
from stackwright.orchestration.context import StackContext
from stackwright.orchestration.environment import Environment
from stackwright.orchestration.files import LocalFiles
from stackwright.orchestration.graph import dependencies, ordered
from stackwright.orchestration.template import Template, read_template
from stackwright.orchestration.validate import PSEUDO, Report, Validation
from stackwright.orchestration.values import Unknown

FOLDER = Path(os.environ.get("STACKWRIGHT_TEMPLATES", "templates"))
INDEX = FOLDER / "index.yaml"
CASES = (
    [item for item in yaml.safe_load(INDEX.read_text()) if item["file"].startswith("hot/")] if INDEX.exists() else []
)


def test_templates_are_there() -> None:
    assert CASES, f"{INDEX} is missing: set STACKWRIGHT_TEMPLATES to a folder of templates with an index"
    listed = {item["file"] for item in CASES}
    assert {str(path.relative_to(FOLDER)) for path in (FOLDER / "hot").rglob("*.yaml")} == listed


def read(case: dict[str, Any]) -> Template:
    path = FOLDER / case["file"]
    return read_template(path.read_bytes(), str(path))


@pytest.mark.parametrize("case", CASES, ids=[item["file"] for item in CASES])
def test_template_is_evaluated(case: dict[str, Any]) -> None:
    template = read(case)
    values, errors = parameters.values(template.parameters, case.get("parameters", {}), {})
    assert [str(error) for error in errors if "has no default" not in str(error)] == []
    assert bool(errors) == (case.get("then") == "nested")  # what another template uses gets its values from there
    missing = {name: Unknown("the parameter", name) for name in template.parameters if name not in values}
    context = StackContext(
        template, {**PSEUDO, **values, **missing}, lambda name: f"id-of-{name}", attribute, LocalFiles()
    )
    for definition in context.resources().values():
        assert isinstance(context.properties(definition), dict)
        assert context.deletion_policy(definition) in ("Delete", "Retain", "Snapshot")
    for output in template.outputs.values():
        context.output(output)
    assert set(ordered(dependencies(context))) == set(context.resources())


def attribute(name: str, path: Sequence[Any]) -> Any:
    return Unknown(name, ".".join(map(str, path)))


SERVICES = {
    "alarms and load balancers": {"alarms", "groups", "load balancers"},
}
"""What a template needs by the words of the index, where that is more than one service."""
UNSUPPORTED = {
    "hot/mistral_external.yaml": {"OS::Mistral::ExternalResource", "OS::Mistral::Workflow"},
    "hot/magnum/create_coe_cluster.yaml": {"OS::Magnum::Cluster", "OS::Magnum::ClusterTemplate"},
}
"""The types of a template that no service here will ever have."""


def report(case: dict[str, Any]) -> Report:
    environment = Environment(parameters=case.get("parameters", {}))
    return Validation(types, LocalFiles()).stack(read(case), environment)


@pytest.mark.parametrize("case", CASES, ids=[item["file"] for item in CASES])
def test_template_is_valid_with_those_inside_it(case: dict[str, Any]) -> None:
    found = report(case)
    assert [str(error) for error in found.errors] == []
    assert bool(found.needed) == (case.get("then", case["expect"]) == "nested")


@pytest.mark.parametrize("case", CASES, ids=[item["file"] for item in CASES])
def test_types_without_a_service_are_named_with_it(case: dict[str, Any]) -> None:
    missing = report(case).missing
    if case["expect"] == "unsupported":
        assert missing.keys() == UNSUPPORTED[case["file"]]
    elif case["expect"] == "later":
        service = case["service"]
        assert set(missing.values()) == SERVICES.get(service, {service})
    else:
        assert missing == {}


@pytest.mark.parametrize("case", CASES, ids=[item["file"] for item in CASES])
def test_exactly_the_types_of_others_are_missing(case: dict[str, Any]) -> None:
    """Every type that the texts name, of the template and those inside it, is there or missing, and known."""
    template = read(case)
    mentioned = {definition.type for definition in template.resources.values()}
    known = {name: found for name in mentioned if (found := types.find(name))}
    assert all(name.endswith((".yaml", ".template")) for name in mentioned - known.keys())
    missing = report(case).missing
    assert {name for name, found in known.items() if found.service} <= missing.keys()
    assert not {name for name, found in known.items() if not found.service} & missing.keys()
