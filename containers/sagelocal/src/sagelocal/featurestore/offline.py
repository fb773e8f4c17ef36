"""The offline store's files: a batch of rows becomes one Parquet file per hour of event time.

The layout is AWS's: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-offline.html
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sagelocal.featurestore.record_log import Batch
from sagelocal.featurestore.values import moment_of

if TYPE_CHECKING:
    import pyarrow as pa

_ALPHABET = string.ascii_letters + string.digits
_CONVERT: dict[str, Callable[[str], Any]] = {"Integral": int, "Fractional": float, "String": str}
_BLOCK = 8 << 20  # bytes of lines read at once; a line must fit


def files_of(batch: Batch, features: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """Yield path below the table's location and content of each file; the same batch yields the same again."""
    import pyarrow as pa  # here, because it costs the start of the server a third of its time
    import pyarrow.compute as pc

    lines = _read(batch.lines, features)
    moments = lines["t"].combine_chunks().cast(pa.timestamp("ns"))
    hours = pc.floor_temporal(moments, unit="hour").cast(pa.int64())
    table = _typed(lines, features, batch.write_time)
    for value in hours.unique().to_pylist():
        mask = pc.equal(hours, value)
        partition = _partition(moment_of(value))
        latest = moment_of(pc.max(moments.cast(pa.int64()).filter(mask)).as_py())
        path = f"{partition}/{latest:%Y%m%dT%H%M%SZ}_{token(f'{batch.group_key}/{batch.first}/{partition}')}.parquet"
        yield path, parquet(table.filter(mask))


def _partition(moment: datetime) -> str:
    return f"year={moment:%Y}/month={moment:%m}/day={moment:%d}/hour={moment:%H}"


def token(seed: str) -> str:
    """Return sixteen letters and digits, those of the seed: a file written again after a crash replaces itself."""
    digest = hashlib.sha256(seed.encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:16])


def _read(lines: str, features: list[tuple[str, str]]) -> pa.Table:
    import pyarrow as pa
    from pyarrow import json

    texts = pa.struct([(name, pa.string()) for name, _ in features])
    schema = pa.schema([("t", pa.int64()), ("i", pa.int64()), ("d", pa.bool_()), ("v", texts)])
    data = lines.encode()
    return json.read_json(
        pa.BufferReader(data),
        json.ReadOptions(use_threads=False, block_size=max(_BLOCK, len(data))),
        json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    )


def _typed(lines: pa.Table, features: list[tuple[str, str]], write_time: int) -> pa.Table:
    import pyarrow as pa

    moment = pa.timestamp("us")
    values = lines["v"].combine_chunks()
    columns = {name.lower(): _column(values.field(name), kind) for name, kind in features}
    columns["write_time"] = pa.repeat(pa.scalar(write_time, moment), len(values))
    columns["api_invocation_time"] = lines["i"].cast(moment)
    columns["is_deleted"] = lines["d"]
    return pa.Table.from_arrays(list(columns.values()), list(columns))


def _column(texts: pa.Array, feature_type: str) -> pa.Array:
    import pyarrow as pa

    types = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
    try:
        return texts.cast(types[feature_type])
    except pa.ArrowInvalid:  # a way to write numbers that Arrow does not know, such as +1
        convert = _CONVERT[feature_type]
        return pa.array([None if text is None else convert(text) for text in texts.to_pylist()], types[feature_type])


def parquet(table: pa.Table) -> bytes:
    """Return a table as a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="snappy")
    content: bytes = sink.getvalue().to_pybytes()
    return content
