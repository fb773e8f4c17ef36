"""Operators that send the requests of a step as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from boatyard.airflow.claimant import Claimant, claimant
from boatyard.airflow.clients import Clients
from boatyard.airflow.operators.recorded import RecordedOperator
from boatyard.aws.requests.asked import Asked

if TYPE_CHECKING:
    from boatyard.steps import Request


class RequestsOperator(RecordedOperator, AwsBaseOperator[SageMakerHook]):
    """Carry out a step whose `requests` are shown, rendered, in Airflow's page of the task."""

    aws_hook_class = SageMakerHook
    template_fields: Sequence[str] = aws_template_fields("requests")
    template_fields_renderers = {"requests": "json"}  # noqa: RUF012 - Airflow reads a plain mapping
    ui_color = "#ededed"

    def __init__(self, *, requests: Sequence[Request], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.requests: list[dict[str, Any]] = [
            {"service": request.service, "operation": request.operation, "params": request.params}
            for request in requests
        ]

    @cached_property
    def clients(self) -> Clients:
        """Return this task's boto3 clients."""
        return Clients(self)

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Carry the step out, and return what later steps need of it."""
        return self.leaving_record(context, lambda: self.carry_out(claimant(context)))

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Do the step's work; `StepError` tells what went wrong."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does")

    @property
    def plan(self) -> Asked:
        """Return the requests, rendered, by their operation."""
        return Asked(self.requests)

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """Return the parameters of each request for `operation`, in order."""
        return self.plan.all(operation)

    def only(self, operation: str) -> dict[str, Any]:
        """Return the parameters of the one request for `operation`."""
        return self.plan.only(operation)
