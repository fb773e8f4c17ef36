"""Documents that need no parser: whatever is called plain, parser and validation would have left as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagelocal import validation, wire
from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, SizedReader
from sagelocal.plain import plain

RECORD = [{"FeatureName": "id", "ValueAsString": "1"}, {"FeatureName": "n", "ValueAsString": ""}]
ENTRY = {"FeatureGroupName": "g", "Record": RECORD, "TargetStores": ["OnlineStore"]}
TTL = {"Unit": "Days", "Value": 3}


def read(body: bytes, service: str = "sagemaker-featurestore-runtime", name: str = "BatchWriteRecord") -> Any:
    operation = wire.operation_model(service, name)
    assert operation is not None
    return plain(operation)(body)


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "document",
    [
        {"Entries": [ENTRY]},
        {"Entries": [ENTRY] * 25},
        {"Entries": [ENTRY, {**ENTRY, "TtlDuration": TTL}], "TtlDuration": TTL},
    ],
)
def test_a_document_of_the_shape_is_plain(document: Any) -> None:
    assert read(encoded(document)) == document


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"Entries": []},
        {"Entries": None},
        {"Entries": [ENTRY] * 26},
        {"Entries": [ENTRY, None]},
        {"Entries": [ENTRY, {"FeatureGroupName": "g"}]},
        {"Entries": [{**ENTRY, "TargetStores": ["Nowhere"]}]},
        {"Entries": [{**ENTRY, "FeatureGroupName": "g/"}]},
        {"Entries": [{**ENTRY, "Record": [{"FeatureName": "id", "ValueAsString": 1}]}]},
        {"Entries": [{**ENTRY, "Record": [{"FeatureName": "id", "ValueAsString": None}]}]},
        {"Entries": [{**ENTRY, "Record": [{"FeatureName": "id", "ValueAsString": "two\nlines"}]}]},
        {"Entries": [{**ENTRY, "Record": [{"ValueAsString": "1"}]}]},
        {"Entries": [{**ENTRY, "TtlDuration": {"Unit": "Days", "Value": 0}}]},
        {"Entries": [{**ENTRY, "TtlDuration": {"Unit": "Days", "Value": True}}]},
        {"Entries": [{**ENTRY, "TtlDuration": {"Unit": "Days", "Value": 1.0}}]},
    ],
)
def test_anything_else_is_not(document: Any) -> None:
    assert read(encoded(document)) is None


@pytest.mark.parametrize(
    "value", [b"\xff", b"\\ud800", b"a\nb", b"\\x"], ids=["no UTF-8", "half a pair", "a bare newline", "no escape"]
)
def test_a_text_that_is_none_is_not(value: bytes) -> None:
    body = encoded({"Entries": [ENTRY]})
    assert read(body.replace(b'""', b'"2"')) is not None
    assert read(body.replace(b'""', b'"' + value + b'"')) is None


@pytest.mark.parametrize("body", [b"", b"null", b"{", b"[" * 100_000, b'{"Entries": NaN}', b"Action=BatchWriteRecord"])
def test_a_body_that_is_no_document_is_not(body: bytes) -> None:
    assert read(body) is None


def test_a_member_that_the_shape_has_not_is_dropped() -> None:
    assert read(encoded({"Entries": [ENTRY], "Unknown": 1})) == {"Entries": [ENTRY]}


def test_a_call_with_members_in_its_path_or_query_is_never_plain() -> None:
    assert read(encoded({"Record": RECORD}), name="PutRecord") is None


_FEATURES = st.fixed_dictionaries(
    {"FeatureName": st.sampled_from(["id", "n", "n", "no name", 1])},
    optional={"ValueAsString": st.sampled_from(["", "1", "1.5", "two\nlines", None, 7])},
)
_ENTRIES = st.fixed_dictionaries(
    {"FeatureGroupName": st.sampled_from(["g", "h", "h", "g/"]), "Record": st.lists(_FEATURES, max_size=2)},
    optional={
        "TargetStores": st.lists(st.sampled_from(["OnlineStore", "OfflineStore", "Nowhere"]), max_size=3),
        "TtlDuration": st.dictionaries(st.sampled_from(["Unit", "Value"]), st.sampled_from(["Days", 1, 0, None])),
    },
)


@settings(max_examples=500, deadline=None)
@given(st.fixed_dictionaries({"Entries": st.lists(_ENTRIES, max_size=2)}))
def test_what_is_plain_is_what_the_parser_gives_and_validation_allows(document: Any) -> None:
    assert_as_parsed("sagemaker-featurestore-runtime", "BatchWriteRecord", document)


_TAGS = st.lists(
    st.fixed_dictionaries({"Key": st.sampled_from(["a", "a b", "", "a!", 1])}, optional={"Value": st.just("v")}),
    max_size=2,
)
_CONFIG = st.fixed_dictionaries(
    {"S3OutputPath": st.just("s3://b/o")}, optional={"KmsKeyId": st.sampled_from(["k", None]), "Other": st.just(1)}
)
_TRAINING = st.fixed_dictionaries(
    {
        "TrainingJobName": st.sampled_from(["job", "job", "a job", "", "j" * 64, None]),
        "RoleArn": st.sampled_from(["arn:aws:iam::123456789012:role/r"] * 3 + ["r"]),
        "OutputDataConfig": _CONFIG,
    },
    optional={
        "HyperParameters": st.dictionaries(
            st.sampled_from(["a", "b" * 257]), st.sampled_from(["1", "two\nlines", "\u2028", 2, None])
        ),
        "StoppingCondition": st.fixed_dictionaries({"MaxRuntimeInSeconds": st.sampled_from([1, 0, 2**70, 1.5, True])}),
        "EnableNetworkIsolation": st.sampled_from([True, False, 1, "true", None]),
        "Tags": _TAGS,
        "Environment": st.dictionaries(st.sampled_from(["A", "a-b", "9"]), st.sampled_from(["", "v"])),
    },
)


@settings(max_examples=500, deadline=None)
@given(_TRAINING)
def test_the_same_holds_for_shapes_of_every_type(document: Any) -> None:
    assert_as_parsed("sagemaker", "CreateTrainingJob", document)


def assert_as_parsed(service: str, name: str, document: Any) -> None:
    operation = wire.operation_model(service, name)
    assert operation is not None
    body = encoded(document)
    found = plain(operation)(body)
    if found is None:
        return
    request = HttpRequest("POST", f"/{name}", "", {}, SizedReader(_Nothing(), 0), {})
    assert wire.parse(request, operation, {}, body, document) == found
    validation.validate(operation, found)


class _Nothing:
    def read(self, size: int, /) -> bytes:
        raise AwsError("IncompleteBody", f"nobody reads {size} bytes here")
