# SPDX-License-Identifier: Apache-2.0
"""Security group rules: a rule that is declared apart from its group."""

from typing import Annotated

from stackwright.kinds.base import Kind, Ref
from stackwright.kinds.network.security_group import Rule


class SecurityGroupRuleSpec(Rule):
    """A rule that the group has besides those that it lists itself."""

    security_group: Annotated[str, Ref("security_group")]
    description: str = ""


class SecurityGroupRule(Kind):
    """The group holds the rule in the backends."""

    name = "security_group_rule"
    spec = SecurityGroupRuleSpec
    touches = ("security_group",)
    columns = ("security_group", "direction", "protocol", "port_range_min", "port_range_max")
