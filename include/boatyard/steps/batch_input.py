"""input: the rows of a batch as the model takes them, written by Athena; no row passes through a worker."""

from __future__ import annotations

from collections.abc import Sequence

from boatyard.spec import ModelSpec
from boatyard.spec.batch import AS_OF, RECORDS, with_words
from boatyard.spec.columns import Column
from boatyard.steps.batch import INPUT, batch_of, own, rows_of, statement
from boatyard.steps.point_in_time import query
from boatyard.steps.run import JOB_NAME, JOB_TABLE, Request, RunContext, database_token
from boatyard.steps.sql import backquoted, group_table, literal, quoted

ARGUMENTS = 50  # of one concat_ws: Trino takes at most 127
SEPARATOR = "','"
_COMMA = ",\n  "


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return the statements that write the rows and count them."""
    sql = statements(spec, run)
    groups = [name for name in spec.groups if any(database_token(name) in text for text in sql.values())]
    return (
        *(Request("sagemaker", "DescribeFeatureGroup", {"FeatureGroupName": name}) for name in groups),
        *(statement(spec, run, INPUT, purpose, text) for purpose, text in sql.items()),
        Request("boatyard", "RequireRows", {"Column": "row_count", "AtLeast": 1, "Of": _origin(spec, run)}),
    )


def statements(spec: ModelSpec, run: RunContext) -> dict[str, str]:
    """Return the statements by what they are for, in the order in which they run."""
    database, given = run.deployment.glue_database, batch_of(spec).input
    table = f"{backquoted(database)}.{backquoted(JOB_TABLE)}"
    unload = {
        "unload": f"UNLOAD (\n{_lines(spec, run)}\n)\nTO {literal(location(spec, run))}\nWITH (format = 'TEXTFILE')"
    }
    return {
        "database": f"CREATE DATABASE IF NOT EXISTS {backquoted(database)}",
        **({} if given and given.prefix else unload),
        "lines": (
            f"CREATE EXTERNAL TABLE IF NOT EXISTS {table} (\n  {backquoted('line')} string\n)\n"
            f"STORED AS TEXTFILE\nLOCATION {literal(location(spec, run))}"
        ),
        "count": (
            f"SELECT count(*) AS row_count\nFROM {quoted(database)}.{quoted(JOB_TABLE)}\nWHERE {quoted('line')} <> ''"
        ),
        "tidy": f"DROP TABLE IF EXISTS {table}",
    }


def location(spec: ModelSpec, run: RunContext) -> str:
    """Return the S3 URI under which the rows lie."""
    given = batch_of(spec).input
    if given is None or given.prefix is None:
        return own(spec, run, INPUT, "data/")
    return given.prefix if given.prefix.startswith("s3://") else f"s3://{run.deployment.bucket}/{given.prefix}"


def compression(spec: ModelSpec) -> str:
    """Return how the rows' files are compressed, as CreateTransformJob spells it; UNLOAD writes text in gzip."""
    given = batch_of(spec).input
    return "None" if given and given.prefix and not given.compression else "Gzip"


def result(spec: ModelSpec, run: RunContext) -> dict[str, str]:
    """Return what is known of the step's result before it has run."""
    return {"job_name": JOB_NAME, "location": location(spec, run)}


def _origin(spec: ModelSpec, run: RunContext) -> str:
    given = batch_of(spec).input
    if given is None:
        return f"feature group {spec.spine_group.name}"
    return f"the prefix {location(spec, run)}" if given.prefix else "the query of batch.input"


def _lines(spec: ModelSpec, run: RunContext) -> str:
    """Return the query that answers one line of CSV per row.

    The line is made here and not by UNLOAD, which knows no quotes.
    """
    rows = rows_of(spec)
    fields = [*(_id(column) for column in rows.ids), *(_feature(column) for column in rows.features)]
    return f"SELECT {_joined(fields)} AS line\nFROM (\n{_given(spec, run)}\n) AS given"


def _given(spec: ModelSpec, run: RunContext) -> str:
    records = f"(\n{query(spec, run.as_of)}\n)"
    given = batch_of(spec).input
    if given is None or given.query is None:
        return f"SELECT * FROM {records} AS records"
    words = {name: group_table(name) for name in spec.groups}
    return with_words(given.query, words | {RECORDS: records, AS_OF: run.as_of})


def _joined(fields: Sequence[str]) -> str:
    while len(fields) > 1:
        parts = [fields[start : start + ARGUMENTS] for start in range(0, len(fields), ARGUMENTS)]
        fields = [f"concat_ws({_COMMA.join([SEPARATOR, *part])})" for part in parts]
    return fields[0]


def _text(column: Column) -> str:
    return f"coalesce(CAST({quoted(column.name)} AS varchar), '')"


def _id(column: Column) -> str:
    if column.feature_type != "String":
        return _text(column)
    # Neither commas nor quotes nor line ends can break a row; publish turns it back.
    return f"to_hex(to_utf8({_text(column)}))"


def _feature(column: Column) -> str:
    text = _text(column)
    if column.feature_type in ("Integral", "Fractional"):
        return text
    return f"""if(regexp_like({text}, '[",]'), '"' || replace({text}, '"', '""') || '"', {text})"""
