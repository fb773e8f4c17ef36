"""S3: a model's source code goes up, small results come down."""

from __future__ import annotations

import gzip
import io
import json
import logging
import tarfile
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import PermanentError, StepError, error_code
from boatyard.spec import code_files, code_hash

log = logging.getLogger(__name__)

ARCHIVE = "sourcedir.tar.gz"
CODE_FOLDER = "jobs/"


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of `s3://bucket/key`."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise PermanentError(f"{uri!r} is not the address of an S3 object (s3://bucket/key)")
    return bucket, key


def uri_of(place: Mapping[str, str]) -> str:
    """Return the URI of an object from its `Bucket` and `Key`, as GetObject takes them."""
    return f"s3://{place['Bucket']}/{place['Key']}"


def exists(client: Any, uri: str) -> bool:
    """Tell whether there is an object at `uri`."""
    bucket, key = split_uri(uri)
    try:
        call(client, "head_object", {"Bucket": bucket, "Key": key})
    except client.exceptions.ClientError as error:
        if error_code(error) in {"404", "NoSuchKey", "NotFound"}:
            return False
        raise
    return True


def newest(client: Any, prefix: str) -> datetime | None:
    """Return when the newest object below the URI `prefix` was written, `None` if there is none."""
    bucket, key = split_uri(prefix)
    request, times = {"Bucket": bucket, "Prefix": key}, []
    while True:
        page = call(client, "list_objects_v2", request)
        times += [found["LastModified"] for found in page.get("Contents", [])]
        if not page.get("IsTruncated"):
            return max(times, default=None)
        request |= {"ContinuationToken": page["NextContinuationToken"]}


def read_bytes(client: Any, uri: str) -> bytes:
    """Return the object at `uri`, which is expected to be small."""
    body: bytes = _open(client, uri).read()
    return body


def first_lines(client: Any, uri: str, lines: int) -> list[str]:
    """Return the first `lines` lines of the object at `uri`, and fetch little more than these."""
    body = _open(client, uri)
    try:
        return [line.decode() for line in islice(body.iter_lines(), lines)]
    finally:
        body.close()


def read_json(client: Any, uri: str) -> Any:
    """Return the JSON value of the object at `uri`."""
    try:
        return json.loads(read_bytes(client, uri))
    except ValueError as error:
        raise PermanentError(f"{uri} is not JSON: {error}") from None


def find_json(client: Any, uri: str) -> Any | None:
    """Return the JSON value of the object at `uri`, None where there is none."""
    bucket, key = split_uri(uri)
    try:
        found = call(client, "get_object", {"Bucket": bucket, "Key": key})
    except client.exceptions.ClientError as error:
        if error_code(error) == "NoSuchKey":
            return None
        raise
    return json.loads(found["Body"].read())


def _open(client: Any, uri: str) -> Any:
    bucket, key = split_uri(uri)
    try:
        return call(client, "get_object", {"Bucket": bucket, "Key": key})["Body"]
    except client.exceptions.ClientError as error:
        if error_code(error) == "NoSuchKey":
            raise PermanentError(f"{uri} does not exist: the job that should have written it did not") from None
        raise


def write_bytes(client: Any, uri: str, body: bytes, content_type: str = "binary/octet-stream") -> None:
    """Write the object at `uri`."""
    bucket, key = split_uri(uri)
    call(client, "put_object", {"Bucket": bucket, "Key": key, "Body": body, "ContentType": content_type})


def write_once(client: Any, uri: str, body: bytes, content_type: str = "application/json") -> bool:
    """Write the object at `uri` unless there is one, and tell whether what is there is `body`.

    Of several writers whose bodies differ exactly one is told True, also when its answer was lost and it asks again.
    """
    bucket, key = split_uri(uri)
    request = {"Bucket": bucket, "Key": key, "Body": body, "ContentType": content_type, "IfNoneMatch": "*"}
    while True:
        try:
            call(client, "put_object", request)
        except client.exceptions.ClientError as error:
            if error_code(error) == "PreconditionFailed":
                return read_bytes(client, uri) == body
            # two writers at the same instant: S3 asks both to try again
            if error_code(error) != "ConditionalRequestConflict":
                raise
        else:
            return True


def upload_code(client: Any, folder: Path, digest: str, prefix: str) -> None:
    """Put a `jobs/` folder at `prefix`, as single files and as `sourcedir.tar.gz`, unless it is there.

    `prefix` carries `digest`, the content's hash, so whatever is there is right. The archive goes last: where it is,
    all is.
    """
    if exists(client, f"{prefix}/{ARCHIVE}"):
        return
    contents = {name: path.read_bytes() for name, path in code_files(folder)}
    if code_hash(folder) != digest:
        raise StepError(f"{folder} was changed while it was being uploaded; the next try takes the new code")
    for name, content in contents.items():
        write_bytes(client, f"{prefix}/{CODE_FOLDER}{name}", content)
    write_bytes(client, f"{prefix}/{ARCHIVE}", archive(contents))
    log.info("uploaded the source code of %s to %s", folder, prefix)


def archive(contents: Mapping[str, bytes]) -> bytes:
    """Return a .tar.gz of files by relative path that is the same bytes for the same contents."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in sorted(contents):
            member = tarfile.TarInfo(name)
            member.size = len(contents[name])
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(contents[name]))
    return packed.getvalue()
