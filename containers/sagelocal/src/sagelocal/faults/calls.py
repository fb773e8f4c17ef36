"""Faults of calls: what a call that is hit by one gets."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from sagelocal import fallthrough
from sagelocal.errors import AwsError
from sagelocal.exchange import decoded
from sagelocal.s3 import api as s3

if TYPE_CHECKING:
    from sagelocal.exchange import HttpRequest, HttpResponse
    from sagelocal.faults.fault import Fault
    from sagelocal.faults.faults import Armed, Faults

Act = Callable[[], "HttpResponse"]
Refusal = tuple[str, str, int]  # code, message, HTTP status

# https://docs.aws.amazon.com/awssupport/latest/user/troubleshooting-throttling.html and each API's Common Errors
_THROTTLED: dict[str, tuple[str, str, int]] = {
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "athena": ("TooManyRequestsException", "Rate exceeded", 400),
    "sqs": ("RequestThrottled", "Rate exceeded", 403),
    **dict.fromkeys(("iam", "sts", "sns", "cloudwatch"), ("Throttling", "Rate exceeded", 400)),
}
_RATE_EXCEEDED = ("ThrottlingException", "Rate exceeded", 400)
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html
_TRY_AGAIN = "We encountered an internal error. Please try again."
_FAILED: dict[tuple[str, int], tuple[str, str]] = {
    ("s3", 500): ("InternalError", _TRY_AGAIN),
    ("s3", 503): ("ServiceUnavailable", "Service is unable to handle request."),
    ("athena", 500): ("InternalServerException", _TRY_AGAIN),
}
_FAILURES = {
    500: ("InternalFailure", "The request processing has failed because of an unknown error, exception or failure."),
    503: ("ServiceUnavailable", "The request has failed due to a temporary failure of the server."),
}
_LIMIT = (
    "The account-level service limit 'Instances for this usage' is 0 Instances, with current utilization of 0 "
    "Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an increase for this "
    "quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this quota."
)


class Unanswered(Exception):  # noqa: N818 - no error: it is what the fault asks for
    """Close the connection of a call without an answer."""


def answer(faults: Faults, request: HttpRequest, service: str, longest: int, act: Act) -> HttpResponse:
    """Return the response to a call by `act`, or what an armed fault makes of it."""
    if service == "s3":
        operation, text = s3.operation_name(request), decoded(f"{request.path}?{request.query}")
    else:
        body = request.read_body(longest)
        request.stream = io.BytesIO(body)
        operation = fallthrough.call_name(request, service, body)
        text = f"{decoded(f'{request.path}?{request.query}')}\n{body.decode(errors='replace')}"
    armed = faults.of_call(service, operation, text)
    return act() if armed is None else _ACTIONS[armed.fault.action](faults, armed, service, act)


def refusal(fault: Fault, service: str) -> AwsError:
    """Return the error of a call that is throttled, fails or exceeds a limit."""
    code, message, status = _REFUSALS[fault.action](fault, service)
    return AwsError(fault.code or code, fault.message or message, status)


def _failure(fault: Fault, service: str) -> Refusal:
    code, message = _FAILED.get((service, fault.status), _FAILURES[fault.status])
    return code, message, fault.status


_REFUSALS: dict[str, Callable[[Fault, str], Refusal]] = {
    "throttle": lambda _, service: _THROTTLED.get(service, _RATE_EXCEEDED),
    "fail": _failure,
    "limit": lambda *_: ("ResourceLimitExceeded", _LIMIT, 400),
}


def _refuse(_: Faults, armed: Armed, service: str, __: Act) -> HttpResponse:
    raise refusal(armed.fault, service)


def _delay(faults: Faults, armed: Armed, _: str, act: Act) -> HttpResponse:
    hold(faults, armed)
    return act()


def _late(faults: Faults, armed: Armed, _: str, act: Act) -> HttpResponse:
    try:
        return act()
    finally:
        hold(faults, armed)


def _hang(faults: Faults, armed: Armed, _: str, __: Act) -> HttpResponse:
    hold(faults, armed)
    raise Unanswered


def _lose(_: Faults, __: Armed, ___: str, act: Act) -> HttpResponse:
    with suppress(AwsError):
        act()
    raise Unanswered


def hold(faults: Faults, armed: Armed) -> None:
    """Wait as long as a fault says, or until it is removed."""
    with faults.holding(armed):
        armed.gone.wait(armed.fault.seconds)


_ACTIONS: dict[str, Callable[[Faults, Armed, str, Act], HttpResponse]] = {
    **dict.fromkeys(_REFUSALS, _refuse),
    "delay": _delay,
    "late": _late,
    "hang": _hang,
    "lose": _lose,
}
