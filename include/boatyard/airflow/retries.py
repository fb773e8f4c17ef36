"""A job task has at least one retry: without it, a worker that dies would leave its job to nobody."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator, ExceptionRetryPolicy, RetryAction, RetryRule

# Only the process of a task evaluates its policy: one that was killed for good is tried again whatever stands here.
ONLY_AFTER_A_CRASH = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                "boatyard.airflow.failures.WorkerEndsError",
                "airflow.sdk.exceptions.TaskDeferralError",  # the trigger broke, as in a triggerer that lacks Boatyard
            ],
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


class OneRetryOperator(BaseOperator):
    """Give a task without retries one that serves only after its worker died: a job that failed is not run again.

    Airflow's server knows of the retries of a mapped task only what `partial` was given.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not self.retries:
            self.retries, self.retry_policy = 1, ONLY_AFTER_A_CRASH

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Begin a mapped task, as Airflow's `partial`."""
        begun: Any = super().partial(**kwargs)
        if not begun.kwargs["retries"]:
            begun.kwargs |= {"retries": 1, "retry_policy": ONLY_AFTER_A_CRASH}
        return begun
