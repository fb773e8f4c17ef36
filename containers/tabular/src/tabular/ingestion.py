"""What a feature group's ingest.py is made of: rows into the feature group, each exactly once, and ingested.json."""

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
WRITE_BATCH, READ_BATCH = 25, 100  # the most that BatchWriteRecord and BatchGetRecord take
RETRIES = 8

Record = list[dict[str, str]]


def ingest(
    rows: Iterable[Mapping[str, object]], record_identifier: str = "record_id", event_time: str = "event_time"
) -> int:
    """Write rows (feature name to value) into the group that the command line names; return an exit code.

    ingested.json says how many records the rows are and between which event times they lie.
    """
    arguments = parse_arguments()
    client = boto3.client(
        "sagemaker-featurestore-runtime",
        config=Config(max_pool_connections=arguments.threads, retries={"mode": "standard", "max_attempts": RETRIES}),
    )
    records = [record_of(row) for row in rows]
    writer = Writer(client, arguments.feature_group_name, record_identifier, event_time)
    try:
        written = writer.write_missing(records, arguments.threads)
    except RefusedError as error:
        print(f"ingest: {error}", file=sys.stderr)
        return 1
    summary: dict[str, object] = {"records": len(records)}
    if records:
        times = [value_of(record, event_time) for record in records]
        summary |= {"first_event_time": min(times), "last_event_time": max(times)}
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    unfinished = arguments.output_dir / ".ingested.json"
    unfinished.write_text(json.dumps(summary) + "\n", encoding="utf-8")
    unfinished.replace(arguments.output_dir / "ingested.json")
    print(f"{len(records)} records in {arguments.feature_group_name}, {written} of them written now: {summary}")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--feature-group-name", required=True)
    parser.add_argument("--output-dir", type=Path, default=BASE / "processing" / "output")
    parser.add_argument("--threads", type=int, default=4)
    return parser.parse_args()


class RefusedError(Exception):
    """Name the records that the feature store did not take, and why."""


class Writer:
    """Write records into a feature group, whose names of record identifier and event time it is told."""

    def __init__(
        self, client: Any, group: str, record_identifier: str = "record_id", event_time: str = "event_time"
    ) -> None:
        self._client = client
        self._group = group
        self._record_identifier = record_identifier
        self._event_time = event_time

    def write_missing(self, records: list[Record], threads: int) -> int:
        """Write the records that the group does not hold yet and return how many those were.

        A record's version is its event time: one that is there with the same event time is the same record, and
        writing it again would only leave one more copy in the offline store.
        """
        with ThreadPoolExecutor(threads) as pool:
            present = set(itertools.chain(*pool.map(self._held, chunks(records, READ_BATCH))))
            missing = [record for record in records if self._version(record) not in present]
            # every batch is tried before the first refusal is reported: what is right is in, whatever else is wrong
            refusals = list(itertools.chain(*pool.map(self._write, chunks(missing, WRITE_BATCH))))
        if refusals:
            shown = "; ".join(refusals[:5])
            raise RefusedError(f"{self._group} refused {len(refusals)} of {len(missing)} records: {shown}")
        return len(missing)

    def _held(self, records: list[Record]) -> list[tuple[str, str]]:
        """Return the versions of these records that the online store holds."""
        asked = {
            "FeatureGroupName": self._group,
            "RecordIdentifiersValueAsString": [value_of(record, self._record_identifier) for record in records],
            "FeatureNames": [self._record_identifier, self._event_time],
        }
        answer = retried(lambda ids: self._client.batch_get_record(Identifiers=ids), [asked], "UnprocessedIdentifiers")
        found = list(itertools.chain(*(part["Records"] for part in answer)))
        errors = list(itertools.chain(*(part["Errors"] for part in answer)))
        if errors:
            raise RefusedError(f"{self._group} cannot be read: {errors[0]['ErrorCode']}: {errors[0]['ErrorMessage']}")
        return [self._version(entry["Record"]) for entry in found]

    def _write(self, records: list[Record]) -> list[str]:
        """Write up to 25 records and return what was refused, one line each."""
        entries = [{"FeatureGroupName": self._group, "Record": record} for record in records]
        answer = retried(lambda rest: self._client.batch_write_record(Entries=rest), entries, "UnprocessedEntries")
        errors = itertools.chain(*(part["Errors"] for part in answer))
        return [
            f"{value_of(error['Entry']['Record'], self._record_identifier)}: "
            f"{error['ErrorCode']}: {error['ErrorMessage']}"
            for error in errors
        ]

    def _version(self, record: Record) -> tuple[str, str]:
        return value_of(record, self._record_identifier), value_of(record, self._event_time)


def retried(call: Any, asked: list[Any], unprocessed: str) -> list[Any]:
    """Call until nothing is left unprocessed, waiting longer each time; return all answers."""
    answers = []
    for attempt in range(RETRIES):
        answers.append(call(asked))
        asked = answers[-1][unprocessed]
        if not asked:
            return answers
        time.sleep(min(0.05 * 2**attempt, 5))
    raise RefusedError(f"the feature store left {len(asked)} entries unprocessed, {RETRIES} times")


def record_of(row: Mapping[str, object]) -> Record:
    """Return a row as the feature store takes it: values as text, absent ones left out."""
    return [{"FeatureName": name, "ValueAsString": str(value)} for name, value in row.items() if value is not None]


def chunks(records: list[Record], size: int) -> Iterator[list[Record]]:
    return (records[start : start + size] for start in range(0, len(records), size))


def value_of(record: Record, name: str) -> str:
    return next(feature["ValueAsString"] for feature in record if feature["FeatureName"] == name)
