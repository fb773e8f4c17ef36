"""Requests and bodies."""

from __future__ import annotations

import io
from typing import Any

import pytest

from sagelocal.errors import AwsError
from sagelocal.exchange import FileRange, HttpRequest, SizedReader, query_pairs


def environ(**changes: Any) -> dict[str, Any]:
    """Return a WSGI environment."""
    return {
        "REQUEST_METHOD": "PUT",
        "REQUEST_URI": "/a%2Fb?x=1&y=",
        "wsgi.input": io.BytesIO(b"body and more"),
        **changes,
    }


def test_a_request_keeps_its_path_and_query_as_sent() -> None:
    request = HttpRequest.from_environ(environ(HTTP_X_AMZ_DATE="d", CONTENT_LENGTH="4"))
    assert (request.path, request.query) == ("/a%2Fb", "x=1&y=")
    assert request.headers == {"x-amz-date": "d", "content-length": "4"}
    assert request.read_body(100) == b"body"


def test_header_names_keep_their_underscores_where_the_server_gives_them() -> None:
    request = HttpRequest.from_environ(environ(**{"sagelocal.headers": {"x-amz-meta-a_b": "1"}}))
    assert request.headers == {"x-amz-meta-a_b": "1"}


def test_a_body_that_ends_early_is_incomplete() -> None:
    reader = SizedReader(io.BytesIO(b"half"), 8)
    assert reader.read(100) == b"half"
    with pytest.raises(AwsError, match="IncompleteBody"):
        reader.read(100)
    assert reader.read(100) == b""


def test_a_body_above_the_limit_is_refused() -> None:
    request = HttpRequest.from_environ(environ(CONTENT_LENGTH="13"))
    with pytest.raises(AwsError, match="RequestEntityTooLarge"):
        request.read_body(12)


def test_a_query_is_decoded_and_keeps_blank_values() -> None:
    assert query_pairs("a=1&b&c=%2B+x&") == [("a", "1"), ("b", ""), ("c", "+ x")]


def test_a_query_that_is_no_utf_8_is_refused() -> None:
    with pytest.raises(AwsError, match="InvalidURI"):
        query_pairs("a=%ff")


def test_a_file_s_range_is_read_in_pieces() -> None:
    part = FileRange(io.BytesIO(b"0123456789"), 2, 5)
    assert b"".join(part) == b"23456"
