# SPDX-License-Identifier: Apache-2.0
"""Comparing: each rule of a field, what is deleted, what is left alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from stackwright.engine.compare import compare
from stackwright.engine.objects import Action, Object, rule


def _loss(observed: int, desired: int) -> str:
    return f"{observed - desired} GiB" if desired < observed else ""


@dataclass(frozen=True, kw_only=True)
class Thing(Object):
    """One field per rule."""

    driver = "memory"

    plain: int = 1
    ignored: int = rule(default=1, ignore=True)
    fixed: int = rule(default=1, replace=True)
    size: int = rule(default=10, loses=_loss)
    words: tuple[str, ...] = rule(default=(), same=lambda desired, observed: sorted(desired) == sorted(observed))
    password: str = rule(default="a", secret=True)


@dataclass(frozen=True, kw_only=True)
class Cached(Thing):
    """Others than its own resource may need it."""

    shared = True


HERE = Thing(name="here", resource="r1")


@pytest.mark.parametrize(
    ("found", "action", "fields", "loses"),
    [
        ({}, None, set(), ""),
        ({"plain": 2}, Action.UPDATE, {"plain"}, ""),
        ({"ignored": 2}, None, set(), ""),
        ({"resource": "another"}, None, set(), ""),
        ({"fixed": 2}, Action.REPLACE, {"fixed"}, ""),
        ({"fixed": 2, "plain": 2}, Action.REPLACE, {"fixed", "plain"}, ""),
        ({"size": 5}, Action.UPDATE, {"size"}, ""),
        ({"size": 15}, Action.UPDATE, {"size"}, "5 GiB"),
        ({"words": ("b", "a")}, None, set(), ""),
        ({"words": ("c",)}, Action.UPDATE, {"words"}, ""),
        ({"password": "b"}, Action.UPDATE, {"password"}, ""),
    ],
)
def test_a_field_compares_by_its_rule(
    found: dict[str, Any], action: Action | None, fields: set[str], loses: str
) -> None:
    desired = replace(HERE, words=("a", "b"))
    observed = replace(HERE, **{"words": ("a", "b"), **found})
    changes = compare([desired], [observed], {"r1"})
    if action is None:
        assert changes == []
    else:
        (change,) = changes
        assert (change.action, change.fields, change.loses) == (action, fields, loses)
        assert (change.object, change.before) == (desired, observed)


def test_a_secret_is_told_to_differ_and_not_told() -> None:
    (change,) = compare([HERE], [replace(HERE, password="hunter2")], {"r1"})  # noqa: S106 - not a password of anything
    assert "hunter2" not in f"{change.differences}{change.reason}"
    assert HERE.describe()["password"] == "(secret)"  # noqa: S105


def test_what_is_missing_is_created() -> None:
    (change,) = compare([HERE], [], {"r1"})
    assert (change.action, change.object, change.before) == (Action.CREATE, HERE, None)


def test_the_same_name_elsewhere_is_another_thing() -> None:
    changes = compare([HERE], [replace(HERE, place="host2")], {"r1"})
    assert sorted(change.action for change in changes) == [Action.CREATE, Action.DELETE]


@pytest.mark.parametrize(("scope", "deleted"), [(set(), False), ({"r1"}, True), ({"r2"}, False)])
def test_only_what_belongs_to_the_scope_is_deleted(scope: set[str], deleted: bool) -> None:
    changes = compare([], [HERE], scope)
    assert [change.action for change in changes] == ([Action.DELETE] if deleted else [])


@pytest.mark.parametrize(("unwanted", "deleted"), [(set(), False), ({"r1"}, True)])
def test_what_is_shared_is_deleted_only_with_its_resource(unwanted: set[str], deleted: bool) -> None:
    changes = compare([], [Cached(name="image", resource="r1")], {"r1"}, unwanted)
    assert [change.action for change in changes] == ([Action.DELETE] if deleted else [])
