"""What is diagnosed: a project's models and the AWS that its environment points to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from boatyard.aws.clients import Clients, EnvironmentClients, SessionClients
from boatyard.aws.inspection.identity import Caller, caller
from boatyard.cli.home import Home, StackError
from boatyard.cli.project import models
from boatyard.cli.stack import Stack
from boatyard.spec import Deployment, DeploymentError, ModelSpec, SpecError, load_model
from boatyard.spec.deployment import with_examples
from boatyard.steps import BATCH_STEPS, STEPS, Request, RunContext


@dataclass(frozen=True)
class Subject:
    """Hold what checks look at; what costs a call of AWS or a read of every spec is asked for once."""

    home: Home
    environment: Mapping[str, str]
    clients: Clients
    words: str  # what it is, for a person

    @property
    def region(self) -> str:
        """Return the region, "" if none is set."""
        return self.environment.get("AWS_REGION") or self.environment.get("AWS_DEFAULT_REGION") or ""

    @property
    def deployment(self) -> Deployment:
        """Return the deployment; a setting that is missing has an example's value."""
        return with_examples(self.environment)

    @property
    def dags(self) -> Path:
        """Return the folder of the models, as somebody in the current folder writes it."""
        return Path(os.path.relpath(self.home.project / "dags"))

    @cached_property
    def caller(self) -> Caller:
        """Return whom the credentials belong to."""
        return caller(self.clients.get("sts"))

    @cached_property
    def models(self) -> dict[str, ModelSpec | SpecError]:
        """Return each model's spec, or what is wrong with it, by its name."""
        return {name: _loaded(self.dags / name) for name in models(self.dags)}

    def requests(self) -> Iterator[tuple[str, Request]]:
        """Yield every request of every model that can be loaded and run here, with the model's name."""
        for name, planned in self._plans.items():
            if not isinstance(planned, DeploymentError):
                yield from ((name, request) for request in planned)

    def refusals(self) -> Iterator[tuple[str, str]]:
        """Yield the models that this deployment cannot run, and why."""
        return ((name, str(planned)) for name, planned in self._plans.items() if isinstance(planned, DeploymentError))

    @cached_property
    def _plans(self) -> dict[str, list[Request] | DeploymentError]:
        run = RunContext.for_check(self.deployment)
        return {name: _planned(spec, run) for name, spec in self.models.items() if isinstance(spec, ModelSpec)}


def find_subject(home: Home) -> Subject:
    """Return where the environment points; where it names no deployment, the local stack if that runs."""
    if not any(name.startswith("BOATYARD_") and value for name, value in os.environ.items()):
        try:
            local = Stack(home).client_environment()
        except StackError:
            pass  # nothing is started by a diagnosis: what is missing is said setting by setting
        else:
            return Subject(
                home, local, EnvironmentClients(local), f"the local stack, AWS at {local['AWS_ENDPOINT_URL']}"
            )
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    address = os.environ.get("AWS_ENDPOINT_URL") or (f"in {region}" if region else "in no region")
    return Subject(home, dict(os.environ), _clients(region), f"this shell's environment, AWS {address}")


def _clients(region: str) -> Clients:
    return SessionClients(region or "us-east-1")  # only asked for an identity then, which is the same everywhere


def _planned(spec: ModelSpec, run: RunContext) -> list[Request] | DeploymentError:
    steps = STEPS if spec.batch is None else (*STEPS, *BATCH_STEPS)
    try:
        return [request for step in steps for request in step.build(spec, run)]
    except DeploymentError as error:
        return error


def _loaded(folder: Path) -> ModelSpec | SpecError:
    try:
        return load_model(folder)
    except SpecError as error:
        return error


def values_of(request: Any, names: frozenset[str]) -> Iterator[Any]:
    """Yield the members of those names, wherever in a request they stand."""
    if isinstance(request, Mapping):
        for name, value in request.items():
            if name in names:
                yield value
            yield from values_of(value, names)
    elif isinstance(request, list | tuple):
        for value in request:
            yield from values_of(value, names)
