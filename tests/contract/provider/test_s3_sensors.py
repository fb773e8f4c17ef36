"""The provider's S3 sensors and triggers.

https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/operators/s3/s3.html#sensors
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor, S3KeysUnchangedSensor
from airflow.providers.amazon.aws.triggers.s3 import S3KeysUnchangedTrigger, S3KeyTrigger
from tests.deferral import defer, fire, resume

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

OPTIONS: dict[str, Any] = {"task_id": "wait", "aws_conn_id": None, "poke_interval": 0.1, "timeout": 60}
FORMS: list[Any] = [
    pytest.param({"bucket_key": "in/1.csv"}, id="key"),
    pytest.param({"bucket_key": ["in/1.csv", "in/2.csv"]}, id="keys"),
    pytest.param({"bucket_key": "in/*.csv", "wildcard_match": True}, id="wildcard"),
    pytest.param({"bucket_key": r"in/\d\.csv", "use_regex": True}, id="regex"),
]


@pytest.fixture
def put(client: Client, bucket: str) -> Callable[[], None]:
    """Return a function that puts two objects under in/."""

    def run() -> None:
        for key in ("in/1.csv", "in/2.csv"):
            client("s3").put_object(Bucket=bucket, Key=key, Body=b"1,2\n")

    return run


@pytest.mark.parametrize("form", FORMS)
def test_the_key_sensor_waits_for_a_key(form: dict[str, Any], bucket: str, put: Callable[[], None]) -> None:
    sensor = S3KeySensor(bucket_name=bucket, **form, **OPTIONS)
    assert not sensor.poke({})
    put()
    sensor.execute({})


@pytest.mark.parametrize("form", FORMS)
def test_the_key_trigger_fires_when_the_key_is_there(
    form: dict[str, Any], bucket: str, put: Callable[[], None]
) -> None:
    sensor = S3KeySensor(bucket_name=bucket, deferrable=True, **form, **OPTIONS)
    deferred = defer(sensor, {})
    assert isinstance(deferred.trigger, S3KeyTrigger)
    put()
    event = fire(deferred.trigger)
    assert event == {"status": "success"}
    sensor.execute_complete({}, event)


def test_the_key_sensor_asks_a_function_about_the_files(bucket: str, put: Callable[[], None]) -> None:
    def is_large(files: list[dict[str, Any]]) -> bool:
        return any(file["Size"] > 100 for file in files)

    put()
    sensor = S3KeySensor(bucket_key=f"s3://{bucket}/in/*", wildcard_match=True, check_fn=is_large, **OPTIONS)
    assert sensor.poke({}) is False


def test_the_key_trigger_gives_the_files_to_the_function(client: Client, bucket: str, put: Callable[[], None]) -> None:
    seen: list[list[dict[str, Any]]] = []

    def check(files: list[dict[str, Any]], **_: Any) -> bool:
        seen.append(files)
        return True

    sensor = S3KeySensor(
        bucket_name=bucket,
        bucket_key="in/*",
        wildcard_match=True,
        check_fn=check,
        metadata_keys=["Size", "ETag"],
        deferrable=True,
        **OPTIONS,
    )
    deferred = defer(sensor, {})
    put()
    sensor.execute_complete({}, fire(deferred.trigger))
    assert [(file["Key"], file["Size"]) for file in seen[0]] == [("in/1.csv", 4), ("in/2.csv", 4)]
    etag = client("s3").head_object(Bucket=bucket, Key="in/1.csv")["ETag"]
    assert [file["ETag"] for file in seen[0]] == [etag, etag]


def test_the_key_trigger_tells_that_the_bucket_is_not_there() -> None:
    event = fire(S3KeyTrigger("no-such-bucket-here", "in/*", wildcard_match=True, aws_conn_id=None))
    assert event["status"] == "error"
    assert "NoSuchBucket" in event["message"]


def test_the_unchanged_sensor_waits_until_no_more_objects_come(bucket: str, put: Callable[[], None]) -> None:
    sensor = S3KeysUnchangedSensor(bucket_name=bucket, prefix="in/", inactivity_period=0, min_objects=2, **OPTIONS)
    assert not sensor.poke({})
    put()
    assert not sensor.poke({})  # two new ones
    sensor.execute({})
    assert sensor.previous_objects == {"in/1.csv", "in/2.csv"}


def test_the_unchanged_sensor_fails_where_an_object_may_not_go(
    client: Client, bucket: str, put: Callable[[], None]
) -> None:
    put()
    sensor = S3KeysUnchangedSensor(bucket_name=bucket, prefix="in/", allow_delete=False, **OPTIONS)
    sensor.poke({})
    client("s3").delete_object(Bucket=bucket, Key="in/1.csv")
    with pytest.raises(Exception, match="objects were deleted"):
        sensor.poke({})


def test_the_unchanged_trigger_resumes_the_sensor(bucket: str, put: Callable[[], None]) -> None:
    put()
    sensor = S3KeysUnchangedSensor(bucket_name=bucket, prefix="in/", inactivity_period=0, deferrable=True, **OPTIONS)
    assert resume(sensor, {}) is None
    event = fire(S3KeysUnchangedTrigger(bucket, "in/", inactivity_period=0, aws_conn_id=None))
    assert event["status"] == "success"
    assert event["message"].startswith("SUCCESS: Sensor found 2 objects")
