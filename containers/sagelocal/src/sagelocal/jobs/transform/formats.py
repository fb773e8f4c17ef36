"""Records as CSV and as JSON: read, written, and joined with what the model answers.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

import csv
import io
import json
from abc import ABC, abstractmethod
from typing import Any


class FormatError(ValueError):
    """A record that is not of its content type."""


class Format(ABC):
    """Read and write one record."""

    @abstractmethod
    def read(self, record: bytes) -> Any:
        """Return a record's value; FormatError if it has none."""

    @abstractmethod
    def write(self, value: Any) -> bytes:
        """Return a value as a record."""

    @abstractmethod
    def joined(self, given: Any, answered: Any) -> Any:
        """Return a record's value with the answer to it."""


class Csv(Format):
    """Take each row for a JSON array of texts."""

    def read(self, record: bytes) -> Any:
        """Return the row's fields."""
        try:
            rows = list(csv.reader([record.decode()], strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise FormatError(f"a record is no CSV: {error}") from error
        return rows[0] if rows else []

    def write(self, value: Any) -> bytes:
        """Return the fields as a row; a single value is a row of one field."""
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return text.getvalue().encode()

    def joined(self, given: Any, answered: Any) -> Any:
        """Append the answer's fields to the row's."""
        return [*given, *answered]


class Json(Format):
    """Take each record for one JSON value."""

    def read(self, record: bytes) -> Any:
        """Return the value."""
        try:
            return json.loads(record)
        except ValueError as error:
            raise FormatError(f"a record is no JSON: {error}") from error

    def write(self, value: Any) -> bytes:
        """Return the value on one line."""
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

    def joined(self, given: Any, answered: Any) -> Any:
        """Put the answer into the object, or both into a new one."""
        if isinstance(given, dict):
            return {**given, "SageMakerOutput": answered}
        return {"SageMakerInput": given, "SageMakerOutput": answered}


_FORMATS: dict[str, Format] = {"text/csv": Csv(), "application/json": Json(), "application/jsonlines": Json()}
CONTENT_TYPES = tuple(_FORMATS)


def format_of(content_type: str) -> Format | None:
    """Return how the records of a content type are read; None for a type that batch transform cannot look into."""
    return _FORMATS.get(content_type.partition(";")[0].strip().lower())
