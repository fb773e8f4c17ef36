"""Load on Feature Store and Athena: records of both stores, and queries."""

from __future__ import annotations

import csv
import io
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from botocore.exceptions import ClientError
from tests.chaos.sagelocal.ledger import ABSENT, LOST, WRONG, Cell, Clients, Findings
from tests.chaos.sagelocal.objects import BUCKET

GROUP = "chaos"
_ROLE = "arn:aws:iam::123456789012:role/boatyard"
_RECORDS = 10
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_PATIENCE = 60.0  # seconds until what was written is in the offline store, and until a query has ended
_FEATURES = (("id", "String"), ("event_time", "String"), ("value", "Integral"))


class Records:
    """Put, put in batches, and delete records of a feature group with both stores."""

    def __init__(self, clients: Clients, random: Random, findings: Findings) -> None:
        self._sagemaker = clients("sagemaker")
        self._runtime = clients("sagemaker-featurestore-runtime")
        self._queries = Queries(clients, random, findings)
        self._random = random
        self._findings = findings
        self._number = 0
        self._cells = {f"r{number}": Cell(f"record r{number}") for number in range(_RECORDS)}
        self._sent: Counter[str] = Counter()  # event times of rows that may be in the offline store
        self._acknowledged: set[str] = set()  # and of those that must be

    def create(self) -> None:
        """Make the group."""
        self._sagemaker.create_feature_group(
            FeatureGroupName=GROUP,
            RecordIdentifierFeatureName="id",
            EventTimeFeatureName="event_time",
            FeatureDefinitions=[{"FeatureName": name, "FeatureType": of} for name, of in _FEATURES],
            OnlineStoreConfig={"EnableOnlineStore": True},
            OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/features/"}},
            RoleArn=_ROLE,
        )
        while self._describe()["FeatureGroupStatus"] == "Creating":
            time.sleep(0.05)

    def _describe(self) -> dict[str, Any]:
        described: dict[str, Any] = self._sagemaker.describe_feature_group(FeatureGroupName=GROUP)
        return described

    def act(self) -> None:
        """Write or delete one record."""
        self._number += 1
        number, identifier = self._number, self._random.choice(list(self._cells))
        moment = (_BEGIN + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        if self._random.random() < 0.15:
            named = {"FeatureGroupName": GROUP, "RecordIdentifierValueAsString": identifier, "EventTime": moment}
            self._cells[identifier].write(ABSENT, lambda: self._runtime.delete_record(**named))
            self._findings.count("DeleteRecord")
            return
        values = {"id": identifier, "event_time": moment, "value": str(number)}
        record = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
        self._sent[moment] += 1
        self._cells[identifier].write(
            str(number), lambda: self._runtime.put_record(FeatureGroupName=GROUP, Record=record)
        )
        self._acknowledged.add(moment)
        self._findings.count("PutRecord")

    def check(self) -> None:
        """Compare the online store."""
        for identifier, cell in self._cells.items():
            found = self._runtime.get_record(FeatureGroupName=GROUP, RecordIdentifierValueAsString=identifier)
            values = {one["FeatureName"]: one["ValueAsString"] for one in found.get("Record", [])}
            cell.check(values.get("value", ABSENT), self._findings)

    def finish(self) -> None:
        """Compare both stores: every acknowledged record is one row of the offline store."""
        self.check()
        catalog = self._describe()["OfflineStoreConfig"]["DataCatalogConfig"]
        statement = f"SELECT event_time FROM {catalog['Database']}.{catalog['TableName']} WHERE NOT is_deleted"
        deadline = time.monotonic() + _PATIENCE
        while missing := self._acknowledged - set(rows := self._queries.values(statement)):
            if time.monotonic() > deadline:
                self._findings.add(LOST, f"the offline store lacks {len(missing)} records: {sorted(missing)[:5]}")
                break
            time.sleep(0.2)
        if surplus := Counter(rows) - self._sent:
            self._findings.add(WRONG, f"the offline store has records more than once: {sorted(surplus)[:5]}")


class Queries:
    """Start queries, each with a token of its own."""

    def __init__(self, clients: Clients, random: Random, findings: Findings) -> None:
        self._athena, self._s3 = clients("athena"), clients("s3")
        self._findings = findings
        self._random = random
        self._number = 0
        self._token = ""  # of a start that was not answered: it is sent again
        self._started: dict[str, int] = {}

    def act(self) -> None:
        """Start a query, or again one whose answer was lost."""
        if not self._token:
            self._token = uuid.uuid4().hex
            self._number += 1
        identifier = self._start(f"SELECT {self._number} AS n", self._token)
        self._started[identifier], self._token = self._number, ""
        self._findings.count("StartQueryExecution")
        time.sleep(0.05)

    def _start(self, statement: str, token: str) -> str:
        place = {"OutputLocation": f"s3://{BUCKET}/results/"}
        started = self._athena.start_query_execution(
            QueryString=statement, ClientRequestToken=token, ResultConfiguration=place
        )
        if "QueryExecutionId" not in started:
            raise ValueError(f"StartQueryExecution answered {started}")
        identifier: str = started["QueryExecutionId"]
        return identifier

    def values(self, statement: str) -> list[str]:
        """Return the first column of a query's rows."""
        identifier = self._start(statement, uuid.uuid4().hex)
        status = self._ended(identifier)
        if status["State"] != "SUCCEEDED":
            self._findings.add(WRONG, f"{statement}: {status.get('StateChangeReason')}")
        return self._rows(identifier)[1:] if status["State"] == "SUCCEEDED" else []

    def _ended(self, identifier: str) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while True:
            found = self._athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
            status: dict[str, Any] = found["Status"]
            if status["State"] not in {"QUEUED", "RUNNING"} or time.monotonic() > deadline:
                return status
            time.sleep(0.05)

    def _rows(self, identifier: str) -> list[str]:
        text = self._s3.get_object(Bucket=BUCKET, Key=f"results/{identifier}.csv")["Body"].read().decode()
        return [row[0] for row in csv.reader(io.StringIO(text))]

    def check(self) -> None:
        """Compare what came of every query that was started: a whole result, or a reason."""
        for identifier, number in self._started.items():
            try:
                status = self._ended(identifier)
            except ClientError as error:
                self._findings.add(LOST, f"query {identifier}: {error}")
                continue
            if status["State"] == "SUCCEEDED":
                if (rows := self._rows(identifier)) != ["n", str(number)]:
                    self._findings.add(WRONG, f"query {identifier} gave {rows}, not {number}")
            elif status["State"] != "FAILED" or not status.get("StateChangeReason"):
                self._findings.add(WRONG, f"query {identifier} is {status}")
            self._findings.count(f"queries {status['State']}")
        self._started.clear()

    def finish(self) -> None:
        """Wait for what runs."""
        self.check()
