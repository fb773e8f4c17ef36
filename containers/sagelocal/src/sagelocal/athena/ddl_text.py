"""The texts of SHOW CREATE TABLE and SHOW CREATE VIEW."""

from __future__ import annotations

from sagelocal.athena.catalog import Column, Table
from sagelocal.athena.formats import format_of


def create_table_text(table: Table) -> list[str]:
    """Return the lines of the statement that makes a table."""
    classes = format_of(table)
    lines = [f"CREATE EXTERNAL TABLE `{table.database}`.`{table.name}`(", *_columns(table.columns)]
    if table.partitions:
        lines += ["PARTITIONED BY ( ", *_columns(table.partitions)]
    lines += ["ROW FORMAT SERDE ", f"  '{classes.serde}' "]
    if table.serde:
        lines += ["WITH SERDEPROPERTIES ( ", *_properties(table.serde)]
    lines += ["STORED AS INPUTFORMAT ", f"  '{classes.input_format}' "]
    lines += ["OUTPUTFORMAT ", f"  '{classes.output_format}'", "LOCATION", f"  '{table.location}'"]
    return [
        *lines,
        "TBLPROPERTIES (",
        *_properties({**table.parameters, "transient_lastDdlTime": str(int(table.created))}),
    ]


def _columns(columns: tuple[Column, ...]) -> list[str]:
    texts = [f"  `{column.name}` {column.type} COMMENT '{column.comment}'" for column in columns]
    return [f"{text}, " for text in texts[:-1]] + [f"{text})" for text in texts[-1:]]


def _properties(properties: dict[str, str]) -> list[str]:
    texts = [f"  '{name}'='{_escaped(value)}'" for name, value in properties.items()]
    return [f"{text}, " for text in texts[:-1]] + [f"{text})" for text in texts[-1:]]


def _escaped(value: str) -> str:
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in value)


def create_view_text(view: Table) -> list[str]:
    """Return the lines of the statement that makes a view."""
    return [f"CREATE VIEW {view.database}.{view.name} AS", *view.view.splitlines()]
