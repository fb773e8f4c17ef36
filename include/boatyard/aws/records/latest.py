"""What each step of a model returned when it last succeeded: a step alone goes on from there.

Whoever carries a step out leaves it in S3, Airflow and `boatyard run` alike (`boatyard.aws.carry_out.recorded`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from boatyard.aws.errors import PermanentError
from boatyard.aws.records.record import latest_uri
from boatyard.aws.s3 import storage


class MissingResultError(PermanentError):
    """A result that a step needs and no run has left, or not one that fits the others."""


@dataclass(frozen=True)
class Finished:
    """One success of a step."""

    step: str
    run_id: str
    result: Mapping[str, Any]
    used: Mapping[str, str]  # step -> run whose result this one was made from


@dataclass(frozen=True)
class Latest:
    """Read the latest successes of one model's steps; `needs` tells which steps a step takes results from."""

    s3: Any
    bucket: str
    model: str
    needs: Callable[[str], Iterable[str]]

    def recall(self, step: str) -> Finished | None:
        """Return the latest success of a step, `None` if there was none yet."""
        uri = latest_uri(f"s3://{self.bucket}/{self.model}", step)
        if not storage.exists(self.s3, uri):
            return None
        record = storage.read_json(self.s3, uri)
        run_id = record["owner"]["run"]
        used = record["used"]
        if used is None:  # a run of all steps: each takes what those before it left in the same run
            used = {name: run_id for name in self.needs(step)}
        return Finished(step, run_id, record["result"], used)

    def results(self, steps: Iterable[str]) -> dict[str, Finished]:
        """Return the latest success of each of `steps`.

        `MissingResultError` says which of them never succeeded, or was made from results that are not the latest any
        more: a model must not be registered with the evaluation of another one.
        """
        found: dict[str, Finished] = {}
        waiting = list(steps)
        wanted = tuple(waiting)
        while waiting:
            step = waiting.pop()
            if step in found:
                continue
            finished = self.recall(step)
            if finished is None:
                raise MissingResultError(f"step {step} of {self.model} has never succeeded: run it first")
            found[step] = finished
            waiting += finished.used
        for finished in found.values():
            for source, run_id in finished.used.items():
                if found[source].run_id != run_id:
                    raise MissingResultError(
                        f"step {source} of {self.model} ran again after {finished.step} had used it: "
                        f"run {finished.step} again first"
                    )
        return {step: found[step] for step in wanted}
