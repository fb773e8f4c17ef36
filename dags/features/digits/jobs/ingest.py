"""Write the UCI handwritten digits that ship with scikit-learn into a feature group, as a SageMaker processing job."""

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
FIRST_EVENT_TIME = datetime(2025, 1, 1, tzinfo=UTC)
BETWEEN_EVENTS = timedelta(minutes=1)
WRITE_BATCH, READ_BATCH = 25, 100  # the most that BatchWriteRecord and BatchGetRecord take
RETRIES = 8

Record = list[dict[str, str]]


def main() -> int:
    arguments = parse_arguments()
    client = boto3.client(
        "sagemaker-featurestore-runtime",
        config=Config(max_pool_connections=arguments.threads, retries={"mode": "standard", "max_attempts": RETRIES}),
    )
    records = list(digits())
    try:
        written = write_missing(client, arguments.feature_group_name, records, arguments.threads)
    except RefusedError as error:
        print(f"ingest: {error}", file=sys.stderr)
        return 1
    times = sorted(value_of(record, "event_time") for record in records)
    summary = {"records": len(records), "first_event_time": times[0], "last_event_time": times[-1]}
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    unfinished = arguments.output_dir / ".ingested.json"
    unfinished.write_text(json.dumps(summary) + "\n", encoding="utf-8")
    unfinished.replace(arguments.output_dir / "ingested.json")
    print(f"{len(records)} records in {arguments.feature_group_name}, {written} of them written now: {summary}")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feature-group-name", required=True)
    parser.add_argument("--output-dir", type=Path, default=BASE / "processing" / "output")
    parser.add_argument("--threads", type=int, default=4)
    return parser.parse_args()


def digits() -> Iterator[Record]:
    """Yield each row as the record of a feature group, one a minute from the start of 2025."""
    from sklearn.datasets import load_digits  # slow, and not needed to say what an argument means

    data = load_digits()
    for row, (pixels, digit) in enumerate(zip(data.data, data.target, strict=True)):
        event_time = FIRST_EVENT_TIME + row * BETWEEN_EVENTS
        values: dict[str, object] = {
            "record_id": f"digit-{row + 1:04d}",
            "event_time": event_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            **{f"pixel_{number}": int(pixel) for number, pixel in enumerate(pixels)},
            "digit": int(digit),
        }
        yield [{"FeatureName": name, "ValueAsString": str(value)} for name, value in values.items()]


class RefusedError(Exception):
    """Name the records that the feature store did not take, and why."""


def write_missing(client: Any, group: str, records: list[Record], threads: int) -> int:
    """Write the records that the group does not hold yet and return how many those were.

    A record's version is its event time: one that is there with the same event time is the same record, and writing it
    again would only leave one more copy in the offline store.
    """
    with ThreadPoolExecutor(threads) as pool:
        present = set(itertools.chain(*pool.map(partial(held, client, group), chunks(records, READ_BATCH))))
        missing = [record for record in records if version(record) not in present]
        # every batch is tried before the first refusal is reported: what is right is in, whatever else is wrong
        refusals = list(itertools.chain(*pool.map(partial(write, client, group), chunks(missing, WRITE_BATCH))))
    if refusals:
        shown = "; ".join(refusals[:5])
        raise RefusedError(f"{group} refused {len(refusals)} of {len(missing)} records: {shown}")
    return len(missing)


def held(client: Any, group: str, records: list[Record]) -> list[tuple[str, str]]:
    """Return the versions of these records that the online store holds."""
    identifiers = [value_of(record, "record_id") for record in records]
    answer = retried(
        lambda asked: client.batch_get_record(Identifiers=asked),
        [
            {
                "FeatureGroupName": group,
                "RecordIdentifiersValueAsString": identifiers,
                "FeatureNames": ["record_id", "event_time"],
            }
        ],
        "UnprocessedIdentifiers",
    )
    found = list(itertools.chain(*(part["Records"] for part in answer)))
    errors = list(itertools.chain(*(part["Errors"] for part in answer)))
    if errors:
        raise RefusedError(f"{group} cannot be read: {errors[0]['ErrorCode']}: {errors[0]['ErrorMessage']}")
    return [version(entry["Record"]) for entry in found]


def write(client: Any, group: str, records: list[Record]) -> list[str]:
    """Write up to 25 records and return what was refused, one line each."""
    answer = retried(
        lambda asked: client.batch_write_record(Entries=asked),
        [{"FeatureGroupName": group, "Record": record} for record in records],
        "UnprocessedEntries",
    )
    errors = itertools.chain(*(part["Errors"] for part in answer))
    return [
        f"{value_of(error['Entry']['Record'], 'record_id')}: {error['ErrorCode']}: {error['ErrorMessage']}"
        for error in errors
    ]


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


def chunks(records: list[Record], size: int) -> Iterable[list[Record]]:
    return (records[start : start + size] for start in range(0, len(records), size))


def version(record: Record) -> tuple[str, str]:
    return value_of(record, "record_id"), value_of(record, "event_time")


def value_of(record: Record, name: str) -> str:
    return next(feature["ValueAsString"] for feature in record if feature["FeatureName"] == name)


if __name__ == "__main__":
    sys.exit(main())
