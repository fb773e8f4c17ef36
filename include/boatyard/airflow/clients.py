"""boto3 clients of a task, through the provider's hook so that an Airflow connection decides about them."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any, Protocol

from boatyard.aws.clients import timeouts, with_known_models


class HasConnection(Protocol):
    """What the provider's operators and our triggers know of their connection."""

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, Any] | None


class Clients:
    """Make each client of a connection once, when it is first asked for; `attempts` of botocore's at each call.

    All come from one session: it has read SageMaker's model (40 ms) and the list of endpoints (80 ms) only once.
    """

    def __init__(self, connection: HasConnection, attempts: int | None = None) -> None:
        self._connection = connection
        self._attempts = attempts
        self.get = cache(self.new)

    def new(self, service: str) -> Any:
        """Return a client of its own, which shares no lock with any other."""
        return self._session.client(
            service,
            endpoint_url=self._hook.conn_config.get_service_endpoint_url(service_name=service),
            config=timeouts(service, self._attempts).merge(self._hook.config),
            verify=self._hook.verify,
        )

    @cached_property
    def _hook(self) -> Any:
        from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

        hook: Any = AwsGenericHook(
            aws_conn_id=self._connection.aws_conn_id,
            client_type="sagemaker",
            region_name=self._connection.region_name,
            verify=self._connection.verify,
            config=self._connection.botocore_config,
        )
        return hook

    @cached_property
    def _session(self) -> Any:
        return with_known_models(self._hook.get_session(region_name=self._hook.region_name))
