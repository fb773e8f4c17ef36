"""training_set: built next to the data by Athena; no row passes through a worker."""

import hashlib
from collections.abc import Sequence

from boatyard.spec import ModelSpec
from boatyard.spec.columns import Column
from boatyard.steps import locations
from boatyard.steps.point_in_time import columns, query
from boatyard.steps.run import CONTENT_HASH, JOB_NAME, JOB_TABLE, Request, RunContext
from boatyard.steps.sql import GLUE_TYPES, backquoted, listed, literal, quoted


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return the statements that leave a snapshot, as Parquet and as a table named by its contents."""
    groups = [spec.spine_group.name, *(join.group for join in spec.features.join)]
    rows = {"Column": "row_count", "AtLeast": 1, "FeatureGroup": spec.spine_group.name}
    return (
        *(Request("sagemaker", "DescribeFeatureGroup", {"FeatureGroupName": name}) for name in groups),
        *(_statement(spec, run, purpose, sql) for purpose, sql in statements(spec, run).items()),
        Request("boatyard", "RequireRows", rows),
    )


def result(spec: ModelSpec, run: RunContext) -> dict[str, str]:
    """Return what is known of the step's result before it has run."""
    return {
        "database": run.deployment.glue_database,
        "table": f"{spec.table_name}_{CONTENT_HASH}",
        "location": locations.own(spec, run, "training_set", "data/"),
    }


def statements(spec: ModelSpec, run: RunContext) -> dict[str, str]:
    """Return the statements by what they are for, in the order in which they run."""
    database = run.deployment.glue_database
    made_of = columns(spec)
    data = locations.own(spec, run, "training_set", "data/")
    final = f"{spec.table_name}_{CONTENT_HASH}"
    return {
        "database": f"CREATE DATABASE IF NOT EXISTS {backquoted(database)}",
        "unload": (
            f"UNLOAD (\n{query(spec, run.as_of)}\n)\nTO {literal(data)}\n"
            "WITH (format = 'PARQUET', compression = 'SNAPPY')"
        ),
        "snapshot": _table(database, JOB_TABLE, made_of, data),
        "content": _content(database, made_of),
        "table": _table(database, final, made_of, data),
        "tidy": f"DROP TABLE IF EXISTS {backquoted(database)}.{backquoted(JOB_TABLE)}",
    }


def _statement(spec: ModelSpec, run: RunContext, purpose: str, sql: str) -> Request:
    params = {
        "QueryString": sql,
        # At least 32 characters; a retry that attaches to the same job name gets the same execution.
        "ClientRequestToken": f"boatyard-training-set-{purpose:-<10}-{JOB_NAME}",
        "ResultConfiguration": {"OutputLocation": locations.own(spec, run, "training_set", "athena/")},
    }
    return Request("athena", "StartQueryExecution", params)


def _table(database: str, table: str, made_of: Sequence[Column], location: str) -> str:
    described = ",\n".join(f"  {backquoted(column.name)} {GLUE_TYPES[column.feature_type]}" for column in made_of)
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {backquoted(database)}.{backquoted(table)} (\n{described}\n)\n"
        f"STORED AS PARQUET\nLOCATION {literal(location)}"
    )


def _content(database: str, made_of: Sequence[Column]) -> str:
    """Return the query of an order-free hash: equal for shuffled files and any number of them.

    The columns' names and types are hashed along, else sets of equal values would share one table.
    """
    schema = ",".join(f"{column.name} {column.feature_type}" for column in made_of)
    digest = hashlib.sha256(schema.encode()).hexdigest()[:16]
    values = listed([literal(digest), *(quoted(column.name) for column in made_of)])
    return (
        f"SELECT lower(to_hex(checksum(row({values})))) AS content_hash,\n  count(*) AS row_count\n"
        f"FROM {quoted(database)}.{quoted(JOB_TABLE)}"
    )
