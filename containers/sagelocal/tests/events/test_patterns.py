"""Which events a pattern wants.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sagelocal.errors import AwsError
from sagelocal.events.patterns import matches, read_pattern

EVENT: dict[str, Any] = {
    "source": "aws.sagemaker",
    "resources": ["arn:a", "arn:b"],
    "detail": {
        "state": "Completed",
        "seconds": 300,
        "rate": 0.5,
        "nothing": None,
        "empty": "",
        "address": "10.0.0.7",
        "path": "models/boats/v1.tar.gz",
        "spot": True,
        "transitions": [{"Status": "Starting", "n": 1}, {"Status": "Training", "n": 2}],
    },
}


def wanted(pattern: dict[str, Any]) -> bool:
    return matches(read_pattern(json.dumps(pattern)), EVENT)


@pytest.mark.parametrize(
    ("field", "entries", "result"),
    [
        ("state", ["Completed"], True),
        ("state", ["Failed", "Completed"], True),
        ("state", ["completed"], False),
        ("state", [{"equals-ignore-case": "completed"}], True),
        ("state", [{"prefix": "Comp"}], True),
        ("state", [{"prefix": {"equals-ignore-case": "comp"}}], True),
        ("state", [{"prefix": "comp"}], False),
        ("path", [{"suffix": ".gz"}], True),
        ("path", [{"suffix": {"equals-ignore-case": ".GZ"}}], True),
        ("path", [{"wildcard": "models/*/v*.gz"}], True),
        ("path", [{"wildcard": "models/*.zip"}], False),
        ("path", [{"wildcard": "models\\*"}], False),
        ("seconds", [300], True),
        ("seconds", [300.0], False),
        ("seconds", ["300"], False),
        ("seconds", [{"numeric": [">", 0, "<=", 300]}], True),
        ("seconds", [{"numeric": ["<", 300]}], False),
        ("rate", [{"numeric": ["=", 0.5]}], True),
        ("state", [{"numeric": [">", 0]}], False),
        ("spot", [True], True),
        ("spot", [1], False),
        ("nothing", [None], True),
        ("empty", [""], True),
        ("empty", [None], False),
        ("address", [{"cidr": "10.0.0.0/24"}], True),
        ("address", [{"cidr": "10.1.0.0/24"}], False),
        ("state", [{"cidr": "10.0.0.0/24"}], False),
        ("state", [{"anything-but": "Failed"}], True),
        ("state", [{"anything-but": ["Failed", "Completed"]}], False),
        ("state", [{"anything-but": {"prefix": "Comp"}}], False),
        ("state", [{"anything-but": {"suffix": ["x", "y"]}}], True),
        ("state", [{"anything-but": {"equals-ignore-case": ["completed"]}}], False),
        ("path", [{"anything-but": {"wildcard": "*/v1*"}}], False),
        ("absent", [{"anything-but": "x"}], False),
        ("absent", [{"exists": False}], True),
        ("absent", [{"exists": True}], False),
        ("state", [{"exists": True}], True),
        ("nothing", [{"exists": True}], True),
        ("absent", ["x", {"exists": False}], True),
    ],
)
def test_an_entry_wants_what_its_operator_says(field: str, entries: list[Any], result: bool) -> None:
    assert wanted({"detail": {field: entries}}) is result


def test_every_field_of_a_pattern_must_be_wanted() -> None:
    assert wanted({"source": ["aws.sagemaker"], "detail": {"state": ["Completed"]}})
    assert not wanted({"source": ["aws.s3"], "detail": {"state": ["Completed"]}})
    assert not wanted({"detail": {"state": {"deeper": ["Completed"]}}})


def test_one_item_of_a_list_is_enough() -> None:
    assert wanted({"resources": ["arn:b", "arn:c"]})
    assert wanted({"resources": [{"prefix": "arn:"}]})
    assert not wanted({"resources": ["arn:c"]})


def test_fields_of_one_object_in_a_list_are_wanted_together() -> None:
    assert wanted({"detail": {"transitions": {"Status": ["Training"], "n": [2]}}})
    assert not wanted({"detail": {"transitions": {"Status": ["Training"], "n": [1]}}})


def test_one_of_several_alternatives_is_enough() -> None:
    failed, long = {"state": ["Failed"]}, {"seconds": [{"numeric": [">=", 300]}]}
    assert wanted({"detail": {"$or": [failed, long]}})
    assert not wanted({"detail": {"$or": [failed, {"state": ["Stopped"]}]}})
    assert not wanted({"source": ["x"], "$or": [{"detail": long}, {"detail": failed}]})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "it is not JSON"),
        ("[]", "Filter is not an object"),
        ("{}", "Filter is not an object"),
        ('{"a": "b"}', '"a" must be an object or an array'),
        ('{"a": []}', '"a" must be an object or an array'),
        ('{"a": {}}', '"a" must be an object or an array'),
        ('{"a": [["b"]]}', "an array within an array"),
        ('{"a": [{"prefix": "x", "suffix": "y"}]}', "Only one key allowed"),
        ('{"a": [{"like": "x"}]}', "Unrecognized match type like"),
        ('{"a": [{"exists": "yes"}]}', "exists match pattern must be either true or false"),
        ('{"a": [{"numeric": [">"]}]}', "numeric match pattern is not well formed"),
        ('{"a": [{"numeric": ["~", 1]}]}', "numeric match pattern is not well formed"),
        ('{"a": [{"prefix": 1}]}', "prefix match pattern is not well formed"),
        ('{"a": [{"cidr": "x"}]}', "cidr match pattern is not well formed"),
        ('{"a": [{"anything-but": {"numeric": [">", 1]}}]}', "Unsupported anything-but pattern"),
        ('{"$or": [{"a": ["b"]}]}', "at least two objects"),
        ('{"$or": [{"a": ["b"]}, {}]}', "at least two objects"),
    ],
)
def test_a_pattern_that_is_none_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(AwsError) as caught:
        read_pattern(text)
    assert caught.value.code == "InvalidEventPatternException"
    assert reason in caught.value.message
