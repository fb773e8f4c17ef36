"""What the provider's operators do with a configuration before they send it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.operators import sagemaker as provider

from boatyard.airflow.clients import Clients
from boatyard.airflow.operators.recorded import RecordedOperator
from boatyard.aws import roles

_ROLES = ("RoleArn", "ExecutionRoleArn")


class ConfiguredOperator(RecordedOperator, provider.SageMakerBaseOperator):
    """Take a `config` as the provider's operators do: with files to upload first, and roles by their names."""

    @cached_property
    def clients(self) -> Clients:
        """Return this task's boto3 clients."""
        return Clients(self)

    def preprocess_config(self) -> None:
        """Make the configuration what the API takes."""
        self.hook.configure_s3_resources(self.config)
        self.expand_role()

    def expand_role(self) -> None:
        """Turn the names of IAM roles into their ARNs."""
        for part in self._parts():
            part |= {key: roles.arn(self.clients, part[key]) for key in _ROLES if key in part}

    def _parts(self) -> Iterator[dict[str, Any]]:
        yield self.config
        yield from filter(None, (self.config.get("Model"), self.config.get("TrainingJobDefinition")))
        yield from self.config.get("TrainingJobDefinitions", ())
