"""gate: what a model must reach before anything else happens."""

from typing import Any

from boatyard.spec import GateRule, ModelSpec
from boatyard.steps import locations
from boatyard.steps.run import Request, RunContext

RESULT = ("decision", "champion")  # besides, each metric: `result_keys`


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return the evaluation that is read and the rules it must keep.

    A rule's Metric is a path into evaluation.json; where it ends in a mapping, member `value` is meant. The champion's
    metrics have the same paths below member `champion`.
    """
    evaluation = {"Bucket": run.deployment.bucket, "Key": locations.evaluation(spec, run, "evaluation.json")}
    rules = {"Champion": run.result("evaluate", "champion"), "Rules": [_rule(rule) for rule in spec.gate]}
    return Request("s3", "GetObject", evaluation), Request("boatyard", "CompareMetrics", rules)


def metrics(spec: ModelSpec) -> tuple[str, ...]:
    """Return the metrics that the rules are about, each once."""
    return tuple(dict.fromkeys(rule.metric for rule in spec.gate))


def compared(spec: ModelSpec) -> tuple[str, ...]:
    """Return the metrics that are compared with the champion's, each once."""
    return tuple(dict.fromkeys(rule.metric for rule in spec.gate if rule.champion))


def result_keys(spec: ModelSpec) -> tuple[str, ...]:
    """Return the keys of what the step returns: text all of it, for it becomes the package's metadata."""
    return (*RESULT, *metrics(spec), *(f"champion.{metric}" for metric in compared(spec)))


def _rule(rule: GateRule) -> dict[str, Any]:
    limits = {"AtLeast": rule.at_least, "AtMost": rule.at_most}
    asked: dict[str, Any] = {"Metric": rule.metric}
    asked |= {name: limit for name, limit in limits.items() if limit is not None}
    if rule.champion:
        asked["Champion"] = {
            "Direction": rule.champion.direction,
            "Margin": rule.champion.margin,
            "WhenEqual": rule.champion.when_equal,
        }
    return asked
