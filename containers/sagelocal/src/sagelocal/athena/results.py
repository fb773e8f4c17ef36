"""Result files: how rows are read from them page by page, and how a result is described."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sagelocal.athena.types import result_type

Row = list[str | None]

_FIELD = re.compile(r'(?:"((?:[^"]|"")*)")?(?:,|$)')


def read_csv_page(path: Path, offset: int, limit: int, columns: int) -> tuple[list[Row], int]:
    """Return up to `limit` rows from a byte offset of a result's CSV and the offset after them.

    An empty field is NULL, `""` is an empty string: https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
    """
    rows: list[Row] = []
    with path.open("rb") as file:
        file.seek(offset)
        record = b""
        for line in file:
            record += line
            if record.count(b'"') % 2:  # a line break inside quotes
                continue
            rows.append(_fields(record.decode().removesuffix("\n"), columns))
            offset += len(record)
            record = b""
            if len(rows) == limit:
                break
    return rows, offset


def _fields(record: str, columns: int) -> Row:
    fields: Row = []
    for match in _FIELD.finditer(record):
        text = match.group(1)
        fields.append(None if text is None else text.replace('""', '"'))
        if len(fields) == columns:
            break
    return fields


def row_shapes(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return rows as GetQueryResults sends them: NULL is a datum without a value."""
    return [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows]


def column_info(name: str, duckdb_type: str) -> dict[str, Any]:
    """Return a result column's `ColumnInfo`."""
    kind = result_type(duckdb_type)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind.name,
        "Precision": kind.precision,
        "Scale": kind.scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind.name == "varchar",
    }
