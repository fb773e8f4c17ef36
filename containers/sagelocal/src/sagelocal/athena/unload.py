"""The files that queries write: options, places, the list of them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from sagelocal.athena.errors import QueryError
from sagelocal.athena.sources import identifier, literal
from sagelocal.s3.objects import ObjectStore
from sagelocal.s3.uri import split_uri

# https://docs.aws.amazon.com/athena/latest/ug/unload.html
_COMPRESSIONS = {"GZIP": "gzip", "SNAPPY": "snappy", "ZSTD": "zstd", "LZ4": "lz4_raw", "NONE": "uncompressed"}
_FORMATS = ("PARQUET", "TEXTFILE")
_OPTIONS = ("format", "compression", "partitioned_by", "field_delimiter")
DEFAULT_DELIMITER = "\x01"  # Hive's


def copy_options(options: dict[str, str]) -> str:
    """Return the options of DuckDB's COPY for those of UNLOAD."""
    for name in options:
        if name not in _OPTIONS:
            raise QueryError(
                "NOT_SUPPORTED", f"sagelocal's UNLOAD has no option '{name}'; it has {', '.join(_OPTIONS)}"
            )
    form = options.get("format", "").upper()
    if form not in _FORMATS:
        names = " and ".join(f"'{known}'" for known in _FORMATS)
        raise QueryError("NOT_SUPPORTED", f"sagelocal's UNLOAD writes format {names}, not {options.get('format')!r}")
    copy = _text(options) if form == "TEXTFILE" else _parquet(options)
    if options.get("partitioned_by"):
        columns = ", ".join(identifier(name) for name in options["partitioned_by"].split(","))
        return f"{copy}, PARTITION_BY ({columns})"
    return f"{copy}, PER_THREAD_OUTPUT true"


def suffix(options: dict[str, str]) -> str:
    """Return how the names of the files end: text says by its name that it is compressed."""
    return ".gz" if options.get("format", "").upper() == "TEXTFILE" else ""


def _parquet(options: dict[str, str]) -> str:
    compression = options.get("compression", "GZIP").upper()
    if compression not in _COMPRESSIONS:
        names = ", ".join(_COMPRESSIONS)
        raise QueryError("NOT_SUPPORTED", f"sagelocal's UNLOAD has no compression '{compression}'; it has {names}")
    if "field_delimiter" in options:
        raise QueryError("NOT_SUPPORTED", "UNLOAD's field_delimiter is for format 'TEXTFILE'")
    return f"FORMAT parquet, COMPRESSION {_COMPRESSIONS[compression]}"


def _text(options: dict[str, str]) -> str:
    """Return the options for Hive's text: fields as they stand, nothing quoted, always in gzip."""
    compression = options.get("compression", "GZIP").upper()
    if compression != "GZIP":
        raise QueryError("NOT_SUPPORTED", f"UNLOAD of format 'TEXTFILE' is compressed with GZIP, not {compression}")
    delimiter = options.get("field_delimiter", DEFAULT_DELIMITER)
    if len(delimiter) != 1:
        raise QueryError("INVALID_TABLE_PROPERTY", f"field_delimiter must be a single character, not {delimiter!r}")
    return f"FORMAT csv, HEADER false, DELIM {literal(delimiter)}, QUOTE '', ESCAPE '', NULLSTR '\\N', COMPRESSION gzip"


def check_empty(objects: ObjectStore, location: str, table: str = "temp.unload") -> None:
    """Refuse a place where something lies already; neither UNLOAD nor CREATE TABLE AS overwrites."""
    bucket, prefix = split_uri(location)
    if not objects.has_bucket(bucket):
        raise QueryError("HIVE_METASTORE_ERROR", f"The S3 bucket '{bucket}' of location {location} does not exist")
    if next(iter(objects.list(bucket, f"{prefix.rstrip('/')}/" if prefix else "")), None) is not None:
        raise QueryError(
            "HIVE_PATH_ALREADY_EXISTS",
            f"Target directory for table 'awsdatacatalog.{table}' already exists: {location}. "
            f"You may need to manually clean the data at location '{location}' before retrying. "
            "Athena will not delete data in your account.",
        )


def uris(location: str, folder: Path, files: list[Path], end: str) -> list[str]:
    """Return the S3 URI at which each file will lie; `end` is how their names end."""
    stem = f"{time.strftime('%Y%m%d_%H%M%S', time.gmtime())}_{uuid.uuid4().hex[:5]}"
    named = []
    for number, path in enumerate(files):
        name = f"{stem}_{number:05}_{uuid.uuid4()}{end}"
        named.append("/".join((location.rstrip("/"), *path.relative_to(folder).parts[:-1], name)))
    return named


def put_files(objects: ObjectStore, files: list[tuple[str, Path]], check: Callable[[], None]) -> None:
    """Put files at their S3 URIs: all of them or, when the process dies or `check` raises, none."""

    def checked() -> Iterator[tuple[str, str, Path]]:
        for uri, path in files:
            check()
            yield *split_uri(uri), path
        check()

    objects.put_all(checked())


def put_manifest(objects: ObjectStore, location: str, uris: list[str]) -> None:
    """Put the list of the files, one URI per line."""
    objects.put(*split_uri(location), "".join(f"{uri}\n" for uri in uris).encode())
