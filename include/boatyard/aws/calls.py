"""One AWS call that outlives throttling, server errors and a server that is just being restarted."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from typing import Any

from boatyard.aws.errors import error_code
from boatyard.aws.journal import note_call
from boatyard.aws.typed import typed

log = logging.getLogger(__name__)

TRANSIENT_CODES = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
PATIENCE = 60.0
LONGEST_PAUSE = 10.0


def call(client: Any, operation: str, request: Mapping[str, Any], *, patience: float = PATIENCE) -> dict[str, Any]:
    """Call `client.<operation>(**request)`, again after transient errors for up to `patience` seconds.

    Text becomes a number or a boolean where the operation takes one (`typed`).

    botocore's own few retries come first. Every call made through here is safe to repeat: creations carry a
    name or a token of their own.
    """
    from botocore.exceptions import ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as NoConnectionError

    request = typed(client, operation, request)
    started = time.monotonic()
    pause = 0.5
    while True:
        try:
            response: dict[str, Any] = getattr(client, operation)(**request)
            note_call(client, operation, request, response)
            return response
        except (ClientError, NoConnectionError, HTTPClientError) as error:
            if not is_transient(error) or time.monotonic() - started + pause > patience:
                raise
            log.warning("%s: %s; trying again", operation, error)
        time.sleep(pause * random.uniform(0.7, 1.3))
        pause = min(pause * 2, LONGEST_PAUSE)


def is_transient(error: Exception) -> bool:
    """Tell whether the same call may succeed later: throttling, a server error, or nobody answering."""
    response = getattr(error, "response", None)
    if response is None:  # no answer at all: the connection failed
        return True
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    # 501 is an answer: the operation is not there
    return error_code(error) in TRANSIENT_CODES or (status >= 500 and status != 501)
