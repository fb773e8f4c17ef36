"""Load on pipelines: executions that are started, stopped and come to their end while the server dies."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from botocore.exceptions import ClientError
from tests.chaos.sagelocal import verdicts
from tests.chaos.sagelocal.ledger import LOST, ORPHANED, WRONG, Clients, Findings
from tests.chaos.sagelocal.requests import BRANCHES, ROLE, pipeline
from tests.chaos.sagelocal.traces import Traces
from tests.chaos.sagelocal.verdicts import Step

NAME = "chaos"
_AT_ONCE = 2
_STOPPED = 0.5  # how often an execution is stopped
_LONGEST = 3.0  # seconds until it is
_PATIENCE = 180.0  # seconds until all executions have ended
_ENDED = {"Succeeded", "Failed", "Stopped"}


@dataclass
class _Execution:
    """What is known of one execution."""

    line: str  # its name, and what its jobs print
    arn: str = ""  # once its start was acknowledged
    stop_at: float = float("inf")
    stop: str = ""  # "asked", "acknowledged", or "refused", for it had ended
    ended: str = ""  # its last status


class Pipelines:
    """Start executions and stop some; what is not answered is sent again, with its token, until it is."""

    def __init__(self, clients: Clients, random: Random, findings: Findings, state: Path) -> None:
        self._sagemaker = clients("sagemaker")
        self._traces = Traces(clients, state)
        self._random = random
        self._findings = findings
        self._executions: list[_Execution] = []
        self._unanswered: Callable[[], None] | None = None
        self._owned: set[str] = set()  # the jobs of executions that have ended

    def create(self) -> None:
        """Make the pipeline."""
        self._sagemaker.create_pipeline(
            PipelineName=NAME, PipelineDefinition=json.dumps(pipeline()), RoleArn=ROLE, ClientRequestToken=_token()
        )

    def act(self) -> None:
        """Send again what was not answered, stop an execution whose time has come, or start one."""
        running = [execution for execution in self._executions if not execution.ended]
        due = [execution for execution in running if not execution.stop and execution.stop_at < time.monotonic()]
        if self._unanswered:
            self._send(self._unanswered)
            self._findings.count("calls on executions sent again")
        elif due:
            self._stop(due[0])
        elif len(running) < _AT_ONCE:
            self._start()
        else:
            self._look(self._random.choice(running))
            time.sleep(0.02)

    def _send(self, call: Callable[[], None]) -> None:
        self._unanswered = call
        call()
        self._unanswered = None

    def _start(self) -> None:
        execution = _Execution(f"{len(self._executions)} {self._random.choice(BRANCHES)}")
        self._executions.append(execution)
        given = {"Line": execution.line, "Seconds": self._random.choice(["0", "0.3", "1"])}
        request = {
            "PipelineName": NAME,
            "PipelineExecutionDisplayName": execution.line.replace(" ", "-"),
            "PipelineParameters": [{"Name": name, "Value": value} for name, value in given.items()],
            "ClientRequestToken": _token(),
        }

        def start() -> None:
            execution.arn = self._sagemaker.start_pipeline_execution(**request)["PipelineExecutionArn"]
            if self._random.random() < _STOPPED:
                execution.stop_at = time.monotonic() + self._random.uniform(0.0, _LONGEST)
            self._findings.count("StartPipelineExecution")

        self._send(start)

    def _stop(self, execution: _Execution) -> None:
        execution.stop, token = "asked", _token()

        def stop() -> None:
            try:
                self._sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution.arn, ClientRequestToken=token)
            except ClientError as error:
                if "has status 'Succeeded'" not in str(error):
                    raise
                execution.stop = "refused"
            else:
                execution.stop = "acknowledged"
                self._findings.count("StopPipelineExecution")

        self._send(stop)

    def _look(self, execution: _Execution) -> None:
        """See whether it has ended, and as it should: of one whose stop was not answered nobody knows how."""
        described = self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution.arn)
        status: str = described["PipelineExecutionStatus"]
        if status not in _ENDED or execution.stop == "asked":
            return
        stopped, steps = execution.stop == "acknowledged", self._steps(execution)
        jobs = self._traces.named(execution.arn.rpartition("/")[2])
        for finding in verdicts.of_execution(execution.line, stopped, status, steps, jobs):
            self._findings.add(*finding)
        self._findings.count(f"executions {status}")
        self._owned |= jobs.keys()
        execution.ended = status  # only now: a kill may cut the judge off

    def _steps(self, execution: _Execution) -> dict[str, Step]:
        pages = self._sagemaker.get_paginator("list_pipeline_execution_steps")
        said = pages.paginate(PipelineExecutionArn=execution.arn, SortOrder="Ascending").build_full_result()
        return {one["StepName"]: _step(one) for one in said["PipelineExecutionSteps"]}

    def check(self) -> None:
        """Compare the list of executions, and look at each that has not been seen to end."""
        pages = self._sagemaker.get_paginator("list_pipeline_executions")
        listed = pages.paginate(PipelineName=NAME, PaginationConfig={"PageSize": 100}).build_full_result()
        arns: dict[str, list[str]] = {}
        for one in listed["PipelineExecutionSummaries"]:
            arns.setdefault(one["PipelineExecutionDisplayName"].replace("-", " "), []).append(
                one["PipelineExecutionArn"]
            )
        for execution in self._executions:
            found = arns.pop(execution.line, [])
            if execution.arn and found != [execution.arn]:
                kind = WRONG if execution.arn in found else LOST
                self._findings.add(kind, f"execution {execution.line} is {found}, acknowledged {execution.arn}")
            elif len(found) > 1:
                self._findings.add(WRONG, f"execution {execution.line} was started more than once: {found}")
            elif found and not execution.arn:
                self._findings.count("executions begun without an answer")
            if execution.arn and not execution.ended:
                self._look(execution)
        if arns:
            self._findings.add(WRONG, f"nobody started {arns}")

    def finish(self) -> None:
        """Wait until all have ended; no job of theirs is left, or came up since."""
        if self._unanswered:
            self._send(self._unanswered)
        deadline = time.monotonic() + _PATIENCE
        while left := [execution.line for execution in self._executions if not execution.ended]:
            self.check()
            if time.monotonic() > deadline:
                self._findings.add(LOST, f"these executions never end: {left}")
                return
            time.sleep(0.2)
        self.check()
        for stray in self._traces.strays("pipelines-", self._owned):
            self._findings.add(ORPHANED, f"{stray}, and of no execution")


def _step(said: dict[str, Any]) -> Step:
    """Return what is said of a step; a Condition step has no job."""
    arns = [one["Arn"] for one in said["Metadata"].values() if "Arn" in one]
    return Step(said["StepStatus"], arns[0] if arns else "", said.get("FailureReason", ""))


def _token() -> str:
    return uuid.uuid4().hex
