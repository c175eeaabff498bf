# SPDX-License-Identifier: Apache-2.0
"""The operators of extra specs, as Nova has them."""

from __future__ import annotations

import pytest

from stackwright.scheduler.extra_specs import aggregate_key, matches, without_effect


@pytest.mark.parametrize(
    ("value", "asked", "expected"),
    [
        ("true", "true", True),
        ("true", "True", False),
        ("", "", True),
        ("a b", "a b", True),
        ("4", "= 4", True),
        ("5", "= 4", True),
        ("3", "= 4", False),
        ("4.0", "== 4", True),
        ("4", "!= 4", False),
        ("5", "!= 4", True),
        ("4", ">= 4", True),
        ("5", "<= 4", False),
        ("many", ">= 4", False),
        ("4", ">=", False),
        ("abc", "s== abc", True),
        ("abc", "s!= abc", False),
        ("abc", "s< abd", True),
        ("abd", "s<= abd", True),
        ("abd", "s> abc", True),
        ("abc", "s>= abd", False),
        ("12311321", "<in> 11", True),
        ("12310321", "<in> 11", False),
        ("aes mmx sse", "<all-in> aes mmx", True),
        ("mmx sse", "<all-in> aes mmx", False),
        ("b", "<or> a <or> b", True),
        ("c", "<or> a <or> b", False),
        ("a", "<or>", False),
        ("<", "< 4", False),
    ],
)
def test_a_value_matches_what_is_asked(value: str, asked: str, expected: bool) -> None:
    assert matches(value, asked) is expected


@pytest.mark.parametrize(
    ("spec", "key"),
    [("ssd", "ssd"), ("aggregate_instance_extra_specs:ssd", "ssd"), ("mine:ssd", ""), ("hw:cpu_policy", "")],
)
def test_what_an_extra_spec_is_about(spec: str, key: str) -> None:
    assert aggregate_key(spec) == key


def test_what_nova_would_act_by_is_known() -> None:
    for spec in ("hw:cpu_policy", "quota:vif_outbound_average", "resources1:VGPU", "trait_GROUP:CUSTOM_A", "trait:X"):
        assert without_effect(spec), spec
    for spec in ("ssd", "aggregate_instance_extra_specs:ssd", "mine:ssd", "hwx:ssd"):
        assert not without_effect(spec), spec
