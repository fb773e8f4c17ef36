"""Ranges and conditions."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagelocal.errors import AwsError
from sagelocal.s3.conditions import NotModified, byte_range, check_read, write_condition
from sagelocal.s3.info import ObjectInfo

MODIFIED = 1_700_000_000.5  # Tue, 14 Nov 2023 22:13:20 GMT
INFO = ObjectInfo("bucket", "key", 10, "abc", MODIFIED, "text/plain", {}, Path("blob"))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-3", (0, 4)),
        ("bytes=2-", (2, 8)),
        ("bytes=-3", (7, 3)),
        ("bytes=-30", (0, 10)),
        ("bytes=5-500", (5, 5)),
        ("bytes=0-1,3-4", None),
        ("bytes=3-1", None),
        ("bytes=-", None),
        ("lines=0-1", None),
    ],
)
def test_a_range_is_a_first_byte_and_a_count(header: str | None, expected: tuple[int, int] | None) -> None:
    assert byte_range(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_without_a_byte_is_refused(header: str) -> None:
    with pytest.raises(AwsError, match="InvalidRange") as caught:
        byte_range(header, 10)
    assert caught.value.status == 416


@given(st.integers(0, 100), st.integers(0, 120), st.integers(0, 120))
def test_a_range_gives_the_bytes_that_slicing_gives(size: int, first: int, last: int) -> None:
    body = bytes(range(size))
    if not first <= last or first >= size:
        return
    start, count = byte_range(f"bytes={first}-{last}", size) or (0, 0)
    assert body[start : start + count] == body[first : last + 1]


@pytest.mark.parametrize(
    "headers",
    [
        {"if-match": '"abc"'},
        {"if-match": "*"},
        {"if-match": '"x", "abc"'},
        {"if-none-match": '"x"'},
        {"if-modified-since": "Tue, 14 Nov 2023 22:13:19 GMT"},
        {"if-unmodified-since": "Tue, 14 Nov 2023 22:13:20 GMT"},
        {"if-match": '"abc"', "if-unmodified-since": "Tue, 14 Nov 2000 22:13:20 GMT"},
        {"if-modified-since": "no date"},
    ],
)
def test_a_read_goes_on_when_its_conditions_hold(headers: dict[str, str]) -> None:
    check_read(headers, INFO)


@pytest.mark.parametrize("headers", [{"if-match": '"x"'}, {"if-unmodified-since": "Tue, 14 Nov 2023 22:13:19 GMT"}])
def test_a_read_fails_when_a_precondition_does_not_hold(headers: dict[str, str]) -> None:
    with pytest.raises(AwsError, match="PreconditionFailed"):
        check_read(headers, INFO)


@pytest.mark.parametrize(
    "headers", [{"if-none-match": '"abc"'}, {"if-modified-since": "Tue, 14 Nov 2023 22:13:20 GMT"}]
)
def test_a_read_of_what_the_client_has_is_not_modified(headers: dict[str, str]) -> None:
    with pytest.raises(NotModified):
        check_read(headers, INFO)


def test_a_write_that_wants_no_object_fails_on_one() -> None:
    condition = write_condition({"if-none-match": "*"})
    assert condition is not None
    condition(None)
    with pytest.raises(AwsError, match="PreconditionFailed"):
        condition(INFO)


def test_a_write_that_wants_an_etag_fails_on_another_and_on_none() -> None:
    condition = write_condition({"if-match": '"abc"'})
    assert condition is not None
    condition(INFO)
    with pytest.raises(AwsError, match="NoSuchKey"):
        condition(None)
    other = write_condition({"if-match": '"x"'})
    assert other is not None
    with pytest.raises(AwsError, match="PreconditionFailed"):
        other(INFO)
