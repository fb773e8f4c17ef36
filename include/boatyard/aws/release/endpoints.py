"""Endpoints: models and configurations named by their content, and one endpoint that serves what was asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from boatyard.aws.calls import call, glimpse
from boatyard.aws.errors import (
    ConflictError,
    EndpointError,
    RefusedError,
    error_message,
    is_missing,
    is_taken,
    refusals_of,
)
from boatyard.aws.jobs import differences
from boatyard.aws.notices.state_changes import ENDPOINT, ROLLED_BACK, StateChange, tell
from boatyard.aws.outcome import OTHER, WANTED, Outcome, outcome_of
from boatyard.aws.requests.shapes import require_shape
from boatyard.aws.requests.typed import typed
from boatyard.aws.waiting.pauses import looks

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
    coming: str = ""  # the configuration that an update or a creation under way brings

    @property
    def is_coming(self) -> bool:
        """Tell whether the endpoint is being brought to the wanted configuration already."""
        is_made = self.status in {"Creating", "SystemUpdating"} and self.wanted == self.config
        return self.outcome is Outcome.RUNNING and (is_made or self.wanted == self.coming)

    @property
    def is_superseded(self) -> bool:
        """Tell whether somebody asked for another configuration since; a rollback leaves its reason."""
        is_replaced = self.outcome is Outcome.RUNNING and self.coming not in {"", self.wanted}
        return is_replaced or (self.outcome is Outcome.ROLLED_BACK and not self.reason)


def ensure_model(client: Any, request: dict[str, Any], *, named_by_content: bool = False) -> None:
    """Make sure that the model of `request` (of CreateModel) exists as it says; a name that is a hash says it all."""
    _ensure(client, "model", "ModelName", request, named_by_content)


def ensure_config(client: Any, request: dict[str, Any], *, named_by_content: bool = False) -> None:
    """Make sure that the endpoint configuration of `request` (of CreateEndpointConfig) exists as it says."""
    _ensure(client, "endpoint_config", "EndpointConfigName", request, named_by_content)


def describe(client: Any, name: str, wanted: str, *, patience: float | None = None) -> Endpoint | None:
    """Return how the endpoint stands towards serving the configuration `wanted`, `None` if there is no endpoint.

    `patience` as of `call`.
    """
    try:
        found = call(client, "describe_endpoint", {"EndpointName": name}, patience=patience)
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
        coming=found.get("PendingDeploymentSummary", {}).get("EndpointConfigName", ""),
    )


def deploy(client: Any, create: dict[str, Any], update: dict[str, Any]) -> None:
    """Start bringing an endpoint to the configuration that both requests (Create- and UpdateEndpoint) name.

    Asked again after a crash it finds its own work and starts nothing twice. An endpoint busy with another
    configuration is waited for. What is in service stays in service until the new configuration is.
    """
    with refusals_of(f"endpoint {create.get('EndpointName', '')}"):
        require_shape(client, "create_endpoint", typed(client, "create_endpoint", create))
    name, wanted = create["EndpointName"], create["EndpointConfigName"]
    endpoint = _settled(client, name, wanted)
    if endpoint is not None and endpoint.status == "Failed":
        # "DeleteEndpoint is the only operation that can be performed on a failed endpoint" (DescribeEndpoint)
        log.warning("endpoint %s is Failed (%s) and serves nothing; it is made anew", name, endpoint.reason)
        _delete(client, name)
        endpoint = None
    if endpoint is None:
        _create(client, create)
    elif endpoint.is_coming:
        log.info("endpoint %s is on its way to %s already", name, wanted)
    elif endpoint.outcome is Outcome.SUCCEEDED:
        log.info("endpoint %s already serves %s", name, wanted)
    else:
        _update(client, update, endpoint, lambda: deploy(client, create, update))


def wait(client: Any, name: str, wanted: str, seconds: float | None = None) -> Endpoint:
    """Look at the endpoint until it settled or `seconds` have passed, and return it as last seen.

    The update goes on while AWS throttles, fails or does not answer: then the next look will tell.
    """
    endpoint = _look(client, name, wanted, None)
    for number, _ in enumerate(looks(seconds)):
        if endpoint.outcome.ended:
            break
        if number:
            endpoint = glimpse(lambda: _look(client, name, wanted, 0.0)) or endpoint
    return endpoint


def look_back(client: Any, name: str, wanted: str) -> Endpoint | None:
    """Look at an endpoint that nobody waits for, and tell of it; `None` if it is gone or was asked for more since."""
    endpoint = describe(client, name, wanted)
    if endpoint is None or endpoint.is_superseded:
        return None
    tell(_change(endpoint))
    return endpoint


def _look(client: Any, name: str, wanted: str, patience: float | None) -> Endpoint:
    endpoint = describe(client, name, wanted, patience=patience)
    if endpoint is None:
        raise EndpointError(f"endpoint {name} is gone")
    tell(_change(endpoint))
    return endpoint


def _change(endpoint: Endpoint) -> StateChange:
    rolled_back = endpoint.outcome is Outcome.ROLLED_BACK
    return StateChange(
        kind=ENDPOINT,
        name=endpoint.name,
        state=ROLLED_BACK if rolled_back else endpoint.status,
        words=f"serves {endpoint.config}" if endpoint.status == "InService" else f"is to serve {endpoint.wanted}",
        reason=endpoint.reason,
        ended=endpoint.outcome.ended,
        wanted=endpoint.wanted,
    )


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
    request = typed(client, f"create_{resource}", request)
    with refusals_of(f"{resource.replace('_', ' ')} {request.get(name_key, '')}"):
        require_shape(client, f"create_{resource}", request)
    name = request[name_key]
    found = _find(client, f"describe_{resource}", name_key, name)
    if found is None:
        try:
            call(client, f"create_{resource}", request)
            log.info("created %s %s", resource.replace("_", " "), name)
            return
        except client.exceptions.ClientError as error:
            if not is_taken(error):
                raise RefusedError(f"{resource.replace('_', ' ')} {name}", error) from error
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
            raise RefusedError(f"endpoint {request['EndpointName']}", error) from error


def _update(client: Any, request: dict[str, Any], endpoint: Endpoint, again: Callable[[], None]) -> None:
    try:
        call(client, "update_endpoint", request)
    except client.exceptions.ClientError as error:
        now = describe(client, endpoint.name, endpoint.wanted)
        if now is None or now.outcome.ended:
            raise RefusedError(f"the update of endpoint {endpoint.name}", error) from error
        # a repeated call of our own whose first answer was lost, or somebody else was quicker
        log.info("endpoint %s is %s: %s", now.name, now.status, error_message(error))
        again()
    else:
        log.info("updating endpoint %s from %s to %s", endpoint.name, endpoint.config, endpoint.wanted)


def _delete(client: Any, name: str) -> None:
    try:
        call(client, "delete_endpoint", {"EndpointName": name})
    except client.exceptions.ClientError as error:
        if not is_missing(error):  # a repeated call of our own whose first answer was lost
            raise
    for _ in looks():
        if describe(client, name, "") is None:
            return


def _settled(client: Any, name: str, wanted: str) -> Endpoint | None:
    """Return the endpoint once nothing but what is wanted is under way."""
    endpoint: Endpoint | None = None
    for _ in looks():
        endpoint = describe(client, name, wanted)
        if endpoint is None or endpoint.is_coming:
            break
        if endpoint.status != "Deleting" and endpoint.outcome.ended:
            break
    return endpoint
