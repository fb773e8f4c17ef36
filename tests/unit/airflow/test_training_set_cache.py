"""A training set that is there already is taken again, in the Athena of a real sagelocal."""

from __future__ import annotations

import uuid
from typing import Any

from tests.unit.airflow.conftest import Task
from tests.unit.airflow.test_data_operators import Client, group, operator, run, seen, spec, tables
from tests.waiting import until

from boatyard.aws import athena, features
from boatyard.aws.cache import entries
from boatyard.spec import ModelSpec
from boatyard.steps import RunContext

__all__ = ["group", "run", "seen", "spec"]  # fixtures


def test_a_training_set_of_the_same_records_is_taken_again(
    client: Client, spec: ModelSpec, run: RunContext, seen: dict[str, Any]
) -> None:
    rule = {"place": f"s3://{run.deployment.bucket}/digits/cache/training_set"}

    def location(cache: dict[str, Any], task: Task | None = None) -> str:
        made: str = operator(spec, run, cache=cache).execute((task or Task()).context())["location"]
        return made

    s3, task = client("s3"), Task()
    first = location(rule, task)
    assert location(rule) == first
    assert location(rule | {"force": "True"}) != first
    task.clear()
    latest = location(rule, task)
    assert latest != first
    assert location(rule) == latest
    for name in tables(client, run):
        athena.run(client("athena"), dropping(run, name))
    again = location(rule)
    assert again != latest
    assert location(rule) == again
    bucket, _, prefix = again.removeprefix("s3://").partition("/")
    for found in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
        s3.delete_object(Bucket=bucket, Key=found["Key"])
    assert location(rule) != again


def dropping(run: RunContext, table: str) -> dict[str, Any]:
    return {
        "QueryString": f"DROP TABLE `{run.deployment.glue_database}`.`{table}`",
        "ResultConfiguration": {"OutputLocation": f"s3://{run.deployment.bucket}/dropped/"},
    }


def test_records_that_came_since_make_another_training_set(
    client: Client, spec: ModelSpec, run: RunContext, group: str, seen: dict[str, Any]
) -> None:
    rule = {"place": f"s3://{run.deployment.bucket}/digits/cache/training_set"}
    first = operator(spec, run, cache=rule).execute(Task().context())
    values = {feature: "0" for feature in spec.spine_group.features} | {
        "record_id": f"digit-{uuid.uuid4()}",
        "event_time": "2025-03-01T00:00:00Z",  # after as_of: not in the set, yet a file of the offline store
    }
    record = [{"FeatureName": feature, "ValueAsString": value} for feature, value in values.items()]
    client("sagemaker-featurestore-runtime").put_record(FeatureGroupName=group, Record=record)
    looking = features.offline_table(client("sagemaker"), group).location
    before = entries.outputs(client("s3"), {"records": looking})
    until(lambda: entries.outputs(client("s3"), {"records": looking}) != before, "another file")
    second = operator(spec, run, cache=rule).execute(Task().context())
    assert second["location"] != first["location"]
    assert second["content_hash"] == first["content_hash"]
