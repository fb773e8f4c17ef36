"""Errors as AWS sends them."""

from typing import Any


class AwsError(Exception):
    """Answer a call with an AWS error.

    `fields` are further members of the error's shape, such as `OriginalStatusCode` of `ModelError`; `headers` come
    beside it in S3's answers.
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields
        self.headers: dict[str, str] = {}


def validation_error(message: str) -> AwsError:
    """Return SageMaker's answer to a request that its model allows and its rules do not."""
    return AwsError("ValidationException", message)
