"""The evaluation of a model beside the champion, and the gate that a run passes or not."""

from __future__ import annotations

import logging
from typing import Any

from boatyard.aws.clients import Clients
from boatyard.aws.errors import GateError
from boatyard.aws.release import champion
from boatyard.aws.release.gate import Decision, decide, problem_of
from boatyard.aws.requests.asked import Asked
from boatyard.aws.s3 import storage

log = logging.getLogger(__name__)

NO_CHAMPION = "none"


def beside_champion(clients: Clients, request: dict[str, Any], endpoint: str) -> dict[str, Any]:
    """Return CreateProcessingJob with the champion that serves at `endpoint` now, or without one."""
    return champion.with_champion(request, champion.in_service(clients.get("sagemaker"), clients.get("s3"), endpoint))


def evaluated(description: dict[str, Any]) -> dict[str, str]:
    """Return what later steps need of an evaluation's job: the champion in it, "" for none, and where its report is."""
    (output,) = description["ProcessingOutputConfig"]["Outputs"]
    return {"champion": champion.evaluated(description), "report": f"{output['S3Output']['S3Uri']}report.html"}


def gate(asked: Asked, clients: Clients) -> dict[str, Any]:
    """Let a run go on only if the evaluation keeps every rule; return decision and numbers as text.

    The texts become metadata of the model package, which takes letters, digits, blanks and _.:/=+-@ only.
    """
    evaluation = storage.read_json(clients.get("s3"), storage.uri_of(asked.only("GetObject")))
    wanted = asked.only("CompareMetrics")
    name = wanted["Champion"]
    decision = decide(evaluation, wanted["Rules"], name)
    for verdict in decision.verdicts:
        log.log(logging.INFO if verdict.passed else logging.ERROR, "%s", verdict.reason)
    if not decision.passed:
        raise GateError(decision.complaint)
    problem = problem_of(evaluation, name)
    if problem:
        log.warning("champion %s could not be evaluated, and no rule asks for it: %s", name, problem)
    undrawn = evaluation.get("report", {}).get("problem")
    if undrawn:
        log.warning("the evaluation's report could not be drawn, its figures are there: %s", undrawn)
    said = "passed - the champion could not be evaluated" if problem else "passed"
    return {"decision": said, "champion": name or NO_CHAMPION, **_numbers(decision, wanted["Rules"])}


def _numbers(decision: Decision, rules: list[dict[str, Any]]) -> dict[str, str]:
    compared = dict.fromkeys(rule["Metric"] for rule in rules if "Champion" in rule)
    found = {name: _text(value) for name, value in decision.values.items()}
    return found | {
        f"champion.{name}": _text(decision.champion_values[name]) if name in decision.champion_values else NO_CHAMPION
        for name in compared
    }


def _text(value: float) -> str:
    return f"{value:.10g}"
