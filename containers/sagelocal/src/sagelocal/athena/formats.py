"""How Glue names the formats of tables."""

from __future__ import annotations

from dataclasses import dataclass

from sagelocal.athena.catalog import Table


@dataclass(frozen=True)
class Format:
    """Name Hive's classes for a file format."""

    input_format: str
    output_format: str
    serde: str


# What the text of a SERDE or an input format says of the format.
PARQUET_MARK = "parquet"
# The settings of readers of text, by the class in lower case.
CSV_SERDES = {
    "org.apache.hadoop.hive.serde2.opencsvserde": {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"},
    "org.apache.hadoop.hive.serde2.lazy.lazysimpleserde": {"field.delim": "\x01"},
}

_PARQUET = Format(
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
)
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_DELIMITED = Format(_TEXT_INPUT, _TEXT_OUTPUT, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe")
_QUOTED = Format(_TEXT_INPUT, _TEXT_OUTPUT, "org.apache.hadoop.hive.serde2.OpenCSVSerde")


def format_of(table: Table) -> Format:
    """Return the classes for a table's files."""
    if table.format == "parquet":
        return _PARQUET
    return _QUOTED if "quoteChar" in table.serde else _DELIMITED


def format_parameters(table: Table) -> dict[str, str]:
    """Return a table's parameters as Athena lists them."""
    classes = format_of(table)
    return {
        "EXTERNAL": "TRUE",
        "location": table.location,
        "inputformat": classes.input_format,
        "outputformat": classes.output_format,
        "serde.serialization.lib": classes.serde,
        **{f"serde.param.{name}": value for name, value in table.serde.items()},
        "transient_lastDdlTime": str(int(table.created)),
        **table.parameters,
    }
