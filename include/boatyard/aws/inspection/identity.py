"""Who calls, and whether AWS is there at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from boatyard.aws.errors import EXPIRED, UNKNOWN_KEY, error_code
from boatyard.aws.inspection.asking import words

_CLOCK = frozenset({"RequestTimeTooSkewed"})


@dataclass(frozen=True)
class Caller:
    """The account and the principal that the credentials belong to."""

    account: str
    arn: str


class NoAnswerError(Exception):
    """Nobody answers at the address."""


class CredentialsError(Exception):
    """There are no credentials, or AWS refuses them; `mend` says what helps."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.mend = mend


def caller(sts: Any) -> Caller:
    """Return whom the client's credentials belong to; raise NoAnswerError or CredentialsError."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as NoConnectionError

    try:
        answer = sts.get_caller_identity()
    except ClientError as error:
        raise CredentialsError(words(error), _mend(error_code(error))) from None
    except (
        HTTPClientError,
        NoConnectionError,
    ) as error:  # refused, timed out, no such host, a certificate that nobody vouches for
        raise NoAnswerError(words(error)) from None
    except BotoCoreError as error:  # no credentials, half of them, an expired single sign-on
        raise CredentialsError(
            words(error), "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from None
    return Caller(str(answer["Account"]), str(answer["Arn"]))


def _mend(code: str) -> str:
    if code in EXPIRED:
        return "log in again: these credentials have expired"
    if code in _CLOCK:
        return "set this machine's clock"
    if code in UNKNOWN_KEY:
        return "use a key of this account: AWS_ACCESS_KEY_ID is none"
    return "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN: they belong together"


def known_regions(service: str) -> tuple[str, ...]:
    """Return the regions in which botocore knows a service, of every partition."""
    import botocore.session

    session: Any = botocore.session.get_session()
    partitions = session.get_available_partitions()
    return tuple(
        sorted(region for name in partitions for region in session.get_available_regions(service, partition_name=name))
    )
