"""Endpoints: models and configurations named by their content, and one endpoint that serves what was asked for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import ConflictError, EndpointError, is_missing, is_taken
from boatyard.aws.jobs import WAITING_PATIENCE, differences
from boatyard.aws.outcome import OTHER, WANTED, Outcome, outcome_of
from boatyard.aws.typed import typed
from boatyard.aws.waiting import looks

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as SageMaker describes it now, seen by somebody who wants it to serve `wanted`."""

    name: str
    wanted: str
    outcome: Outcome
    status: str
    config: str
    reason: str


def ensure_model(client: Any, request: dict[str, Any], *, named_by_content: bool = False) -> None:
    """Make sure that the model of `request` (of CreateModel) exists as it says; a name that is a hash says it all."""
    _ensure(client, "model", "ModelName", request, named_by_content)


def ensure_config(client: Any, request: dict[str, Any], *, named_by_content: bool = False) -> None:
    """Make sure that the endpoint configuration of `request` (of CreateEndpointConfig) exists as it says."""
    _ensure(client, "endpoint_config", "EndpointConfigName", request, named_by_content)


def describe(client: Any, name: str, wanted: str) -> Endpoint | None:
    """Return how the endpoint stands towards serving the configuration `wanted`, `None` if there is no endpoint."""
    try:
        found = call(client, "describe_endpoint", {"EndpointName": name}, patience=WAITING_PATIENCE)
    except client.exceptions.ClientError as error:
        if is_missing(error):
            return None
        raise
    config = found.get("EndpointConfigName", "")
    return Endpoint(
        name=name,
        wanted=wanted,
        outcome=outcome_of("endpoint", found["EndpointStatus"], WANTED if config == wanted else OTHER),
        status=found["EndpointStatus"],
        config=config,
        reason=found.get("FailureReason", ""),
    )


def deploy(client: Any, create: dict[str, Any], update: dict[str, Any]) -> None:
    """Start bringing an endpoint to the configuration that both requests (Create- and UpdateEndpoint) name.

    Asked again after a crash it finds its own work and starts nothing twice. An endpoint busy with another
    configuration is waited for. What is in service stays in service until the new configuration is.
    """
    name, wanted = create["EndpointName"], create["EndpointConfigName"]
    endpoint = _settled(client, name, wanted)
    if endpoint is not None and endpoint.status == "Failed":
        # "DeleteEndpoint is the only operation that can be performed on a failed endpoint" (DescribeEndpoint)
        log.warning("endpoint %s is Failed (%s) and serves nothing; it is made anew", name, endpoint.reason)
        call(client, "delete_endpoint", {"EndpointName": name})
        _wait_gone(client, name)
        endpoint = None
    if endpoint is None:
        _create(client, create)
    elif endpoint.outcome is Outcome.SUCCEEDED:
        log.info("endpoint %s already serves %s", name, wanted)
    else:
        call(client, "update_endpoint", update)
        log.info("updating endpoint %s from %s to %s", name, endpoint.config, wanted)


def wait(client: Any, name: str, wanted: str, seconds: float | None = None) -> Endpoint:
    """Look at the endpoint until it settled or `seconds` have passed, and return it as last seen."""
    endpoint: Endpoint | None = None
    for _ in looks(seconds):
        endpoint = describe(client, name, wanted)
        if endpoint is None:
            raise EndpointError(f"endpoint {name} is gone")
        if endpoint.outcome.ended:
            break
    assert endpoint is not None  # noqa: S101  looks() looks at least once
    return endpoint


def require_in_service(endpoint: Endpoint) -> None:
    """Refuse, with `EndpointError`, an endpoint that does not serve what was wanted."""
    if endpoint.outcome is Outcome.SUCCEEDED:
        return
    reason = f": {endpoint.reason}" if endpoint.reason else ""
    stays = f"; {endpoint.config} stays in service" if endpoint.outcome is Outcome.ROLLED_BACK else ""
    raise EndpointError(
        f"endpoint {endpoint.name} does not serve {endpoint.wanted}: it {endpoint.outcome.value} "
        f"and is {endpoint.status}{stays}{reason}"
    )


def _ensure(client: Any, resource: str, name_key: str, request: dict[str, Any], named_by_content: bool) -> None:
    name = request[name_key]
    request = typed(client, f"create_{resource}", request)
    found = _find(client, f"describe_{resource}", name_key, name)
    if found is None:
        try:
            call(client, f"create_{resource}", request)
            log.info("created %s %s", resource.replace("_", " "), name)
            return
        except client.exceptions.ClientError as error:
            if not is_taken(error):
                raise
        found = _find(client, f"describe_{resource}", name_key, name) or {}
    different = [] if named_by_content else differences(request, found)
    if different:
        raise ConflictError(f"{resource.replace('_', ' ')} {name} exists, but differs in {', '.join(different)}")


def _find(client: Any, operation: str, name_key: str, name: str) -> dict[str, Any] | None:
    try:
        return call(client, operation, {name_key: name})
    except client.exceptions.ClientError as error:
        if is_missing(error):
            return None
        raise


def _create(client: Any, request: dict[str, Any]) -> None:
    try:
        call(client, "create_endpoint", request)
        log.info("creating endpoint %s", request["EndpointName"])
    except client.exceptions.ClientError as error:
        # a repeated call of our own whose first answer was lost: wait() tells whether it serves what we want
        if not is_taken(error):
            raise


def _settled(client: Any, name: str, wanted: str) -> Endpoint | None:
    endpoint: Endpoint | None = None
    for _ in looks():
        endpoint = describe(client, name, wanted)
        if endpoint is None:
            break
        if endpoint.status == "Deleting":
            continue
        if endpoint.outcome.ended:
            break
    return endpoint


def _wait_gone(client: Any, name: str) -> None:
    for _ in looks():
        if describe(client, name, "") is None:
            return
