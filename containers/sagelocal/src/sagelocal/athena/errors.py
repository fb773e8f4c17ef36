"""Why a query is refused or fails, in Athena's codes and wording."""

from __future__ import annotations

import re
from typing import Any

from sagelocal.errors import AwsError

# Trino's error names and Athena's ErrorType numbers:
# https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
_ERROR_TYPES = {
    "DIVISION_BY_ZERO": 1001,
    "TYPE_MISMATCH": 1002,
    "COLUMN_NOT_FOUND": 1006,
    "INVALID_CAST_ARGUMENT": 1100,
    "NOT_SUPPORTED": 1200,
    "TABLE_NOT_FOUND": 1301,
    "SCHEMA_NOT_FOUND": 1301,
    "FUNCTION_NOT_FOUND": 1303,
}
_USER_ERROR = 1000
_SYSTEM_ERROR = 200


class QueryError(Exception):
    """Fail a query. `name` is Trino's error name; an empty one is a failure of the service itself."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}" if name else message)
        self.name = name

    def athena_error(self) -> dict[str, object]:
        """Return `Status.AthenaError`."""
        return {
            "ErrorCategory": 2 if self.name else 1,
            "ErrorType": _ERROR_TYPES.get(self.name, _USER_ERROR) if self.name else _SYSTEM_ERROR,
            "Retryable": not self.name,
            "ErrorMessage": str(self),
        }


def invalid_request(message: str, code: str = "INVALID_INPUT") -> AwsError:
    """Return Athena's answer to a request that it does not take."""
    return AwsError("InvalidRequestException", message, 400, AthenaErrorCode=code)


def malformed(error: Exception) -> Exception:
    """Return Athena's answer to a query that is no SQL."""
    details: list[dict[str, Any]] = getattr(error, "errors", None) or [{}]
    first = details[0]
    text = f"{first.get('description') or error}".partition(" but got <Token")[0].rstrip(".")
    near = f" near '{first['highlight']}'" if first.get("highlight") else ""
    return invalid_request(f"line {first.get('line', 1)}:{first.get('col', 1)}: {text}{near}", "MALFORMED_QUERY")


_FUNCTION = re.compile(r"(?:Function|Macro) with name \"?(\w+)")
# a text that must_fit turned into its message
_CAST = re.compile(
    r"\"(Value cannot be cast to [a-z ]+: .*?)\", expected|'(Cannot cast '.*?' to [A-Z]+)' to INT", re.DOTALL
)
_COLUMN = re.compile(r"(?:Referenced column|column named|[Cc]olumn) \"([^\"]+)\"")
_NO_COLUMN = ("not found", "does not have a column", "exists in the SELECT clause")
# (what DuckDB says, Trino's error name); the first match counts
_NAMES = (
    ("division by zero", "DIVISION_BY_ZERO"),
    ("conversion error", "INVALID_CAST_ARGUMENT"),
    ("could not convert", "INVALID_CAST_ARGUMENT"),
    ("out of range", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("no function matches", "TYPE_MISMATCH"),
    ("cannot compare values of type", "TYPE_MISMATCH"),
    ("parser error", "SYNTAX_ERROR"),
    ("out of memory", "EXCEEDED_LOCAL_MEMORY_LIMIT"),
    ("no files found", "HIVE_CANNOT_OPEN_SPLIT"),
    ("io error", "HIVE_CANNOT_OPEN_SPLIT"),
    ("invalid input error", "INVALID_FUNCTION_ARGUMENT"),
    ("binder error", "SYNTAX_ERROR"),
)
_MESSAGES = {"DIVISION_BY_ZERO": "Division by zero"}


def from_engine(message: str) -> QueryError:
    """Return what Athena would call an error of DuckDB."""
    first_line = message.split("\n", 1)[0]
    cast = _CAST.search(message)
    if cast:
        return QueryError("INVALID_CAST_ARGUMENT", cast.group(1) or cast.group(2))
    function = _FUNCTION.search(message)
    if function:
        return QueryError("FUNCTION_NOT_FOUND", f"Function '{function.group(1).lower()}' not registered")
    column = _COLUMN.search(message)
    if column and any(
        text in message for text in ("not found", "does not have a column", "exists in the SELECT clause")
    ):
        return QueryError("COLUMN_NOT_FOUND", f"Column '{column.group(1)}' cannot be resolved")
    lowered = first_line.lower()
    name = next((name for text, name in _NAMES if text in lowered), "GENERIC_USER_ERROR")
    return QueryError(name, _MESSAGES.get(name, first_line))
