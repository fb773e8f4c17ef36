"""A run of a model's steps in this terminal, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from boatyard.aws.carry_out.recorded import recorded
from boatyard.aws.claimant import Claimant
from boatyard.aws.cost import summary
from boatyard.aws.errors import StepError, aws_failures
from boatyard.aws.naming import Owner
from boatyard.aws.records.latest import Finished, Latest, MissingResultError
from boatyard.aws.records.record import key_of
from boatyard.cli.home import StackError
from boatyard.cli.runs.kinds import CARRY_OUT
from boatyard.cli.runs.target import Target
from boatyard.cli.runs.work import Work
from boatyard.spec import ModelSpec
from boatyard.steps import STEPS, RunContext, Step
from boatyard.steps.needs import needs
from boatyard.steps.parameters import FORCE

# What of a step's result a person wants to see, and how it is called.
_SHOWN = {
    "table": "table",
    "rows": "rows",
    "warnings": "warnings",
    "decision": "decision",
    "report": "report",
    "endpoint_name": "endpoint",
}


@dataclass
class Run:
    """Carry steps out with the results of those before, and keep each result for the steps after."""

    spec: ModelSpec
    target: Target
    run_id: str
    as_of: str  # ISO 8601 with its zone
    report: Callable[[str], None]
    force: bool = False  # whether every step is done, whatever earlier runs did
    _results: dict[str, Finished] = field(default_factory=dict)

    def carry_out(self, steps: Sequence[Step]) -> None:
        """Carry the steps out; raise StackError at the first that fails."""
        failures: tuple[type[Exception], ...] = (StepError, *aws_failures())
        for step in steps:
            try:
                self._carry_out(step)
            except failures as error:
                raise StackError(f"step {step.name} failed: {error}") from None

    def _carry_out(self, step: Step) -> None:
        missing = [name for name in self._needs(step.name) if name not in self._results]
        if missing:
            self._results |= self._latest.results(missing)
        used = {name: self._results[name].run_id for name in self._needs(step.name)}
        self.report(step.name)
        began = time.monotonic()
        work = self._work(step, used)
        records: list[dict[str, Any]] = []
        result = recorded(work.subject, self.target.clients, lambda: CARRY_OUT[step.kind](work), records.append)
        self._results[step.name] = Finished(step.name, self.run_id, result, used)
        self.report(f"  {time.monotonic() - began:.1f} s   {_shown(result, records)}")

    def summary(self) -> list[str]:
        """Return what the run did cost, in lines for a person."""
        uri = f"s3://{self.target.deployment.bucket}/{self.spec.name}/records/{key_of(self.run_id)}.json"
        try:
            found = summary.read(self.target.clients.get("s3"), uri)
        except aws_failures() as error:
            return [f"what this run did cost is not known: {error}"]
        return summary.total_words(found) if found else []

    @property
    def _latest(self) -> Latest:
        return Latest(self.target.clients.get("s3"), self.target.deployment.bucket, self.spec.name, self._needs)

    def _needs(self, step: str) -> tuple[str, ...]:
        named = {one.name: one for one in STEPS}
        return needs(named[step], self.spec, self.target.deployment)

    def _work(self, step: Step, used: dict[str, str]) -> Work:
        deployment = self.target.deployment
        context = RunContext.for_run(
            deployment,
            as_of=self.as_of,
            run_id=self.run_id,
            parameters={FORCE: str(self.force)},
            result=self._result_of,
        )
        me = Claimant(Owner(deployment=deployment.id, dag=self.spec.name, run=self.run_id, task=step.name))
        return Work(step, self.spec, context, self.target.clients, me, lambda line: self.report(f"  | {line}"), used)

    def _result_of(self, step: str, key: str) -> str:
        result = self._results[step].result
        if key not in result:
            raise MissingResultError(f"the latest result of step {step} has no {key}: run {step} again first")
        return str(result[key])


def _shown(result: dict[str, Any], records: Sequence[dict[str, Any]]) -> str:
    name = [str(result["job_name"])] if "job_name" in result else []
    cached = [f"cached from {one['cached_from']['run']}" for one in records if one["cached_from"]]
    return ", ".join([*name, *cached, *(f"{words} {result[key]}" for key, words in _SHOWN.items() if key in result)])
