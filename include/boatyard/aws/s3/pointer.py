"""One small S3 object that several writers keep: replaced as a whole, and only by who has seen what it said last."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import StepError, error_code

log = logging.getLogger(__name__)

AS_OF = "as_of"  # the member that tells newer from older, ISO 8601
_TRIES = 60  # of as many mapped tasks that write at one time each gets its turn
_PAUSE = 0.05  # seconds, on average
_SOMEBODY_WAS_FASTER = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})

Content = dict[str, Any]


def point_to(client: Any, place: dict[str, str], content: Content) -> bool:
    """Make the object at `place` (Bucket, Key) say `content`; return False where it says something newer."""

    def newest(current: Content | None) -> Content:
        return content if current is None or _moment(current) <= _moment(content) else current

    return update(client, place, newest) == content


def update(client: Any, place: dict[str, str], change: Callable[[Content | None], Content]) -> Content:
    """Make the object at `place` (Bucket, Key) say what `change` makes of what it says (None: nothing); return that.

    `change` is asked again where somebody else wrote in between.
    """
    for _ in range(_TRIES):
        current, condition = _current(client, place)
        wanted = change(current)
        if current == wanted:
            return wanted
        body = f"{json.dumps(wanted, indent=1)}\n".encode()
        try:
            call(client, "put_object", {**place, "Body": body, "ContentType": "application/json", **condition})
        except client.exceptions.ClientError as error:
            if error_code(error) not in _SOMEBODY_WAS_FASTER:
                raise
            log.info("s3://%s/%s was changed at the same moment; looking again", place["Bucket"], place["Key"])
            time.sleep(random.uniform(0, 2 * _PAUSE))
        else:
            return wanted
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
