"""Tell what became of jobs while nobody waited for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator

from boatyard.airflow.clients import Clients
from boatyard.airflow.notices import send_in
from boatyard.aws.notices.notify import tell_missed
from boatyard.aws.records.links import Console


class TellMissedChangesOperator(AwsBaseOperator[SageMakerHook]):
    """Send the notices of jobs that ended, or began to stop, after their task had died; return the ended ones' names.

    `bucket` is where the records of their steps lie. Nothing is told twice: each notice is claimed before it is sent.
    """

    aws_hook_class = SageMakerHook

    def __init__(self, *, bucket: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket

    @cached_property
    def clients(self) -> Clients:
        """Return this task's boto3 clients."""
        return Clients(self)

    def execute(self, context: Mapping[str, Any]) -> list[str]:
        """Look at every job that somebody is to be told of."""
        console = Console.from_environment(os.environ, self.clients.get("sagemaker").meta.region_name)
        return tell_missed(self.clients, self.bucket, console, lambda pending: send_in(context, pending.aws))
