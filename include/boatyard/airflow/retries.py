"""A job task has at least one retry: without it, a worker that dies would leave its job to nobody."""

from __future__ import annotations

from airflow.sdk import BaseOperator, ExceptionRetryPolicy, RetryAction, RetryRule

# Only the process of a task evaluates its policy: one that was killed for good is tried again whatever stands here.
ONLY_AFTER_A_CRASH = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="boatyard.airflow.failures.WorkerEndsError",
            action=RetryAction.DEFAULT,
            reason="the job goes on, and the next try waits for it",
        ),
        RetryRule(
            exception="builtins.BaseException",
            action=RetryAction.FAIL,
            reason="the task has no retries of its own; the one that it has is for a worker that dies",
        ),
    ]
)


def keep_one_retry(task: BaseOperator) -> None:
    """Give a task without retries one that serves only after its worker died: a job that failed is not run again.

    A mapped task keeps what `partial()` was given: Airflow's server knows of its retries only from there.
    """
    if task.retries or getattr(task, "_BaseOperator__from_mapped", False):
        return
    task.retries = 1
    task.retry_policy = ONLY_AFTER_A_CRASH
