# SPDX-License-Identifier: Apache-2.0
"""The versions of HOT: which functions, sections and keys each of them has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stackwright.orchestration.functions import collections, expression, logic, references, text
from stackwright.orchestration.functions.base import Plain
from stackwright.orchestration.problem import TemplateError, nearest, shown


@dataclass(frozen=True)
class Version:
    """What templates of one version may use. Dates compare as text."""

    date: str
    functions: Mapping[str, Plain]
    condition_functions: Mapping[str, Plain]

    @property
    def conditions(self) -> bool:
        """Conditions, external_id, and deletion policies in small letters."""
        return self.date >= "2016-10-14"

    @property
    def modulo(self) -> bool:
        return self.date >= "2017-02-24"

    @property
    def tags(self) -> bool:
        return self.date >= "2018-03-02"


FIRST = {
    "get_attr": references.get_attr,
    "get_file": references.get_file,
    "get_param": references.get_param,
    "get_resource": references.get_resource,
    "list_join": text.list_join_one,
    "resource_facade": references.resource_facade,
    "str_replace": text.str_replace_plain,
    "Fn::Base64": collections.cfn_base64,
    "Fn::GetAZs": references.get_azs,
    "Fn::Join": text.list_join_one,
    "Fn::MemberListToMap": collections.cfn_member_list_to_map,
    "Fn::Replace": text.cfn_replace,
    "Fn::ResourceFacade": references.cfn_resource_facade,
    "Fn::Select": collections.cfn_select,
    "Fn::Split": text.cfn_split,
    "Ref": references.ref,
}
ADDED: Mapping[str, Mapping[str, Plain]] = {
    "2015-04-30": {"digest": text.digest, "repeat": collections.repeat_lists},
    "2015-10-15": {
        "get_attr": references.get_attr_or_all,
        "list_join": text.list_join,
        "str_replace": text.str_replace,
        "str_split": text.str_split,
    },
    "2016-04-08": {"map_merge": collections.map_merge},
    "2016-10-14": {
        "if": logic.if_,
        "map_replace": collections.map_replace,
        "repeat": collections.repeat_maps,
        "yaql": expression.yaql,
    },
    "2017-02-24": {"filter": collections.filter_, "str_replace_strict": text.str_replace_strict},
    "2017-09-01": {
        "contains": logic.contains,
        "list_concat": collections.list_concat,
        "list_concat_unique": collections.list_concat_unique,
        "make_url": text.make_url,
        "repeat": collections.repeat,
        "str_replace_vstrict": text.str_replace_vstrict,
    },
    "2021-04-16": {"if": logic.if_or_nothing},
}
INSTEAD = {
    "Fn::Base64": "give the text itself",
    "Fn::GetAZs": "name the availability zone",
    "Fn::Join": "use list_join",
    "Fn::MemberListToMap": "write the map itself",
    "Fn::Replace": "use str_replace",
    "Fn::ResourceFacade": "use resource_facade",
    "Fn::Select": "use get_param or get_attr with a path",
    "Fn::Split": "use str_split",
    "Ref": "use get_resource or get_param",
}
"""What the first versions took from CloudFormation, and what stands for it since."""
REMOVED = {name: "2015-10-15" if name == "Fn::Select" else "2014-10-16" for name in INSTEAD}
CONDITIONS: Mapping[str, Mapping[str, Plain]] = {
    "2016-10-14": {
        "and": logic.and_,
        "equals": logic.equals,
        "get_param": references.get_param,
        "not": logic.not_,
        "or": logic.or_,
    },
    "2017-09-01": {"contains": logic.contains, "yaql": expression.yaql},
}
DATES = (
    "2013-05-23",
    "2014-10-16",
    "2015-04-30",
    "2015-10-15",
    "2016-04-08",
    "2016-10-14",
    "2017-02-24",
    "2017-09-01",
    "2018-03-02",
    "2018-08-31",
    "2021-04-16",
)
RELEASES = {
    "newton": "2016-10-14",
    "ocata": "2017-02-24",
    "pike": "2017-09-01",
    "queens": "2018-03-02",
    "rocky": "2018-08-31",
    "wallaby": "2021-04-16",
}


def _removed(name: str) -> Plain:
    def refuse(*_: object) -> None:
        raise TemplateError(f"{name} is no function since the version {REMOVED[name]}: {INSTEAD[name]}")

    return Plain(refuse, lazy=True)


def _later(name: str, since: str, date: str) -> Plain:
    def refuse(*_: object) -> None:
        raise TemplateError(f"{name} is a function since the version {since}, and this template has {date}")

    return Plain(refuse, lazy=True)


def _not_in_conditions(name: str, known: Mapping[str, Plain]) -> Plain:
    def refuse(*_: object) -> None:
        raise TemplateError(f"{name} cannot be used in a condition; what can is {', '.join(sorted(known))}")

    return Plain(refuse, lazy=True)


def _version(date: str) -> Version:
    functions = dict(FIRST)
    for added, more in ADDED.items():
        if added <= date:
            functions |= more
        else:  # words like `repeat` may be data; names like `str_split` hardly are
            functions |= {name: _later(name, added, date) for name in more if "_" in name and name not in functions}
    functions |= {name: _removed(name) for name, until in REMOVED.items() if date >= until}
    known: dict[str, Plain] = {}
    for added, more in CONDITIONS.items():
        known |= more if added <= date else {}
    others = {name: _not_in_conditions(name, known) for name in functions if name not in known}
    return Version(date, functions, {**others, **known})


VERSIONS = {date: _version(date) for date in DATES}

FUNCTION_NAMES = frozenset(name for version in VERSIONS.values() for name in version.functions)


def find_version(name: object) -> Version:
    """The version of a date or of a release's name. Raises TemplateError."""
    date = RELEASES.get(str(name), str(name))
    if date not in VERSIONS:
        known = (*DATES, *RELEASES)
        raise TemplateError(
            f"no version is called {shown(name)}{nearest(name, known)}; known are {', '.join(known)}",
            ("heat_template_version",),
        )
    return VERSIONS[date]
