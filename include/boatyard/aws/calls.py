"""One AWS call that outlives throttling, server errors and a server that is just being restarted."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

from boatyard.aws.errors import aws_failures, error_code
from boatyard.aws.records.journal import note_call
from boatyard.aws.requests.typed import typed
from boatyard.aws.waiting.pauses import jittered

log = logging.getLogger(__name__)

Seen = TypeVar("Seen")


class Trouble(Enum):
    """Why the same call may succeed later."""

    THROTTLED = "AWS throttles"
    SERVER_ERROR = "AWS fails"
    NO_ANSWER = "nobody answers"


# Every code by which botocore knows that AWS throttles, for any service that is used here.
THROTTLE_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
SERVER_ERROR_CODES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
# Seconds. AWS that throttles is well, and an address that nobody answers at may be a wrong one.
PATIENCE: Mapping[Trouble, float] = {
    Trouble.THROTTLED: math.inf,
    Trouble.SERVER_ERROR: 3600.0,
    Trouble.NO_ANSWER: 300.0,
}
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0


def call(
    client: Any, operation: str, request: Mapping[str, Any], *, patience: float | None = None, noted: bool = True
) -> dict[str, Any]:
    """Call `client.<operation>(**request)`, again while AWS is in trouble that may pass.

    For how long tells PATIENCE, or `patience` seconds for any trouble. botocore's own few retries come first. Every
    call made through here is safe to repeat: creations carry a name or a token of their own. Text becomes a number
    or a boolean where the operation takes one (`typed`). `noted`: whether it stands in the step's record.
    """
    request = typed(client, operation, request)
    started = time.monotonic()
    pause = FIRST_PAUSE
    while True:
        try:
            response: dict[str, Any] = getattr(client, operation)(**request)
        except aws_failures() as error:
            trouble = trouble_of(error)
            if trouble is None or _is_over(time.monotonic() - started + pause, trouble, patience):
                raise
            log.warning("%s: %s (%s); trying again", operation, trouble.value, error)
        else:
            if noted:
                note_call(client, operation, request, response)
            return response
        time.sleep(jittered(pause))
        pause = min(pause * 2, LONGEST_PAUSE)


def glimpse(look: Callable[[], Seen]) -> Seen | None:
    """Return what `look` sees; while AWS is in trouble that may pass, `None`: what is waited for goes on meanwhile."""
    try:
        return look()
    except aws_failures() as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        log.warning("%s (%s); looking again", trouble.value, error)
        return None


def trouble_of(error: Exception) -> Trouble | None:
    """Return what keeps AWS from answering now, `None` for an answer that would be the same again."""
    from botocore.exceptions import ConnectionError as NoConnectionError
    from botocore.exceptions import HTTPClientError, IncompleteReadError

    response = getattr(error, "response", None)
    if response is None:
        unanswered = isinstance(error, NoConnectionError | HTTPClientError | IncompleteReadError)
        return Trouble.NO_ANSWER if unanswered else None
    code, status = error_code(error), response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in THROTTLE_CODES or status == 429:
        return Trouble.THROTTLED
    # 501 is an answer: the operation is not there
    if code in SERVER_ERROR_CODES or (status >= 500 and status != 501):
        return Trouble.SERVER_ERROR
    return None


def _is_over(seconds: float, trouble: Trouble, patience: float | None) -> bool:
    return seconds > (PATIENCE[trouble] if patience is None else patience)
