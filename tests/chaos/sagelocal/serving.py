"""Load on endpoints: one that is asked all the time, one that is created, changed and deleted."""

from __future__ import annotations

import time
from random import Random
from typing import Any

from botocore.exceptions import ClientError
from tests.chaos.sagelocal.ledger import ABSENT, LOST, WRONG, Cell, Clients, Findings
from tests.chaos.sagelocal.requests import IMAGE, ROLE

_PATIENCE = 120.0  # seconds until an endpoint has come to rest
_MOVING = {"Creating", "Updating", "RollingBack", "Deleting"}
COLOURS = ("red", "blue")


def configure(sagemaker: Any) -> None:
    """Make a model and a configuration for each colour."""
    for colour in COLOURS:
        container = {"Image": IMAGE, "Environment": {"COLOUR": colour}}
        sagemaker.create_model(ModelName=colour, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "all", "ModelName": colour, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName=colour, ProductionVariants=[variant])


class Asking:
    """Ask an endpoint that nobody changes: it answers, whatever happens to the server."""

    def __init__(self, clients: Clients, _: Random, findings: Findings) -> None:
        self._sagemaker, self._runtime = clients("sagemaker"), clients("sagemaker-runtime")
        self._findings = findings
        self._number = 0

    def create(self) -> None:
        """Make it and wait until it serves."""
        self._sagemaker.create_endpoint(EndpointName="asked", EndpointConfigName="red")
        _settled(self._sagemaker, "asked", self._findings)

    def act(self) -> None:
        """Ask it one question."""
        self._number += 1
        question = f"question {self._number}".encode()
        answer = self._runtime.invoke_endpoint(EndpointName="asked", Body=question)["Body"].read()
        if answer != question:
            self._findings.add(WRONG, f"{question!r} was answered with {answer!r}")
        self._findings.count("InvokeEndpoint")

    def check(self) -> None:
        """Ask it: it serves again."""
        self.act()

    def finish(self) -> None:
        """Ask it once more."""
        self.act()


class Changing:
    """Create, update and delete an endpoint."""

    def __init__(self, clients: Clients, random: Random, findings: Findings) -> None:
        self._sagemaker, self._runtime = clients("sagemaker"), clients("sagemaker-runtime")
        self._random = random
        self._findings = findings
        self._wanted = Cell("the configuration of the changing endpoint")

    def act(self) -> None:
        """Ask for a change once the one before has been made."""
        described = self._describe()
        if described and described["EndpointStatus"] in _MOVING:
            time.sleep(0.05)
            return
        if described is None:
            self._change("create_endpoint", self._random.choice(COLOURS))
        elif self._random.random() < 0.3:
            self._wanted.write(ABSENT, lambda: self._sagemaker.delete_endpoint(EndpointName="changing"))
            self._findings.count("DeleteEndpoint")
        else:
            self._change("update_endpoint", self._random.choice(COLOURS))

    def _change(self, call: str, colour: str) -> None:
        named = {"EndpointName": "changing", "EndpointConfigName": colour}
        self._wanted.write(colour, lambda: getattr(self._sagemaker, call)(**named))
        self._findings.count("CreateEndpoint" if call == "create_endpoint" else "UpdateEndpoint")

    def _describe(self) -> dict[str, Any] | None:
        return _described(self._sagemaker, "changing")

    def check(self) -> None:
        """Wait until it has come to rest, and see which configuration answers."""
        described = _settled(self._sagemaker, "changing", self._findings)
        colour = ABSENT
        if described is not None:
            if described["EndpointStatus"] != "InService":
                self._findings.add(WRONG, f"the endpoint is {described}")
            colour = self._runtime.invoke_endpoint(EndpointName="changing", Body=b"env COLOUR")["Body"].read().decode()
            if colour != described["EndpointConfigName"]:
                self._findings.add(WRONG, f"{colour} answers, Describe says {described['EndpointConfigName']}")
        self._wanted.check(colour, self._findings)

    def finish(self) -> None:
        """Delete both endpoints."""
        self.check()
        for name in ("asked", "changing"):
            if _described(self._sagemaker, name) is not None:
                self._sagemaker.delete_endpoint(EndpointName=name)
            _settled(self._sagemaker, name, self._findings)


def _described(sagemaker: Any, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if "Could not find" not in str(error):
            raise
        return None
    return found


def _settled(sagemaker: Any, name: str, findings: Findings) -> dict[str, Any] | None:
    deadline = time.monotonic() + _PATIENCE
    while (found := _described(sagemaker, name)) is not None and found["EndpointStatus"] in _MOVING:
        if time.monotonic() > deadline:
            findings.add(LOST, f"endpoint {name} is {found['EndpointStatus']} for ever")
            break
        time.sleep(0.05)
    return found
