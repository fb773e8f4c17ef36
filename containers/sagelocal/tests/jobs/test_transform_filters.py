"""The JSONPath of DataProcessing's filters, and how records are packed.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing-operators.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sagelocal.jobs.transform.jsonpath import JsonPathError, compile_path
from sagelocal.jobs.transform.records import RecordError, Records
from sagelocal.jobs.transform.settings import Settings

ROW = ["a", "b", "c", "d"]
OBJECT = {"id": 7, "features": {"x": 1, "y": [2, 3]}, "a.b": 4}


@pytest.mark.parametrize(
    ("path", "value", "selected"),
    [
        ("$", ROW, ROW),
        ("$[1:]", ROW, ["b", "c", "d"]),
        ("$[:2]", ROW, ["a", "b"]),
        ("$[-2:]", ROW, ["c", "d"]),
        ("$[0,-1]", ROW, ["a", "d"]),
        ("$[2]", ROW, "c"),
        ("$[*]", ROW, ROW),
        ("$.features.y[0]", OBJECT, 2),
        ("$['id']", OBJECT, 7),
        ("$['a.b']", OBJECT, 4),
        ("$['id','a.b']", OBJECT, {"id": 7, "a.b": 4}),
        ("$.features.['x','y']", OBJECT, {"x": 1, "y": [2, 3]}),
        ("$.features.*", OBJECT, [1, [2, 3]]),
    ],
)
def test_a_path_selects_a_part_of_a_record(path: str, value: Any, selected: Any) -> None:
    assert compile_path(path)(value) == selected


@pytest.mark.parametrize("path", ["features", "$[?(@.x)]", "$..x", "$[1:2:3]", "$[a]", "$.", "$['a'"])
def test_a_path_that_batch_transform_does_not_take_is_refused(path: str) -> None:
    with pytest.raises(JsonPathError):
        compile_path(path)


@pytest.mark.parametrize(("path", "value"), [("$.missing", OBJECT), ("$[9]", ROW), ("$[1:]", OBJECT), ("$.*", 3)])
def test_what_a_record_does_not_have_is_an_error(path: str, value: Any) -> None:
    with pytest.raises(JsonPathError):
        compile_path(path)(value)


def settings(split: str = "Line", **members: Any) -> Settings:
    request = {
        "TransformInput": {"ContentType": "text/csv", "SplitType": split},
        "TransformOutput": {"AssembleWith": "Line"},
        **members,
    }
    return Settings.of(request, {})


def bodies(file: Path, chosen: Settings) -> list[bytes]:
    return [payload.body for payload in Records(chosen).payloads(file)]


def test_records_are_packed_up_to_the_limit_of_a_payload(tmp_path: Path) -> None:
    file = tmp_path / "rows"
    row = b"x" * (300 * 1024)
    file.write_bytes(b"\n".join([row] * 7) + b"\n\n")
    packed = bodies(file, settings(MaxPayloadInMB=1))
    assert [body.count(b"\n") + 1 for body in packed] == [3, 3, 1]
    assert all(len(body) <= 1024 * 1024 for body in packed)
    assert len(bodies(file, settings(MaxPayloadInMB=1, BatchStrategy="SingleRecord"))) == 7


def test_a_file_that_is_not_split_must_fit_into_one_payload(tmp_path: Path) -> None:
    file = tmp_path / "rows"
    file.write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(RecordError, match="the file is larger than the MaxPayloadInMB limit of 1 MB"):
        bodies(file, settings("None", MaxPayloadInMB=1))


def test_the_containers_wishes_count_where_the_request_says_nothing() -> None:
    wishes = {"MaxConcurrentTransforms": 8, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}
    request = {"TransformInput": {}, "TransformOutput": {}, "MaxPayloadInMB": 4}
    chosen = Settings.of(request, wishes)
    assert (chosen.concurrent, chosen.single_record, chosen.max_payload) == (8, True, 4 << 20)
    assert settings().described() == "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD"
