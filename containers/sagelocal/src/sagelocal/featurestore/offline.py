"""The offline store's files: a batch of rows becomes one Parquet file per hour of event time.

The layout is AWS's: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-offline.html
"""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sagelocal.featurestore.record_log import Batch, PendingRow
from sagelocal.featurestore.values import moment_of

_ALPHABET = string.ascii_letters + string.digits
_CONVERT: dict[str, Callable[[str], Any]] = {"Integral": int, "Fractional": float, "String": str}


def files_of(batch: Batch, features: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """Yield path below the table's location and content of each file; the same batch yields the same again."""
    by_hour: dict[str, list[PendingRow]] = {}
    for row in batch.rows:
        by_hour.setdefault(_partition(moment_of(row.event_time)), []).append(row)
    for partition, rows in by_hour.items():
        latest = moment_of(max(row.event_time for row in rows))
        yield f"{partition}/{latest:%Y%m%dT%H%M%SZ}_{_token(batch, partition)}.parquet", _parquet(batch, rows, features)


def _partition(moment: datetime) -> str:
    return f"year={moment:%Y}/month={moment:%m}/day={moment:%d}/hour={moment:%H}"


def _token(batch: Batch, partition: str) -> str:
    # from the batch, not at random: the file written again after a crash replaces itself
    digest = hashlib.sha256(f"{batch.group_key}/{batch.first}/{partition}".encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:16])


def _parquet(batch: Batch, rows: list[PendingRow], features: list[tuple[str, str]]) -> bytes:
    import pyarrow as pa  # here, because it costs the start of the server a third of its time
    import pyarrow.parquet as pq

    types = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
    moment = pa.timestamp("us")
    bodies = [json.loads(row.body) for row in rows]
    columns: dict[str, Any] = {}
    for name, feature_type in features:
        convert = _CONVERT[feature_type]
        values = [None if (text := body.get(name)) is None else convert(text) for body in bodies]
        columns[name.lower()] = pa.array(values, types[feature_type])
    columns["write_time"] = pa.array([batch.write_time] * len(rows), moment)
    columns["api_invocation_time"] = pa.array([row.invoked for row in rows], moment)
    columns["is_deleted"] = pa.array([row.deleted for row in rows], pa.bool_())
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="snappy")
    content: bytes = sink.getvalue().to_pybytes()
    return content
