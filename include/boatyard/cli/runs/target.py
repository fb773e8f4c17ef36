"""Which AWS a run goes to: the one that the environment names, else the project's own sagelocal."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from boatyard.aws.clients import Clients, EnvironmentClients, SessionClients
from boatyard.cli.home import Home, StackError
from boatyard.cli.stack import Stack
from boatyard.spec.deployment import Deployment, DeploymentError


@dataclass(frozen=True)
class Target:
    """An installation of Boatyard, and clients that reach its AWS."""

    deployment: Deployment
    clients: Clients
    words: str  # what it is, for a person


def find_target(home: Home, report: Callable[[str], None]) -> Target:
    """Return where the environment points; where it names no deployment, the local stack's AWS, started if need be.

    What is there in part is an error: a half-set environment must not end up somewhere else.
    """
    if any(name.startswith("BOATYARD_") and value for name, value in os.environ.items()):
        return _from_environment(os.environ)
    environment = Stack(home).start_aws(report)
    return Target(Deployment.from_environment(environment), EnvironmentClients(environment), _words(environment))


def _from_environment(environment: Mapping[str, str]) -> Target:
    try:
        deployment = Deployment.from_environment(environment)
    except DeploymentError as error:
        raise StackError(str(error)) from None
    return Target(deployment, SessionClients(deployment.region), _words(environment))


def _words(environment: Mapping[str, str]) -> str:
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    return f"AWS at {environment['AWS_ENDPOINT_URL']}" if environment.get("AWS_ENDPOINT_URL") else f"AWS in {region}"
