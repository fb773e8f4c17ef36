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


def is_plain(document: Any, service: str = "sagemaker-featurestore-runtime", name: str = "BatchWriteRecord") -> bool:
    operation = wire.operation_model(service, name)
    assert operation is not None
    return plain(operation)(document)


@pytest.mark.parametrize(
    "document",
    [
        {"Entries": [ENTRY]},
        {"Entries": [ENTRY] * 25},
        {"Entries": [ENTRY, {**ENTRY, "TtlDuration": TTL}], "TtlDuration": TTL},
    ],
)
def test_a_document_of_the_shape_is_plain(document: Any) -> None:
    assert is_plain(document)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"Entries": []},
        {"Entries": None},
        {"Entries": [ENTRY] * 26},
        {"Entries": [ENTRY], "Unknown": 1},
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
    assert not is_plain(document)


def test_a_call_with_members_in_its_path_or_query_is_never_plain() -> None:
    assert not is_plain({"Record": RECORD}, name="PutRecord")


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
    operation = wire.operation_model("sagemaker-featurestore-runtime", "BatchWriteRecord")
    assert operation is not None
    if not plain(operation)(document):
        return
    body = json.dumps(document).encode()
    request = HttpRequest("POST", "/BatchWriteRecord", "", {}, SizedReader(_Nothing(), 0), {})
    assert wire.parse(request, operation, {}, body, document) == document
    validation.validate(operation, document)


class _Nothing:
    def read(self, size: int, /) -> bytes:
        raise AwsError("IncompleteBody", f"nobody reads {size} bytes here")
