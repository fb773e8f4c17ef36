"""S3 with small and large objects, against moto_server."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.local_aws import BUCKET, REPOSITORY, free_port, own_environment, peer, sagelocal, scratch
from tests.bench.measure import Row, Sample, alternate

from boatyard.aws.clients import client
from boatyard.cli.environment import program

KEY = "object"
SMALL, LARGE = 1024, 100_000_000  # bytes
SMALL_REQUESTS = 200  # per sample
SMALL_ROUNDS, LARGE_ROUNDS = 7, 5
BAR = 2.0

Call = Callable[[Any, bytes], None]


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


def _sample(call: Call, s3: Any, body: bytes, requests: int, amount: float) -> Sample:
    def sample() -> float:
        started = time.perf_counter()
        for _ in range(requests):
            call(s3, body)
        return requests * amount / (time.perf_counter() - started)

    _put(s3, body)
    sample()  # the first one opens connections and fills caches
    return sample


def _row(name: str, call: Call, size: int) -> Row:
    is_small = size == SMALL
    requests, amount = (SMALL_REQUESTS, 1.0) if is_small else (1, size / 1e6)
    body = os.urandom(size)
    with scratch() as folder, sagelocal(folder, REPOSITORY / "containers") as aws, moto_server(folder) as moto:
        ours, reference = (_sample(call, s3, body, requests, amount) for s3 in (aws.client("s3"), moto))
        measured = alternate(ours, reference, SMALL_ROUNDS if is_small else LARGE_ROUNDS)
    return Row(name, *measured, "requests/s" if is_small else "MB/s", "higher", bar_ratio=BAR)


put_1kb = partial(_row, "s3_put_1kb", _put, SMALL)
get_1kb = partial(_row, "s3_get_1kb", _get, SMALL)
put_100mb = partial(_row, "s3_put_100mb", _put, LARGE)
get_100mb = partial(_row, "s3_get_100mb", _get, LARGE)
