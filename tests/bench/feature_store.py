"""BatchWriteRecord of records of twenty features into the online and the offline store."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.bench.local_aws import BUCKET, ECHO, Sagelocal, sagelocal, scratch, until
from tests.bench.measure import NotMeasuredError, Row

SEND = Path(__file__).parent / "send.py"
GROUP = "bench"
BATCH, REQUESTS, CONNECTIONS = 25, 3000, 4  # records of a call (AWS's limit), calls, keep-alive connections
BAR = 20_000.0  # records per second

_TYPES = ["String"] * 5 + ["Integral"] * 6 + ["Fractional"] * 9
FEATURES = {"id": "String", "event_time": "String"} | {f"feature_{n:02}": kind for n, kind in enumerate(_TYPES[2:])}


def feature_store() -> Row:
    """Measure from the first call to the last answer; the reference is the bar itself."""
    with scratch() as folder, sagelocal(folder, ECHO.parent) as aws:
        _create_group(aws)
        requests = _requests(aws)
        _warm_up(aws)
        cpu = _cpu_seconds(aws.pid)
        took = _send(urlsplit(aws.environment["AWS_ENDPOINT_URL"]).port or 0, requests)
        cpu = _cpu_seconds(aws.pid) - cpu
        ended = time.perf_counter()
        written = REQUESTS * BATCH
        until(lambda: _offline_rows(aws) == written + 1, 120, 0.2, "every record is in the offline store")
        lag = time.perf_counter() - ended
        _check(aws, written)
    print(f"  {cpu:.1f} s of CPU in {took:.1f} s; offline {lag:.1f} s later", file=sys.stderr, flush=True)
    return Row("feature_store", written / took, BAR, "records/s", "higher", bar_ratio=1.0)


def _cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _create_group(aws: Sagelocal) -> None:
    sagemaker = aws.client("sagemaker")
    sagemaker.create_feature_group(
        FeatureGroupName=GROUP,
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="event_time",
        FeatureDefinitions=[{"FeatureName": name, "FeatureType": kind} for name, kind in FEATURES.items()],
        OnlineStoreConfig={"EnableOnlineStore": True},
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/features"}},
        RoleArn=aws.role,
    )
    until(
        lambda: sagemaker.describe_feature_group(FeatureGroupName=GROUP)["FeatureGroupStatus"] == "Created",
        30,
        0.05,
        "the feature group is there",
    )


def _record(number: int, numbers: random.Random) -> list[dict[str, str]]:
    second = number % 3600
    values = {"id": f"customer-{number}", "event_time": f"2026-01-01T00:{second // 60:02}:{second % 60:02}Z"}
    make = {
        "String": lambda: f"category-{numbers.randrange(1000)}",
        "Integral": lambda: str(numbers.randrange(10**6)),
        "Fractional": lambda: f"{numbers.random():.6f}",
    }
    values |= {name: make[kind]() for name, kind in FEATURES.items() if name not in values}
    return [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]


def _requests(aws: Sagelocal) -> bytes:
    """Return the calls, signed: botocore needs more time to make one than the store to carry it out."""
    address = urlsplit(aws.environment["AWS_ENDPOINT_URL"])
    credentials = Credentials(aws.environment["AWS_ACCESS_KEY_ID"], aws.environment["AWS_SECRET_ACCESS_KEY"])
    numbers = random.Random(0)
    calls = []
    for call in range(REQUESTS):
        records = [_record(call * BATCH + entry, numbers) for entry in range(BATCH)]
        body = json.dumps({"Entries": [{"FeatureGroupName": GROUP, "Record": record} for record in records]}).encode()
        headers = {"Content-Type": "application/json"}
        request = AWSRequest("POST", f"{address.geturl()}/BatchWriteRecord", headers=headers, data=body)
        SigV4Auth(credentials, "sagemaker", aws.environment["AWS_REGION"]).add_auth(request)
        lines = ["POST /BatchWriteRecord HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items() if name.lower() != "content-length"]
        calls.append("\r\n".join([*lines, "", ""]).encode() + body)
    return b"".join(calls)


def _send(port: int, requests: bytes) -> float:
    command = [sys.executable, "-I", "-S", str(SEND), str(port), str(CONNECTIONS)]
    client = subprocess.run(command, input=requests, capture_output=True, check=False)
    if client.returncode:
        raise NotMeasuredError(f"the client ended: {client.stderr.decode(errors='replace')}")
    took, status, body = client.stdout.decode().splitlines()
    if status != "HTTP/1.1 200 OK" or json.loads(body) != {"Errors": [], "UnprocessedEntries": []}:
        raise NotMeasuredError(f"the server answered {status} {body}")
    return float(took)


def _offline_rows(aws: Sagelocal) -> int:
    """Return the rows of the offline store, as Athena sees them; NotMeasuredError if one is there twice."""
    athena = aws.client("athena")
    named = aws.client("sagemaker").describe_feature_group(FeatureGroupName=GROUP)
    table = named["OfflineStoreConfig"]["DataCatalogConfig"]
    started = athena.start_query_execution(
        QueryString=f"SELECT count(*), count(DISTINCT id) FROM {table['Database']}.{table['TableName']}",
        ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/results/"},
    )["QueryExecutionId"]
    until(lambda: _state(athena, started) == "SUCCEEDED", 60, 0.02, "the rows are counted")
    counted = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"][1]["Data"]
    rows, distinct = (int(datum["VarCharValue"]) for datum in counted)
    if rows != distinct:
        raise NotMeasuredError(f"{rows} rows of {distinct} records are in the offline store")
    return rows


def _state(athena: Any, execution: str) -> str:
    state: str = athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]["State"]
    return state


def _warm_up(aws: Sagelocal) -> None:
    """Write a record to both stores: the first one loads what they need."""
    record = _record(REQUESTS * BATCH, random.Random(0))
    aws.client("sagemaker-featurestore-runtime").put_record(FeatureGroupName=GROUP, Record=record)
    until(lambda: _offline_rows(aws) == 1, 60, 0.1, "the first record is in the offline store")


def _check(aws: Sagelocal, written: int) -> None:
    runtime = aws.client("sagemaker-featurestore-runtime")
    found = runtime.get_record(FeatureGroupName=GROUP, RecordIdentifierValueAsString=f"customer-{written - 1}")
    if len(found.get("Record", [])) != len(FEATURES):
        raise NotMeasuredError("the last record is not in the online store")
