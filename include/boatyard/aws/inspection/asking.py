"""One question to AWS, whose answer may be that it does not say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boatyard.aws.errors import aws_failures, error_code, error_message


class Unanswered(Exception):  # noqa: N818 - not an error of anybody: what was asked stays unknown
    """AWS did not answer a question; the text says what it said instead."""


@contextmanager
def asking(client: Any) -> Iterator[None]:
    """Turn every failure of a call that the caller has not made sense of into `Unanswered`."""
    try:
        yield
    except aws_failures() as error:
        raise Unanswered(f"{service_of(client)} answered {words(error)}") from None


def words(error: Exception) -> str:
    """Return a failure as one line: AWS's own code and message, else botocore's."""
    text = f"{error_code(error)}: {error_message(error)}" if error_code(error) else str(error)
    return " ".join(text.split())


def service_of(client: Any) -> str:
    """Return the name of a client's service as boto3 spells it."""
    name: str = client.meta.service_model.service_name
    return name
