# SPDX-License-Identifier: Apache-2.0
"""What every function gives, by version: a case is (version, what the template says, what comes out)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stackwright.orchestration.evaluate import evaluate
from stackwright.orchestration.parse import parse
from stackwright.orchestration.problem import TemplateError
from stackwright.orchestration.values import Unknown

PARAMETERS = """
parameters:
  text: {type: string, default: hello}
  count: {type: number, default: 3}
  names: {type: comma_delimited_list, default: "a,b,c"}
  data: {type: json, default: {net: {cidr: 10.0.0.0/24, dns: [8.8.8.8, 1.1.1.1], none: null}, empty: {}}}
  enabled: {type: boolean, default: true}
  env: {type: string, default: prod}
"""
RESOURCES = """
resources:
  web: {type: OS::Nova::Server}
  later: {type: OS::Nova::Server}
"""
CONDITIONS = """
conditions:
  prod: {equals: [{get_param: env}, prod]}
  test: {not: prod}
  both: {and: [prod, {equals: [1, 1]}]}
  either: {or: [test, {not: {equals: [{get_param: enabled}, false]}}]}
  plain: true
"""
ATTRIBUTES = {"web": {"first_address": "10.0.0.5", "networks": {"private": ["10.0.0.5", "172.24.4.2"]}, "none": None}}
FILES = {"script.sh": b"#!/bin/sh\n", "binary": b"\xff\x00"}
OLD, NEW = "2013-05-23", "2021-04-16"


@pytest.fixture(scope="module")
def run(make_context: Any) -> Any:
    def run(version: str, text: str) -> Any:
        conditions = CONDITIONS if version >= "2016-10-14" else ""
        template = f"heat_template_version: {version}\n{PARAMETERS}{RESOURCES}{conditions}"
        parent = {"metadata": {"role": "db"}, "deletion_policy": "Retain", "update_policy": {"batch": 2}}
        context = make_context(template, attributes=ATTRIBUTES, files=FILES, parent=parent)
        return evaluate(parse(text), context)

    return run


LATER = Unknown("later", "first_address")
CASES: list[tuple[str, str, Any]] = [
    # get_param
    (OLD, "{get_param: text}", "hello"),
    (OLD, "{get_param: [data, net, cidr]}", "10.0.0.0/24"),
    (OLD, "{get_param: [data, net, dns, 1]}", "1.1.1.1"),
    (OLD, "{get_param: [data, net, dns, '1']}", "1.1.1.1"),
    (OLD, "{get_param: [data, net, dns, 7]}", ""),
    (OLD, "{get_param: [data, net, nothing]}", ""),
    (OLD, "{get_param: [data, net, none]}", None),
    (OLD, "{get_param: [names, {get_param: count}]}", ""),
    (OLD, "{get_param: [names, 2]}", "c"),
    (OLD, "{get_param: [count, 2]}", ""),
    (OLD, "{get_param: OS::stack_name}", "stack"),
    (OLD, "{get_param: text, more: 1}", {"get_param": "text", "more": 1}),
    # get_resource, get_attr, get_file
    (OLD, "{get_resource: web}", "id-of-web"),
    (OLD, "{get_attr: [web, first_address]}", "10.0.0.5"),
    (OLD, "{get_attr: [web, networks, private, 1]}", "172.24.4.2"),
    (OLD, "{get_attr: [web, networks, public]}", None),
    (OLD, "{get_attr: [web, none]}", None),
    (OLD, "{get_attr: [later, first_address]}", LATER),
    (OLD, "{get_attr: [web, networks, {get_attr: [later, first_address]}, 0]}", LATER),
    (OLD, "{get_attr: [web, networks, {get_param: text}]}", None),
    (OLD, "{get_param: [data, {get_attr: [later, first_address]}]}", LATER),
    ("2015-10-15", "{get_attr: [web]}", ATTRIBUTES["web"]),
    (OLD, "{get_file: script.sh}", "#!/bin/sh\n"),
    (OLD, "{get_file: binary}", "/wA="),
    # str_replace
    (OLD, "{str_replace: {template: $a-$b, params: {$a: 1, $b: x}}}", "1-x"),
    (OLD, "{str_replace: {template: foobar foo, params: {foo: A, foobar: B}}}", "B A"),
    (OLD, "{str_replace: {template: abcd, params: {bcd: X, ab: Y}}}", "aX"),
    (OLD, "{str_replace: {template: a b, params: {a: b, b: c}}}", "b c"),
    (OLD, "{str_replace: {template: $a, params: {$a: null}}}", ""),
    (OLD, "{str_replace: {template: $a, params: {$a: true}}}", "True"),
    (OLD, "{str_replace: {template: $a, params: {}}}", "$a"),
    (OLD, "{str_replace: {template: $a, params: {$b: 1}}}", "$a"),
    (OLD, "{str_replace: {template: {get_file: script.sh}, params: {sh: {get_param: text}}}}", "#!/bin/hello\n"),
    (OLD, "{str_replace: {template: $a, params: {$a: {get_attr: [later, first_address]}}}}", LATER),
    ("2015-10-15", "{str_replace: {template: $a, params: {$a: {b: [1, x]}}}}", '{"b": [1, "x"]}'),
    ("2017-02-24", "{str_replace_strict: {template: $a-$b, params: {$a: 1, $b: ''}}}", "1-"),
    ("2017-09-01", "{str_replace_vstrict: {template: $a, params: {$a: 0}}}", "0"),
    # list_join, str_split
    (OLD, "{list_join: [', ', [a, b]]}", "a, b"),
    (OLD, "{list_join: ['', []]}", ""),
    (OLD, "{list_join: [':', [a, null, b]]}", "a::b"),
    (OLD, "{list_join: [':', null]}", ""),
    (OLD, "{list_join: ['-', {get_param: names}]}", "a-b-c"),
    ("2015-10-15", "{list_join: ['-', [a], null, [b, {c: 1}]]}", 'a-b-{"c": 1}'),
    (OLD, "{list_join: ['-', [a, {get_attr: [later, first_address]}]]}", LATER),
    ("2015-10-15", "{str_split: [',', 'a,b']}", ["a", "b"]),
    ("2015-10-15", "{str_split: [',', 'a,b', 1]}", "b"),
    ("2015-10-15", "{str_split: [',', 'a,b', '0']}", "a"),
    ("2015-10-15", "{str_split: [',', null]}", None),
    ("2015-10-15", "{str_split: [',', '']}", [""]),
    # lists and maps
    ("2017-09-01", "{list_concat: [[1], [2, 1], null]}", [1, 2, 1]),
    ("2017-09-01", "{list_concat_unique: [[1, 2], [2, 3, 1]]}", [1, 2, 3]),
    ("2017-09-01", "{list_concat: [[1], {get_attr: [later, first_address]}]}", LATER),
    ("2017-09-01", "{list_concat: [[{get_attr: [later, first_address]}], [1]]}", [LATER, 1]),
    ("2016-04-08", "{map_merge: [{a: 1, b: 2}, null, {b: 3}]}", {"a": 1, "b": 3}),
    ("2016-10-14", "{map_replace: [{k1: v1, k2: v2}, {keys: {k1: K1}, values: {v2: V2}}]}", {"K1": "v1", "k2": "V2"}),
    ("2016-10-14", "{map_replace: [{k: [1]}, {values: {v: w}}]}", {"k": [1]}),
    ("2016-10-14", "{map_replace: [{k: v}, {keys: {k: k}}]}", {"k": "v"}),
    ("2017-02-24", "{filter: [[null, a], [a, b, null, c]]}", ["b", "c"]),
    ("2017-02-24", "{filter: [null, [a]]}", ["a"]),
    ("2017-02-24", "{filter: [[a], []]}", []),
    # repeat
    ("2015-04-30", "{repeat: {template: 'p %n%', for_each: {'%n%': [a, b]}}}", ["p a", "p b"]),
    ("2015-04-30", "{repeat: {template: {'%n%': [x, '%n%']}, for_each: {'%n%': [a]}}}", [{"a": ["x", "a"]}]),
    (
        "2015-04-30",
        "{repeat: {template: '%a%%b%', for_each: {'%a%': [1, 2], '%b%': [x, y]}}}",
        ["1x", "1y", "2x", "2y"],
    ),
    ("2015-04-30", "{repeat: {template: x, for_each: {'%a%': null}}}", []),
    ("2015-04-30", "{repeat: {template: {port: '%p%'}, for_each: {'%p%': [80, 443]}}}", [{"port": 80}, {"port": 443}]),
    ("2016-10-14", "{repeat: {template: 'k %k%', for_each: {'%k%': {a: 1, b: 2}}}}", ["k a", "k b"]),
    (
        "2017-09-01",
        "{repeat: {template: '%a%%b%', for_each: {'%a%': [1, 2], '%b%': [x, y]}, permutations: false}}",
        ["1x", "2y"],
    ),
    ("2015-04-30", "{repeat: {template: '%n%', for_each: {'%n%': {get_attr: [later, first_address]}}}}", LATER),
    ("2015-04-30", "{repeat: {template: {a: {get_param: text}}, for_each: {'%n%': [1]}}}", [{"a": "hello"}]),
    # digest, make_url, yaql
    ("2015-04-30", "{digest: [md5, hello]}", "5d41402abc4b2a76b9719d911017c592"),
    ("2015-04-30", "{digest: [SHA256, '']}", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (
        "2017-09-01",
        "{make_url: {scheme: http, host: example.com, port: 80, path: /a b}}",
        "http://example.com:80/a%20b",
    ),
    ("2017-09-01", "{make_url: {scheme: https, host: '2001:db8::1', port: '443'}}", "https://[2001:db8::1]:443"),
    ("2017-09-01", "{make_url: {host: h, username: u@, password: 'p:', query: {a: b/c}}}", "//u%40:p%3A@h?a=b/c"),
    ("2017-09-01", "{make_url: {scheme: http, host: h, fragment: top}}", "http://h#top"),
    ("2016-10-14", "{yaql: {expression: $.data.a.sum(), data: {a: [1, 2, 3]}}}", 6),
    ("2016-10-14", "{yaql: {expression: '$.data.select($.n)', data: [{n: x}, {n: y}]}}", ["x", "y"]),
    ("2016-10-14", "{yaql: {expression: $.data.toSet(), data: [1, 1]}}", [1]),
    ("2016-10-14", "{yaql: {expression: $.data, data: {get_attr: [later, first_address]}}}", LATER),
    # if: the other branch is not looked at
    ("2016-10-14", "{if: [prod, yes-it-is, {get_param: nowhere}]}", "yes-it-is"),
    ("2016-10-14", "{if: [test, {get_attr: [nowhere, x]}, {get_param: text}]}", "hello"),
    ("2016-10-14", "{if: [both, 1, 2]}", 1),
    ("2016-10-14", "{if: [either, 1, 2]}", 1),
    ("2016-10-14", "{if: [false, 1, 2]}", 2),
    ("2016-10-14", "{if: [{not: plain}, 1, 2]}", 2),
    ("2017-09-01", "{if: [{contains: [b, {get_param: names}]}, 1, 2]}", 1),
    ("2017-09-01", "{if: [{yaql: {expression: '$.data > 1', data: 2}}, 1, 2]}", 1),
    (NEW, "{a: {if: [test, 1]}, b: {if: [prod, 2]}}", {"b": 2}),
    (NEW, "[1, {if: [test, 2]}, 3]", [1, 3]),
    (NEW, "{list_join: [',', [a, {if: [test, b]}]]}", "a"),
    (NEW, "{if: [test, 1]}", None),
    ("2017-09-01", "{contains: [a, [a, b]]}", True),
    ("2017-09-01", "{contains: [x, {get_param: names}]}", False),
    # resource_facade
    (OLD, "{resource_facade: metadata}", {"role": "db"}),
    (OLD, "{Fn::ResourceFacade: DeletionPolicy}", "Retain"),
    ("2014-10-16", "{resource_facade: update_policy}", {"batch": 2}),
    # what the first versions took from CloudFormation
    (OLD, "{Ref: web}", "id-of-web"),
    (OLD, "{Ref: text}", "hello"),
    (OLD, "{Fn::GetAZs: ''}", ["nova"]),
    (OLD, "{Fn::Join: [' ', [a, b]]}", "a b"),
    (OLD, "{Fn::Split: [',', 'a,b']}", ["a", "b"]),
    (OLD, "{Fn::Base64: text}", "text"),
    (OLD, "{Fn::Replace: [{$a: 1}, 'x $a']}", "x 1"),
    (OLD, "{Fn::Select: [1, [a, b]]}", "b"),
    (OLD, "{Fn::Select: ['7', [a, b]]}", ""),
    (OLD, "{Fn::Select: [k, {k: v}]}", "v"),
    (OLD, "{Fn::Select: [nothing, {k: v}]}", ""),
    (OLD, "{Fn::Select: ['0', '[1, 2]']}", 1),
    (OLD, "{Fn::Select: ['0', '']}", ""),
    ("2015-04-30", "{Fn::Select: [0, [a]]}", "a"),
    (OLD, "{Fn::MemberListToMap: [Name, Value, ['.member.0.Name=a', '.member.0.Value=b=c']]}", {"a": "b=c"}),
    # what a version does not know is data
    (OLD, "{repeat: 1}", {"repeat": 1}),
    ("2016-04-08", "{if: [a, b, c]}", {"if": ["a", "b", "c"]}),
    (NEW, "{equals: [1, 1]}", {"equals": [1, 1]}),
    (NEW, "{1: {get_param: text}}", {1: "hello"}),
]


@pytest.mark.parametrize(("version", "text", "expected"), CASES)
def test_function_gives(run: Any, version: str, text: str, expected: Any) -> None:
    found = run(version, text)
    assert found == expected
    assert type(found) is type(expected) or isinstance(found, type(expected))


WRONG: list[tuple[str, str, str]] = [
    (OLD, "{get_param: txt}", "get_param: no parameter is called txt; did you mean text?"),
    (OLD, "{get_param: {a: 1, b: 2}}", "get_param: the name of the parameter must be text, and is a map"),
    (OLD, "{get_resource: wep}", "get_resource: no resource is called wep; did you mean web?"),
    (OLD, "{a: [{get_attr: [wed, x]}]}", "a[0].get_attr: no resource is called wed; did you mean web?"),
    (OLD, "{get_attr: [web]}", "get_attr: must be a list (resource, attribute, [path ...]), and is a list"),
    (OLD, "{get_attr: web.x}", "get_attr: must be a list (resource, attribute, [path ...]), and is text"),
    (OLD, "{get_attr: [web, [x]]}", "get_attr: the name of the attribute must be text, and is a list"),
    (OLD, "{get_file: nowhere}", "get_file: the file nowhere cannot be read: No such file or directory"),
    (OLD, "{str_replace: {template: x}}", "str_replace: must have the key params"),
    (OLD, "{str_replace: {tempalte: x, params: {}}}", "must have the key template; did you mean tempalte?"),
    (OLD, "{str_replace: {template: [x], params: {}}}", "the template must be text, and is a list"),
    (
        OLD,
        "{str_replace: {template: $a, params: {$a: [1]}}}",
        "the value of $a must be text or a number, and is a list",
    ),
    (OLD, "{str_replace: {template: x, params: {'': 1}}}", "a name to replace may not be empty"),
    (OLD, "{str_replace: {template: x, params: {1: 1}}}", "a name to replace must be text, and is a number"),
    (
        "2017-02-24",
        "{str_replace_strict: {template: x, params: {a: 1, bb: 2}}}",
        "the template has no bb, a to replace",
    ),
    ("2017-09-01", "{str_replace_vstrict: {template: a, params: {a: ''}}}", "the value of a is empty, and may not be"),
    (OLD, "{list_join: [',', [1]]}", "an item to join must be text, and is a number"),
    ("2015-10-15", "{list_join: [',', [1]]}", "an item to join must be text, a map or a list, and is a number"),
    (OLD, "{list_join: [a, b, c]}", "must be a list (delimiter, list), and has 3 items"),
    (OLD, "{list_join: [[], [a]]}", "the delimiter must be text, and is a list"),
    ("2015-10-15", "{list_join: [',', a]}", "what is joined must be a list, and is text"),
    ("2015-10-15", "{str_split: [',', 'a,b', 2]}", "the index must be from 0 to 1, and is 2"),
    ("2015-10-15", "{str_split: ['', 'a,b']}", "the delimiter may not be empty"),
    ("2015-10-15", "{str_split: 'a,b'}", "must be a list (delimiter, text, [index]), and is text"),
    ("2017-09-01", "{list_concat: [[1], a]}", "what is joined to a list must be a list, and is text"),
    ("2016-04-08", "{map_merge: [{a: 1}, [b]]}", "what is merged into a map must be a map, and is a list"),
    (
        "2016-10-14",
        "{map_replace: [{a: 1, b: 2}, {keys: {a: b}}]}",
        "a cannot become b: the map has a key of that name",
    ),
    ("2016-10-14", "{map_replace: [{a: 1}, {key: {}}]}", "has no key key; did you mean keys?"),
    ("2015-04-30", "{repeat: {template: x, for_each: [a]}}", "for_each must be a map, and is a list"),
    ("2015-04-30", "{repeat: {template: x, for_each: {a: b}}}", "a in for_each must be a list, and is text"),
    ("2015-04-30", "{repeat: {template: x, for_each: {a: {b: 1}}}}", "a in for_each must be a list, and is a map"),
    ("2015-04-30", "{repeat: {template: x, foreach: {}}}", "must have the key for_each; did you mean foreach?"),
    (
        "2017-09-01",
        "{repeat: {template: x, for_each: {a: [1], b: [1, 2]}, permutations: false}}",
        "the lists of for_each must have the same length where permutations is false",
    ),
    ("2017-09-01", "{repeat: {template: x, for_each: {}, permutations: 1}}", "permutations must be true or false"),
    ("2015-04-30", "{digest: [md6, x]}", "no digest is called md6; did you mean md5?"),
    ("2015-04-30", "{digest: [md5, 1]}", "algorithm and value must be text, and is a number"),
    ("2017-09-01", "{make_url: {port: 70000}}", "the port must be a number from 1 to 65535"),
    ("2017-09-01", "{make_url: {scheme: 'http:'}}", "the scheme is written without a colon"),
    ("2017-09-01", "{make_url: {hots: x}}", "has no key hots; did you mean host?"),
    ("2016-10-14", "{yaql: {expression: '$.data.(', data: 1}}", "the expression $.data.( does not work: "),
    ("2016-10-14", "{yaql: {expression: '$.data.nope()', data: 1}}", "does not work: "),
    ("2016-10-14", "{yaql: {data: 1}}", "must have the key expression"),
    ("2016-10-14", "{if: [prod, 1]}", "must be a list (condition, value if true, value if false), and has 2 items"),
    ("2016-10-14", "{if: [pord, 1, 2]}", "if[0]: no condition is called pord; did you mean prod?"),
    ("2016-10-14", "{if: [prod, {get_param: x}, 2]}", "if[1].get_param: no parameter is called x"),
    ("2016-10-14", "{if: [7, 1, 2]}", "must be the name of a condition, a condition, true or false, and is a number"),
    ("2016-10-14", "{if: [{and: [prod]}, 1, 2]}", "must be a list of at least two conditions, and is a list"),
    ("2016-10-14", "{if: [{equals: [1]}, 1, 2]}", "must be a list (value, value), and has 1 items"),
    (
        "2016-10-14",
        "{if: [{equals: [{get_attr: [web, x]}, 1]}, 1, 2]}",
        "get_attr cannot be used in a condition; what can is and, equals, get_param, not, or",
    ),
    (
        OLD,
        "{resource_facade: metdata}",
        "must be one of metadata, deletion_policy, update_policy; did you mean metadata?",
    ),
    ("2014-10-16", "{Fn::Join: [',', []]}", "Fn::Join is no function since the version 2014-10-16: use list_join"),
    ("2015-10-15", "{Fn::Select: [0, []]}", "Fn::Select is no function since the version 2015-10-15: use get_param"),
    (
        OLD,
        "{str_split: [a, b]}",
        "str_split is a function since the version 2015-10-15, and this template has 2013-05-23",
    ),
    (OLD, "{Fn::Select: [x, [a]]}", "the index of a list must be a number, and is text"),
    (OLD, "{Fn::Select: [0, 'a']}", "the text to choose from must be JSON"),
    (OLD, "{Fn::MemberListToMap: [a, b, [c]]}", "a member looks like .member.0.a=VALUE, and this is c"),
]


@pytest.mark.parametrize(("version", "text", "expected"), WRONG)
def test_function_refuses_in_one_sentence(run: Any, version: str, text: str, expected: str) -> None:
    with pytest.raises(TemplateError) as caught:
        run(version, text)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


RUNAWAY = [
    "{repeat: {template: x, for_each: {a: LIST, b: LIST, c: LIST, d: LIST}}}".replace("LIST", json.dumps(["x"] * 200)),
    "{list_concat: LISTS}".replace("LISTS", "[&a [" + "x, " * 20000 + "]" + ", *a" * 5000 + "]"),
    "{str_replace: {template: &t '" + "a" * 30000 + "', params: {a: *t}}}",
    "{list_join: [&t '" + "a" * 30000 + "', [" + "x, " * 20000 + "]]}",
]


@pytest.mark.parametrize("text", RUNAWAY)
def test_function_does_not_grow_without_end(run: Any, text: str) -> None:
    with pytest.raises(TemplateError, match=r"make more than 50000000 values and characters|grows beyond"):
        run(NEW, text)


@pytest.mark.parametrize(
    "expression",
    [
        "range(9999).select(range(9999).select($ * $).sum()).sum()",
        "pow(9, 99999999999)",
        "'a' * 100000000000",
        "regex('(a+)+$').matches('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')",
    ],
)
def test_expression_is_ended(run: Any, monkeypatch: Any, expression: str) -> None:
    monkeypatch.setattr("stackwright.orchestration.functions.expression.EXPRESSION_S", 3.0)
    run(NEW, "{yaql: {expression: '1'}}")  # so that the process has started
    with pytest.raises(TemplateError, match=r"takes more than|does not work"):
        run(NEW, json.dumps({"yaql": {"expression": expression}}))
    assert run(NEW, "{yaql: {expression: '1'}}") == 1
