"""One small S3 object that says which results are the latest ones: replaced as a whole, and never by older ones."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import StepError, error_code

log = logging.getLogger(__name__)

AS_OF = "as_of"  # the member that tells newer from older, ISO 8601
_TRIES = 10
_SOMEBODY_WAS_FASTER = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


def point_to(client: Any, place: dict[str, str], content: dict[str, Any]) -> bool:
    """Make the object at `place` (Bucket, Key) say `content`; return False where it says something newer."""
    for _ in range(_TRIES):
        current, condition = _current(client, place)
        if current == content:
            return True
        if current is not None and _moment(current) > _moment(content):
            return False
        body = f"{json.dumps(content, indent=1)}\n".encode()
        try:
            call(client, "put_object", {**place, "Body": body, "ContentType": "application/json", **condition})
        except client.exceptions.ClientError as error:
            if error_code(error) not in _SOMEBODY_WAS_FASTER:
                raise
            log.info("s3://%s/%s was changed at the same moment; looking again", place["Bucket"], place["Key"])
        else:
            return True
    raise StepError(f"s3://{place['Bucket']}/{place['Key']} was changed by others {_TRIES} times in a row")


def _current(client: Any, place: dict[str, str]) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """Return what the object says, and the condition under which it still says so."""
    try:
        found = call(client, "get_object", place)
    except client.exceptions.ClientError as error:
        if error_code(error) == "NoSuchKey":
            return None, {"IfNoneMatch": "*"}
        raise
    return json.loads(found["Body"].read()), {"IfMatch": found["ETag"]}


def _moment(content: dict[str, Any]) -> datetime:
    moment = datetime.fromisoformat(content[AS_OF])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
