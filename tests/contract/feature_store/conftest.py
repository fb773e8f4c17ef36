"""Feature groups, their records and their offline files."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.waiting import until

Client = Callable[..., Any]
ROLE = "arn:aws:iam::123456789012:role/boatyard"


class Features:
    """Make feature groups in a bucket, write records and read what becomes of them."""

    def __init__(self, client: Client, bucket: str) -> None:
        self.sagemaker = client("sagemaker")
        self.runtime = client("sagemaker-featurestore-runtime")
        self.s3 = client("s3")
        self.athena = client("athena")
        self.bucket = bucket

    def create_group(self, **changes: Any) -> str:
        """Make a feature group of one feature per type and wait until it is there; return its name."""
        request: dict[str, Any] = {
            "FeatureGroupName": f"group-{uuid.uuid4().hex[:12]}",
            "RecordIdentifierFeatureName": "id",
            "EventTimeFeatureName": "event_time",
            "FeatureDefinitions": [
                {"FeatureName": "id", "FeatureType": "String"},
                {"FeatureName": "event_time", "FeatureType": "String"},
                {"FeatureName": "count", "FeatureType": "Integral"},
                {"FeatureName": "score", "FeatureType": "Fractional"},
            ],
            "OnlineStoreConfig": {"EnableOnlineStore": True},
            "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": f"s3://{self.bucket}/features/"}},
            "RoleArn": ROLE,
            **changes,
        }
        self.sagemaker.create_feature_group(**{key: value for key, value in request.items() if value is not None})
        name: str = request["FeatureGroupName"]
        until(lambda: self.describe(name)["FeatureGroupStatus"] == "Created", f"{name} is there")
        return name

    def describe(self, name: str) -> dict[str, Any]:
        described: dict[str, Any] = self.sagemaker.describe_feature_group(FeatureGroupName=name)
        return described

    def put(self, name: str, **values: str) -> None:
        self.runtime.put_record(FeatureGroupName=name, Record=record(**values))

    def get(self, name: str, identifier: str, **arguments: Any) -> dict[str, str]:
        """Return a record's values by feature; none if there is no record."""
        answer = self.runtime.get_record(FeatureGroupName=name, RecordIdentifierValueAsString=identifier, **arguments)
        return {feature["FeatureName"]: feature["ValueAsString"] for feature in answer.get("Record", [])}

    def delete(self, name: str, identifier: str, event_time: str, **arguments: Any) -> None:
        self.runtime.delete_record(
            FeatureGroupName=name, RecordIdentifierValueAsString=identifier, EventTime=event_time, **arguments
        )

    def offline_prefix(self, name: str) -> str:
        uri: str = self.describe(name)["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
        return uri.removeprefix(f"s3://{self.bucket}/")

    def offline_keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def wait_for_rows(self, name: str, count: int) -> list[dict[str, Any]]:
        """Return the rows of the offline store once it has that many."""
        rows: list[dict[str, Any]] = until(lambda: len(found := self._rows(name)) >= count and found, f"{count} rows")
        assert len(rows) == count
        return rows

    def counted(self, name: str) -> tuple[int, int]:
        """Return how many rows, and how many different records, Athena finds in the offline store."""
        table = self.describe(name)["OfflineStoreConfig"]["DataCatalogConfig"]
        started = self.athena.start_query_execution(
            QueryString=f"SELECT count(*), count(DISTINCT id) FROM {table['Database']}.{table['TableName']}",
            ResultConfiguration={"OutputLocation": f"s3://{self.bucket}/results/"},
        )["QueryExecutionId"]
        until(lambda: self._ended(started), "they are counted")
        rows, records = self.athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"][1]["Data"]
        return int(rows["VarCharValue"]), int(records["VarCharValue"])

    def _ended(self, execution: str) -> bool:
        status = self.athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
        assert status["State"] in ("QUEUED", "RUNNING", "SUCCEEDED"), status
        return bool(status["State"] == "SUCCEEDED")

    def _rows(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        try:
            for key in self.offline_keys(self.offline_prefix(name)):
                body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
                rows += pq.read_table(BytesIO(body)).to_pylist()
        except self.s3.exceptions.NoSuchKey:  # merged with others since it was listed
            return self._rows(name)
        return rows


def record(**values: str) -> list[dict[str, str]]:
    """Return a record as the API takes it."""
    return [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]


@pytest.fixture
def features(client: Client, bucket: str) -> Features:
    """Give feature groups in a new bucket of the shared server."""
    return Features(client, bucket)


@pytest.fixture
def features_of() -> type[Features]:
    """Give the class, for servers of a test's own."""
    return Features
