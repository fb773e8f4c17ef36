"""From what went wrong at AWS to what Airflow does about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from boatyard.aws.errors import StepError
from boatyard.aws.jobs import JobError


class JobFailedError(AirflowException):
    """A job ended badly; Airflow retries as the task says."""


class PermanentJobFailedError(JobFailedError):
    """A job ended in a way that doing the same again would repeat."""


class KilledError(AirflowException):
    """A person killed this try: marked the task failed or successful, or cleared it."""

    state = "killed"


class WorkerEndsError(AirflowException):
    """The machine of this try goes away; what the task started goes on, and the next try waits for it."""


# Operators leave retries to whoever wrote the DAG. Boatyard's own DAGs do not run a failing script twice.
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="boatyard.airflow.failures.PermanentJobFailedError",
            action=RetryAction.FAIL,
            reason="the same code on the same input would fail the same way",
        )
    ]
)


@contextmanager
def explained() -> Iterator[None]:
    """Turn a `StepError` into Airflow's exception with the same one line."""
    try:
        yield
    except JobError as error:
        raise (PermanentJobFailedError if error.permanent else JobFailedError)(str(error)) from None
    except StepError as error:
        raise (AirflowFailException if error.permanent else AirflowException)(str(error)) from None
