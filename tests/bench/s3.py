"""S3 with small objects through boto3 and large ones as boto3 sends them, against moto_server."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.local_aws import BUCKET, REPOSITORY, free_port, own_environment, peer, sagelocal, scratch
from tests.bench.measure import NotMeasuredError, Row, Sample, alternate
from tests.bench.replay import recorded

from boatyard.aws.clients import client
from boatyard.cli.environment import program

KEY = "object"
SMALL, LARGE = 1024, 100_000_000  # bytes
SMALL_REQUESTS = 200  # per sample
SMALL_ROUNDS, LARGE_ROUNDS = 7, 9
BAR = 2.0

Call = Callable[[Any, bytes], None]
Sampled = Callable[[Call, Any, bytes], Sample]


@contextmanager
def moto_server(folder: Path) -> Iterator[Any]:
    """Start moto's server and yield an S3 client of it."""
    port = free_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
    }
    command = [program("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with peer(command, own_environment(), port, folder / "moto.log"):
        s3 = client("s3", environment)
        s3.create_bucket(Bucket=BUCKET)
        yield s3


def _put(s3: Any, body: bytes) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=body)


def _get(s3: Any, body: bytes) -> None:
    got = s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    if got != body:
        raise ValueError(f"got {len(got)} other bytes than were put")


def _sample(call: Call, s3: Any, body: bytes) -> Sample:
    def sample() -> float:
        started = time.perf_counter()
        for _ in range(SMALL_REQUESTS):
            call(s3, body)
        return SMALL_REQUESTS / (time.perf_counter() - started)

    _put(s3, body)
    sample()  # the first one opens connections and fills caches
    return sample


def _large_sample(call: Call, s3: Any, body: bytes) -> Sample:
    _put(s3, body)
    replay = recorded(s3, lambda: call(s3, body))
    answer = memoryview(bytearray(LARGE))

    def sample() -> float:
        started = time.perf_counter()
        size = replay.send(answer)
        took = time.perf_counter() - started
        if answer[:size] != (body if call is _get else b""):
            raise NotMeasuredError(f"the server answered {size} other bytes than it should")
        return LARGE / 1e6 / took

    sample()
    return sample


def _row(name: str, call: Call, size: int, sampled: Sampled, rounds: int, unit: str) -> Row:
    body = os.urandom(size)
    with scratch() as folder, sagelocal(folder, REPOSITORY / "containers") as aws, moto_server(folder) as moto:
        ours, reference = (sampled(call, s3, body) for s3 in (aws.client("s3"), moto))
        measured = alternate(ours, reference, rounds)
    return Row(name, *measured, unit, "higher", bar_ratio=BAR)


_small = partial(_row, size=SMALL, sampled=_sample, rounds=SMALL_ROUNDS, unit="requests/s")
_large = partial(_row, size=LARGE, sampled=_large_sample, rounds=LARGE_ROUNDS, unit="MB/s")

put_1kb = partial(_small, "s3_put_1kb", _put)
get_1kb = partial(_small, "s3_get_1kb", _get)
put_100mb = partial(_large, "s3_put_100mb", _put)
get_100mb = partial(_large, "s3_get_100mb", _get)
