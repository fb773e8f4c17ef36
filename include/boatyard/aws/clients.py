"""Clients of AWS: what a step needs of them, and those of callers that have no Airflow connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from typing import Any, Protocol

CONNECT_WITHIN = 5.0  # seconds
# An answer that comes later than this was lost, and the call is repeated; a model may take a minute for its answer.
READ_WITHIN = 20.0
READ_WITHIN_OF: Mapping[str, float] = {"sagemaker-runtime": 70.0}


class Clients(Protocol):
    """The boto3 clients of a step."""

    def get(self, service: str) -> Any:
        """Return the step's client of a service, always the same."""

    def new(self, service: str) -> Any:
        """Return a client of its own, which shares no lock with any other."""


class SessionClients:
    """Make each client once, from boto3's own chain: environment, profile, single sign-on, instance role."""

    def __init__(self, region: str) -> None:
        self._region = region
        self.get = cache(self.new)

    def new(self, service: str) -> Any:
        """Return a client of its own."""
        return self._session.client(service, config=standard_retries(service))

    @cached_property
    def _session(self) -> Any:
        import boto3

        return with_known_models(boto3.Session(region_name=self._region))


class EnvironmentClients:
    """Make each client once, from an environment that is not this process's own (`client`)."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.get = cache(self.new)

    def new(self, service: str) -> Any:
        """Return a client of its own."""
        return client(service, self._environment)


def client(service: str, environment: Mapping[str, str]) -> Any:
    """Return a boto3 client that reads its address and credentials from `environment` alone.

    `environment` holds AWS_ENDPOINT_URL (absent for AWS itself), AWS_REGION, AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY and, for temporary credentials, AWS_SESSION_TOKEN.
    """
    import boto3

    make: Any = boto3.client  # its types ask for the name of a service, not for a variable
    return make(
        service,
        endpoint_url=environment.get("AWS_ENDPOINT_URL"),
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        config=standard_retries(service),
    )


@cache
def _loader() -> Any:
    from botocore.loaders import create_loader

    return create_loader()


def with_known_models(session: Any) -> Any:
    """Return a boto3 session that shares what this process, or the one that it was forked from, read of botocore."""
    core = session._session  # boto3 has no other way to it
    if core.get_config_variable("data_path") is None:  # else somebody keeps service models of their own
        core.register_component("data_loader", _loader())
    return session


def know_models(services: Iterable[str]) -> None:
    """Read what botocore knows of these services (0.1 s): the processes that are forked from this one need not."""
    loader = _loader()
    for name in ("partitions", "endpoints", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
    for service in services:
        for kind in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, kind, api_version=None)  # spelled as botocore does


def timeouts(service: str, attempts: int | None = None) -> Any:
    """Return botocore's configuration of a client that does not wait long for an answer that is lost.

    `attempts` is how often botocore calls before an error is told, as many times as it is used to by default.
    """
    from botocore.config import Config

    config = Config(connect_timeout=CONNECT_WITHIN, read_timeout=READ_WITHIN_OF.get(service, READ_WITHIN))
    return config if attempts is None else config.merge(Config(retries={"total_max_attempts": attempts}))


def standard_retries(service: str) -> Any:
    """Return the same with few retries: who calls tries again by itself."""
    from botocore.config import Config

    return timeouts(service).merge(Config(retries={"mode": "standard"}))


def reachable(sts: Any) -> bool:
    """Tell whether AWS answers and takes the client's credentials."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        sts.get_caller_identity()
    except (BotoCoreError, ClientError):
        return False
    return True
