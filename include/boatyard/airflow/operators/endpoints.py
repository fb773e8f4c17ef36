"""The provider's endpoint operator, but it succeeds only when the wanted configuration serves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.providers.amazon.aws.operators import sagemaker as provider
from airflow.sdk.exceptions import AirflowException, TaskDeferred

from boatyard.airflow.failures import explained
from boatyard.airflow.operators.configured import ConfiguredOperator
from boatyard.airflow.operators.job import DEFER_AFTER
from boatyard.airflow.triggers import JobTrigger
from boatyard.aws.calls import call
from boatyard.aws.carry_out import release
from boatyard.aws.errors import EndpointError
from boatyard.aws.logs.job_log import show_end_of_endpoint_log
from boatyard.aws.records.links import ENDPOINT, LOG, RECORD, endpoint_logs
from boatyard.aws.release import endpoints
from boatyard.aws.requests.plain import plain


class SageMakerEndpointOperator(ConfiguredOperator, provider.SageMakerEndpointOperator):
    """Create an endpoint, or update the one that is there; what serves goes on serving until the new one does.

    Arguments besides the provider's: `defer_after` seconds until the wait of a `deferrable` task moves to the
    triggerer. `operation` has nothing left to decide. A rolled-back update is a failure.
    """

    link_names = (ENDPOINT, LOG, RECORD)

    def __init__(self, *, config: dict[str, Any], defer_after: float = DEFER_AFTER, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        self.defer_after = defer_after

    @property
    def endpoint(self) -> dict[str, Any]:
        """Return what is asked of the endpoint itself."""
        endpoint: dict[str, Any] = self.config.get("Endpoint", self.config)
        return endpoint

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Bring the endpoint to its configuration."""
        return self.leaving_record(context, lambda: self._execute(context))

    def _execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        client = self.clients.get("sagemaker")
        self.hook.configure_s3_resources(self.config)
        self.prepare()
        self.ensure_parts(client)
        release.start_deploying(client, self.endpoint)
        self._show_links(context)
        wanted = self.endpoint["EndpointConfigName"]
        if not self.wait_for_completion and not self.deferrable:
            return self.result(client, wanted)
        return self._wait(context, client, wanted, time.time() + float(self.max_ingestion_time))

    def _show_links(self, context: Mapping[str, Any]) -> None:
        name = self.endpoint["EndpointName"]
        self.show_links(context, {ENDPOINT: self.console.endpoint(name), LOG: self.console.log(endpoint_logs(name))})

    def execute_complete(
        self,
        context: Mapping[str, Any],
        event: dict[str, Any] | None = None,
        deadline: float | None = None,
        wanted: str | None = None,
    ) -> dict[str, Any]:
        """Go on where the triggerer saw the endpoint settle.

        `wanted` is the configuration that was asked for: templates are rendered again, and a time is another one now.
        """
        if event is None:
            raise AirflowException("the trigger of this task fired without an event")
        client = self.clients.get("sagemaker")
        with explained():
            self.prepare()
            self._show_links(context)
            wanted = wanted or self.endpoint["EndpointConfigName"]
            found = endpoints.wait(client, self.endpoint["EndpointName"], wanted, 0)
            if found.outcome.ended or not event["in_time"]:
                return self._finish(context, client, found)
            # the triggerer was not able to look at it
            return self._wait(context, client, wanted, deadline or time.time() + float(self.max_ingestion_time))

    def prepare(self) -> None:
        """Make the configuration what the API takes. Called again when a deferred task resumes."""
        self.expand_role()

    def ensure_parts(self, client: Any) -> None:
        """Make the model and the endpoint configuration where the task brings its own."""
        if "Model" in self.config:
            endpoints.ensure_model(client, self.config["Model"])
        if "EndpointConfig" in self.config:
            endpoints.ensure_config(client, self.config["EndpointConfig"])

    def result(self, client: Any, wanted: str) -> dict[str, Any]:
        """Return what goes to XCom."""
        config = call(client, "describe_endpoint_config", {"EndpointConfigName": wanted})
        endpoint = call(client, "describe_endpoint", {"EndpointName": self.endpoint["EndpointName"]})
        return {"EndpointConfig": plain(config), "Endpoint": plain(endpoint)}

    def _wait(self, context: Mapping[str, Any], client: Any, wanted: str, deadline: float) -> dict[str, Any]:
        name = self.endpoint["EndpointName"]
        left = max(0.0, deadline - time.time())
        found = endpoints.wait(client, name, wanted, min(left, self.defer_after) if self.deferrable else left)
        if found.outcome.ended or time.time() >= deadline:
            return self._finish(context, client, found)
        self.log.info("endpoint %s is %s; waiting for it in the triggerer", name, found.status)
        raise TaskDeferred(
            trigger=JobTrigger(
                kind="endpoint",
                job_name=name,
                wanted=wanted,
                aws_conn_id=self.aws_conn_id,
                region_name=self.region_name,
                verify=self.verify,
                botocore_config=self.botocore_config,
                longest_pause=float(self.check_interval),
                deadline=deadline,
            ),
            method_name="execute_complete",
            kwargs={"deadline": deadline, "wanted": wanted},
        )

    def _finish(self, context: Mapping[str, Any], client: Any, found: endpoints.Endpoint) -> dict[str, Any]:
        if not found.outcome.ended:
            raise EndpointError(f"endpoint {found.name} is still {found.status} after {self.max_ingestion_time} s")
        if found.outcome.ended_badly:
            began = (context["ti"].start_date or datetime.now(UTC)).timestamp()
            show_end_of_endpoint_log(lambda: self.clients.get("logs"), found.name, self._show, began)
        endpoints.require_in_service(found)
        self.log.info("endpoint %s serves %s", found.name, found.wanted)
        return self.result(client, found.wanted)

    def _show(self, line: str) -> None:
        self.log.info("| %s", line)


class DeployModelPackageOperator(SageMakerEndpointOperator):
    """Put an approved model package behind an endpoint; model and configuration are named by their contents.

    `model_package` is the package's ARN. The configuration carries Model, EndpointConfig and Endpoint.
    """

    template_fields: Sequence[str] = (*SageMakerEndpointOperator.template_fields, "model_package")

    def __init__(self, *, model_package: str, config: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        self.model_package = model_package

    def prepare(self) -> None:
        """Give model and endpoint configuration their names."""
        super().prepare()
        self.config = release.named(self.config)

    def ensure_parts(self, client: Any) -> None:
        """Refuse what nobody approved, before anything is made of it."""
        release.ensure_approved_parts(client, self.model_package, self.config)

    def result(self, client: Any, wanted: str) -> dict[str, Any]:
        """Return the names."""
        return release.deployed(self.config)
