"""The champion: the model package that an endpoint serves now, and what an evaluation of it needs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.errors import is_missing
from boatyard.aws.outcome import serves
from boatyard.aws.s3 import storage
from boatyard.spec.words import (
    CHAMPION_CODE,
    CHAMPION_MODEL_DATA,
    CHAMPION_PACKAGE,
    CHAMPION_PROBLEM,
    CHAMPION_PROGRAM,
    fill,
)

log = logging.getLogger(__name__)

VARIABLE = "CHAMPION_MODEL_PACKAGE"  # of an evaluation's job: which champion it evaluates
_TOKENS = (CHAMPION_PACKAGE, CHAMPION_MODEL_DATA, CHAMPION_CODE, CHAMPION_PROGRAM, CHAMPION_PROBLEM)
_LONGEST_VARIABLE = 256  # of a processing job's environment


@dataclass(frozen=True)
class Champion:
    """What serves now; `problem` says why it cannot be evaluated."""

    package: str  # ARN of the model package, or of the model where it was made from none
    model_data: str = ""
    code: str = ""
    program: str = ""
    problem: str = ""

    def words(self) -> dict[str, str]:
        """Return what fills a request; what is not known has no word."""
        values = (self.package, self.model_data, self.code, self.program, self.problem[:_LONGEST_VARIABLE])
        return {token: value for token, value in zip(_TOKENS, values, strict=True) if value}


def in_service(sagemaker: Any, s3: Any, endpoint: str) -> Champion | None:
    """Return the champion behind an endpoint, None where nothing serves."""
    found = _find(sagemaker, "describe_endpoint", "EndpointName", endpoint)
    status = found["EndpointStatus"] if found else "not there"
    if found is None or not serves(status):
        log.info("no champion: endpoint %s is %s", endpoint, status)
        return None
    name = found["EndpointConfigName"]
    config = _find(sagemaker, "describe_endpoint_config", "EndpointConfigName", name)
    if config is None:
        return Champion(found["EndpointArn"], problem=f"endpoint configuration {name} is gone")
    variants = config["ProductionVariants"]
    variant = max(variants, key=lambda one: float(one.get("InitialVariantWeight", 1.0)))
    if len(variants) > 1:
        log.warning("endpoint %s has %d variants; champion is %s", endpoint, len(variants), variant["VariantName"])
    champion = _served(sagemaker, s3, variant["ModelName"], found["EndpointArn"])
    if champion.problem:
        log.warning("champion %s cannot be evaluated: %s", champion.package, champion.problem)
    else:
        log.info("champion: %s", champion.package)
    return champion


def with_champion(request: dict[str, Any], champion: Champion | None) -> dict[str, Any]:
    """Return CreateProcessingJob with the champion filled in; what of it is not known is left out."""
    filled: dict[str, Any] = fill(request, champion.words() if champion else {})
    filled["ProcessingInputs"] = [one for one in filled["ProcessingInputs"] if not _open(one["S3Input"]["S3Uri"])]
    environment = {name: value for name, value in filled.pop("Environment", {}).items() if not _open(value)}
    return filled | ({"Environment": environment} if environment else {})


def evaluated(description: dict[str, Any]) -> str:
    """Return which champion a processing job evaluated, "" for none."""
    return str(description.get("Environment", {}).get(VARIABLE, ""))


def _served(sagemaker: Any, s3: Any, name: str, endpoint_arn: str) -> Champion:
    model = _find(sagemaker, "describe_model", "ModelName", name)
    if model is None:
        return Champion(endpoint_arn, problem=f"its model {name} is gone")
    (container, *_) = model.get("Containers") or [model["PrimaryContainer"]]
    arn = container.get("ModelPackageName")
    if not arn:
        return Champion(model["ModelArn"], problem=f"model {name} was not made from a model package")
    package = _find(sagemaker, "describe_model_package", "ModelPackageName", arn)
    if package is None:
        return Champion(arn, problem="it is gone from the model registry")
    return _evaluable(s3, arn, package["InferenceSpecification"]["Containers"][0])


def _evaluable(s3: Any, arn: str, container: dict[str, Any]) -> Champion:
    environment = container.get("Environment", {})
    model_data, code = container.get("ModelDataUrl", ""), environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    program = environment.get("SAGEMAKER_PROGRAM", "")
    if not model_data.endswith(".tar.gz"):
        return Champion(arn, problem="it has no model.tar.gz")
    for uri in filter(None, (model_data, code)):
        if uri.startswith("s3://") and not storage.exists(s3, uri):
            return Champion(arn, problem=f"{uri} is gone")
    return Champion(arn, model_data, code if code.startswith("s3://") else "", program)


def _open(value: str) -> bool:
    return any(token in value for token in _TOKENS)


def _find(client: Any, operation: str, key: str, name: str) -> dict[str, Any] | None:
    try:
        return call(client, operation, {key: name})
    except client.exceptions.ClientError as error:
        if is_missing(error):
            return None
        raise
