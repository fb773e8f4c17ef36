"""The `.metadata` file beside a result: its columns as a protocol buffer, as JDBC drivers read it.

AWS documents that it is there, not what is in it; the numbers of the fields are those that the open driver
https://github.com/burtcorp/athena-jdbc found.
"""

from __future__ import annotations

import time
from typing import Any

_COLUMN = 4
_TEXTS = {"CatalogName": 1, "SchemaName": 2, "TableName": 3, "Name": 4, "Label": 5, "Type": 6}
_NUMBERS = {"Precision": 7, "Scale": 8}
_NULLABLE = {"NOT_NULL": 1, "NULLABLE": 2, "UNKNOWN": 3}


def metadata_file(execution_id: str, columns: list[dict[str, Any]]) -> bytes:
    """Return the content of the file for columns as `ColumnInfo`."""
    name = f"{time.strftime('%Y%m%d_%H%M%S', time.gmtime())}_00001_{execution_id[:5]}"  # as Trino names a query
    return _bytes(1, name.encode()) + b"".join(_bytes(_COLUMN, _column(column)) for column in columns)


def _column(column: dict[str, Any]) -> bytes:
    fields = [_bytes(number, column[name].encode()) for name, number in _TEXTS.items()]
    fields += [_number(number, column[name]) for name, number in _NUMBERS.items()]
    fields += [_number(9, _NULLABLE[column["Nullable"]]), _number(10, int(column["CaseSensitive"]))]
    return b"".join(fields)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
