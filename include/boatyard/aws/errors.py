"""What can go wrong between a step and AWS, each as one line that a data scientist can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boatyard.aws.requests.refusals import in_short


class StepError(Exception):
    """A step could not do its work.

    `permanent` says that doing the same again would fail the same way, so a retry is of no use.
    """

    permanent = False


class PermanentError(StepError):
    """A step that would fail the same way again."""

    permanent = True


class ConflictError(PermanentError):
    """A resource of the wanted name belongs to somebody else, or is not what was asked for."""


class RefusedError(StepError):
    """A request that AWS refuses."""

    def __init__(self, what: str, error: Exception) -> None:
        code = error_code(error) or type(error).__name__
        why = in_short(error_message(error) or str(error))
        super().__init__(f"SageMaker refuses {what.rstrip()}: {why} ({code})")
        # a limit of the account is reached until other jobs end; a wrong request stays wrong
        self.permanent = code in _FOR_GOOD


_FOR_GOOD = frozenset(
    {"ValidationException", "AccessDeniedException", "AccessDenied", "ResourceNotFound", "ParamValidationError"}
)


@contextmanager
def refusals_of(what: str) -> Iterator[None]:
    """Turn what AWS, or botocore for it, says against a request into `RefusedError`."""
    from botocore.exceptions import ClientError, ParamValidationError

    try:
        yield
    except (ClientError, ParamValidationError) as error:
        raise RefusedError(what, error) from error


class NotApprovedError(PermanentError):
    """A model package that nobody approved must not reach an endpoint."""


class EmptyTrainingSetError(PermanentError):
    """A training set without rows."""


class GateError(PermanentError):
    """A model that does not keep every rule of the gate."""


class ChecksError(StepError):
    """A training set that a critical check stops; `result` is what the step returns otherwise."""

    def __init__(self, message: str, result: dict[str, Any]) -> None:
        super().__init__(message)
        self.result = result


class FailedChecksError(ChecksError):
    """A training set that is not what the spec expects."""

    permanent = True


class UnevaluatedChecksError(ChecksError):
    """A check that Athena or Great Expectations could not evaluate."""


class EmptyBatchError(PermanentError):
    """A batch without rows."""


class BatchResultError(PermanentError):
    """Answers to a batch that do not fit its rows."""


class WrongAnswersError(PermanentError):
    """An endpoint that answers otherwise than the evaluation did."""


class QueryError(StepError):
    """An Athena query that ended badly."""


class InvisibleRecordsError(StepError):
    """Ingested records that did not become visible in the offline store in time."""


class EndpointError(StepError):
    """An endpoint that does not serve the wanted configuration."""


def aws_failures() -> tuple[type[Exception], ...]:
    """Return botocore's exceptions: AWS refused a call, or could not be called at all."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError)


def error_code(error: Exception) -> str:
    """Return AWS's error code of a botocore `ClientError`, `""` for any other exception."""
    return str(_error(error).get("Code", ""))


def error_message(error: Exception) -> str:
    """Return AWS's error message of a botocore `ClientError`, `""` for any other exception."""
    return str(_error(error).get("Message", ""))


# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
UNKNOWN_KEY = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"})
WRONG_SECRET = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException"})


def is_about_credentials(error: Exception) -> bool:
    """Tell whether AWS does not take the credentials themselves, whatever they are used for."""
    return error_code(error) in EXPIRED | UNKNOWN_KEY | WRONG_SECRET


def is_missing(error: Exception) -> bool:
    """Tell whether a describe call says that there is no such resource.

    SageMaker answers a `ValidationException` for most kinds, a `ResourceNotFound` for some; other validation
    errors of a describe call cannot happen, for its only parameter is a name that we made.
    """
    return error_code(error) in {"ResourceNotFound", "ResourceNotFoundException", "ValidationException"}


def is_taken(error: Exception) -> bool:
    """Tell whether a create call says that the name is taken already."""
    message = error_message(error).lower()
    return error_code(error) == "ResourceInUse" or "already exist" in message


def _error(error: Exception) -> dict[str, Any]:
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return dict(response.get("Error", {}))
