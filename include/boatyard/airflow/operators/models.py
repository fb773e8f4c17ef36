"""Models and endpoint configurations: the provider's operators, but what is there already is found, not refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.operators import sagemaker as provider

from boatyard.airflow.operators.configured import ConfiguredOperator
from boatyard.aws.calls import call
from boatyard.aws.release import endpoints
from boatyard.aws.requests.plain import plain


class SageMakerModelOperator(ConfiguredOperator, provider.SageMakerModelOperator):
    """Make sure that a model exists as the configuration (CreateModel) says.

    A retry finds the model that the try before it made. A model of that name that differs is an error.
    """

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Make the model unless it is there, and return its description."""
        return self.leaving_record(context, self._execute)

    def _execute(self) -> dict[str, Any]:
        self.preprocess_config()
        client = self.clients.get("sagemaker")
        endpoints.ensure_model(client, self.config)
        return {"Model": plain(call(client, "describe_model", {"ModelName": self.config["ModelName"]}))}


class SageMakerEndpointConfigOperator(ConfiguredOperator, provider.SageMakerEndpointConfigOperator):
    """Make sure that an endpoint configuration exists as the configuration (CreateEndpointConfig) says.

    A retry finds what the try before it made. An endpoint configuration of that name that differs is an error.
    """

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Make the endpoint configuration unless it is there, and return its description."""
        return self.leaving_record(context, self._execute)

    def _execute(self) -> dict[str, Any]:
        self.preprocess_config()
        client = self.clients.get("sagemaker")
        endpoints.ensure_config(client, self.config)
        name = {"EndpointConfigName": self.config["EndpointConfigName"]}
        return {"EndpointConfig": plain(call(client, "describe_endpoint_config", name))}
