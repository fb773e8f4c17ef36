"""A model's data as Athena sees them: its newest training set, or what would be one now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from boatyard.aws import athena, features
from boatyard.aws.errors import EmptyTrainingSetError
from boatyard.aws.queries import Queries
from boatyard.cli.runs.target import Target
from boatyard.spec import ModelSpec
from boatyard.spec.words import database_token, fill, table_token
from boatyard.steps import point_in_time, profile
from boatyard.steps.sql import GLUE_TYPES, quoted


@dataclass(frozen=True)
class Relation:
    """Something to select from."""

    sql: str
    words: str  # what it is, for a person


def first_checks(spec: ModelSpec, target: Target, as_of: str) -> tuple[list[dict[str, dict[str, Any]]], str]:
    """Return checks that a model's data pass, and which data those are; nothing is pulled but figures."""
    columns = point_in_time.columns(spec)
    relation = _newest_snapshot(spec, target) or _query(spec, target, as_of)
    queries = Queries(target.clients)
    answers: dict[str, str | None] = {}
    for sql in profile.figure_queries(columns, relation.sql):
        answers |= _row(spec, target, queries, sql)
    if not int(answers["rows"] or 0):
        raise EmptyTrainingSetError(f"{relation.words} has no rows")
    found = list(profile.figures(columns, answers))
    few = [place for place, one in enumerate(found) if profile.has_few_values(one)]
    if few:
        listed = _row(spec, target, queries, profile.values_query([found[place].column for place in few], relation.sql))
        for number, place in enumerate(few):
            found[place] = replace(found[place], values=profile.values(listed[f"values_{number}"]))
    return profile.first_checks(found, spec.spine_group.record_identifier), relation.words


def _newest_snapshot(spec: ModelSpec, target: Target) -> Relation | None:
    """Return the newest table of a training set with the columns that the spec asks for now."""
    database = target.deployment.glue_database
    wanted = {column.name: GLUE_TYPES[column.feature_type] for column in point_in_time.columns(spec)}
    tables = athena.tables(target.clients.get("athena"), database, f"{spec.table_name}_")
    fitting = [table for table in tables if {one["Name"]: one["Type"] for one in table["Columns"]} == wanted]
    if not fitting:
        return None
    newest = max(fitting, key=lambda table: table["CreateTime"])["Name"]
    return Relation(f"{quoted(database)}.{quoted(newest)}", f"the training set {database}.{newest}")


def _query(spec: ModelSpec, target: Target, as_of: str) -> Relation:
    words: dict[str, str] = {}
    for group in spec.groups:
        table = features.offline_table(target.clients.get("sagemaker"), group)
        words |= {table_token(group): table.table, database_token(group): table.database}
    sql = fill(point_in_time.query(spec, as_of), words)
    return Relation(f"(\n{sql}\n) AS training_set", f"the feature store as of {as_of}")


def _row(spec: ModelSpec, target: Target, queries: Queries, sql: str) -> Mapping[str, str | None]:
    output = f"s3://{target.deployment.bucket}/{spec.name}/profile/"
    request = {"QueryString": sql, "ResultConfiguration": {"OutputLocation": output}}
    return queries.first_row(queries.run(request))
