"""From an evaluated model to an endpoint that answers as the evaluation did."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from boatyard.aws.clients import Clients
from boatyard.aws.errors import PermanentError
from boatyard.aws.naming import content_name
from boatyard.aws.release import endpoints, invoke, registry
from boatyard.aws.release.answers import compare_answers
from boatyard.aws.requests.asked import Asked
from boatyard.aws.s3 import storage
from boatyard.spec.words import CLIENT_TOKEN, ENDPOINT_CONFIG_NAME, MODEL_NAME, ROWS, fill

log = logging.getLogger(__name__)

# Members that only one of CreateEndpoint and UpdateEndpoint takes.
ONLY_CREATE = frozenset({"Tags"})
ONLY_UPDATE = frozenset({"RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "RetainDeploymentConfig"})


def register(clients: Clients, group: dict[str, Any], package: dict[str, Any], token: str) -> str:
    """Make the group if there is none, then the version, once for each token; return its ARN."""
    client = clients.get("sagemaker")
    registry.ensure_group(client, group)
    return registry.register(client, fill(package | {"ClientToken": token}, {CLIENT_TOKEN: token}))


def approve(asked: Asked, clients: Clients) -> dict[str, Any]:
    """Send UpdateModelPackage, unless a person rejected the version."""
    request = asked.only("UpdateModelPackage")
    registry.approve(clients.get("sagemaker"), request)
    return {"model_package_arn": request["ModelPackageArn"]}


def named(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Model, EndpointConfig and Endpoint of `config` with the names that their contents give them."""
    prefix = config["Endpoint"]["EndpointName"]
    with_model: dict[str, Any] = fill(config, {MODEL_NAME: content_name(prefix, config["Model"])})
    config_name = content_name(prefix, with_model["EndpointConfig"])
    filled: dict[str, Any] = fill(with_model, {ENDPOINT_CONFIG_NAME: config_name})
    return filled


def ensure_approved_parts(client: Any, model_package: str, config: Mapping[str, Any]) -> None:
    """Make the model and the endpoint configuration of `named`; what nobody approved is refused before that."""
    registry.require_approved(client, model_package)
    endpoints.ensure_model(client, config["Model"], named_by_content=True)
    endpoints.ensure_config(client, config["EndpointConfig"], named_by_content=True)


def start_deploying(client: Any, endpoint: Mapping[str, Any]) -> None:
    """Create or update the endpoint; `endpoint` holds the members of both requests."""
    endpoints.deploy(
        client,
        create={key: value for key, value in endpoint.items() if key not in ONLY_UPDATE},
        update={key: value for key, value in endpoint.items() if key not in ONLY_CREATE},
    )


def deployed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names of what serves."""
    return {
        "endpoint_name": config["Endpoint"]["EndpointName"],
        "endpoint_config_name": config["Endpoint"]["EndpointConfigName"],
        "model_name": config["Model"]["ModelName"],
    }


def smoke_test(asked: Asked, clients: Clients) -> dict[str, Any]:
    """Ask the endpoint about rows that the evaluation knows the answers to, and compare."""
    count = asked.only("CompareAnswers")["Rows"]
    rows, expected = (
        storage.first_lines(clients.get("s3"), storage.uri_of(where), count) for where in asked.all("GetObject")
    )
    if not rows:
        raise PermanentError("there are no held-out rows to ask the endpoint about")
    unlabelled = "".join(f"{row.partition(',')[2]}\n" for row in rows)
    request = fill(asked.only("InvokeEndpoint"), {ROWS: unlabelled})
    answers = invoke.invoke(clients.get("sagemaker-runtime"), request).splitlines()
    compare_answers(answers, expected)
    log.info("endpoint %s answers %d rows as evaluated", request["EndpointName"], len(rows))
    return {"rows": len(rows), "answers": answers}
