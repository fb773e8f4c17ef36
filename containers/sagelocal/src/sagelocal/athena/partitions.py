"""Partitions as folders: `year=2024/month=01`, and which partition an object belongs to."""

from __future__ import annotations

from urllib.parse import quote, unquote

from sagelocal.athena.catalog import Partition, Table

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
# What Hive leaves as it is in the name of a folder.
_PLAIN = " !$&'()+,-.;<>@_`|~"


def folder_of(table: Table, values: tuple[str | None, ...]) -> str:
    """Return the name of a partition, which is its folder below the table's location, without a slash at the end."""
    parts = []
    for column, value in zip(table.partitions, values, strict=True):
        text = NULL_PARTITION if value is None else quote(value, safe=_PLAIN)
        parts.append(f"{column.name}={text}")
    return "/".join(parts)


def values_in(table: Table, folder: str) -> tuple[str | None, ...] | None:
    """Return the values in a path such as `year=2024/month=01`; None if it does not name every partition column."""
    found = {
        name.lower(): None if value == NULL_PARTITION else unquote(value)
        for name, equals, value in (part.partition("=") for part in folder.split("/"))
        if equals
    }
    if any(column.name not in found for column in table.partitions):
        return None
    return tuple(found[column.name] for column in table.partitions)


def partition_at(table: Table, values: tuple[str | None, ...]) -> Partition:
    """Return a partition in its usual place, below the table's location."""
    return Partition(values, f"{table.location}{folder_of(table, values)}/")
