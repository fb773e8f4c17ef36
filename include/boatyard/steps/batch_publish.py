"""publish: ids and answers as Parquet, a manifest when all is there, and then the pointer to it."""

from __future__ import annotations

from collections.abc import Sequence

from boatyard.spec import ModelSpec
from boatyard.spec.columns import Column
from boatyard.steps.batch import PUBLISH, TRANSFORM, earlier, folder, ids_are_hexadecimal, own, rows_of, statement
from boatyard.steps.run import JOB_NAME, JOB_TABLE, Request, RunContext
from boatyard.steps.sql import TRINO_TYPES, backquoted, listed, literal, quoted

MANIFEST, LATEST = "manifest.json", "latest.json"


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return the statements that check and write the results, and the two files that show them."""
    bucket, rows = run.deployment.bucket, run.result("input", "rows")
    described = {
        "model": spec.name,
        "as_of": run.as_of,
        "run_id": run.run_id,
        "job_name": JOB_NAME,
        "location": own(spec, run, PUBLISH, "data/"),
        "manifest": own(spec, run, PUBLISH, MANIFEST),
    }
    made_by = {
        "columns": {column.name: column.feature_type for column in _published(spec)},
        "transform_job": run.result("transform", "job_name"),
        "model_name": run.result("transform", "model_name"),
        "model_package_arn": run.result("transform", "model_package_arn"),
    }
    manifest = {"Bucket": bucket, "Key": f"{folder(spec, PUBLISH, JOB_NAME)}/{MANIFEST}"}
    latest = {"Bucket": bucket, "Key": f"{spec.name}/batch/{LATEST}"}
    outputs = [column.name for column in rows_of(spec).outputs]
    return (
        *(statement(spec, run, PUBLISH, purpose, text) for purpose, text in statements(spec, run).items()),
        Request("boatyard", "RequireAnswers", {"Rows": rows, "Outputs": outputs}),
        Request("boatyard", "PublishManifest", {**manifest, "Content": described | made_by}),
        Request("boatyard", "PointTo", {**latest, "Content": described}),
    )


def result(spec: ModelSpec, run: RunContext) -> dict[str, str]:
    """Return what is known of the step's result before it has run."""
    return {
        "job_name": JOB_NAME,
        "location": own(spec, run, PUBLISH, "data/"),
        "manifest": own(spec, run, PUBLISH, MANIFEST),
        "latest": f"s3://{run.deployment.bucket}/{spec.name}/batch/{LATEST}",
    }


def statements(spec: ModelSpec, run: RunContext) -> dict[str, str]:
    """Return the statements by what they are for, in the order in which they run."""
    database = run.deployment.glue_database
    table = f"{backquoted(database)}.{backquoted(JOB_TABLE)}"
    joined = f"{quoted(database)}.{quoted(JOB_TABLE)}"
    return {
        "joined": _table(spec, table, earlier(spec, run, TRANSFORM, "output/")),
        "check": f"SELECT {_counts(spec)}\nFROM {joined}",
        "unload": (
            f"UNLOAD (\nSELECT {listed(_values(spec))}\nFROM {joined}\n)\n"
            f"TO {literal(own(spec, run, PUBLISH, 'data/'))}\nWITH (format = 'PARQUET', compression = 'SNAPPY')"
        ),
        "tidy": f"DROP TABLE IF EXISTS {table}",
    }


def _published(spec: ModelSpec) -> Sequence[Column]:
    rows = rows_of(spec)
    return (*rows.ids, *rows.outputs)


def _table(spec: ModelSpec, table: str, location: str) -> str:
    """Return the table of the transform job's files, its columns by their places.

    One column more than there should be: if it is not empty, the model answered more than it was said to.
    """
    rows = rows_of(spec)
    count = len(rows.ids) + len(rows.features) + len(rows.outputs) + 1
    described = listed([f"{backquoted(_place(number))} string" for number in range(count)])
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {table} (\n{described}\n)\n"
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'\n"
        # Not `literal`: it would double the quotes inside Jinja.
        f"STORED AS TEXTFILE\nLOCATION '{location}'"
    )


def _place(number: int) -> str:
    return f"column_{number}"


def _id_values(spec: ModelSpec) -> list[str]:
    rows = rows_of(spec)
    return [_id_value(spec, column, quoted(_place(number))) for number, column in enumerate(rows.ids)]


def _id_value(spec: ModelSpec, column: Column, place: str) -> str:
    if column.feature_type != "String":
        return f"try_cast({place} AS {TRINO_TYPES[column.feature_type]})"
    return f"from_utf8(from_hex({place}))" if ids_are_hexadecimal(spec) else place


def _output_values(spec: ModelSpec) -> list[str]:
    rows = rows_of(spec)
    first = len(rows.ids) + len(rows.features)
    return [_output_value(column, quoted(_place(first + number))) for number, column in enumerate(rows.outputs)]


def _output_value(column: Column, place: str) -> str:
    if column.feature_type == "String":
        return f"nullif({place}, '')"
    value = f"try_cast({place} AS double)"
    if column.feature_type == "Fractional":
        return value
    # A whole number may be written as 7.0; half of one is none.
    return f"CASE WHEN {value} = floor({value}) THEN try_cast({value} AS bigint) END"


def _values(spec: ModelSpec) -> list[str]:
    values = [*_id_values(spec), *_output_values(spec)]
    return [f"{value} AS {quoted(column.name)}" for value, column in zip(values, _published(spec), strict=True)]


def _counts(spec: ModelSpec) -> str:
    """Return the columns of the one row by which RequireAnswers decides."""
    rows = rows_of(spec)
    spare = quoted(_place(len(rows.ids) + len(rows.features) + len(rows.outputs)))
    counts = {
        "row_count": "count(*)",
        "unnamed": f"count_if({_any_missing(_id_values(spec))})",
        "unanswered": f"count_if({_any_missing(_output_values(spec))})",
        "overlong": f"count_if(coalesce({spare}, '') <> '')",
    }
    return ",\n  ".join(f"{value} AS {name}" for name, value in counts.items())


def _any_missing(values: Sequence[str]) -> str:
    return " OR ".join(f"coalesce(CAST({value} AS varchar), '') = ''" for value in values)
