"""threshold: what a model must reach before anything else happens."""

from typing import Any

from boatyard.spec import ModelSpec, ThresholdRule
from boatyard.steps import locations
from boatyard.steps.run import Request, RunContext


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return the evaluation that is read and the rules it must keep.

    A rule's Metric is a path into evaluation.json; where it ends in a mapping, member `value` is meant.
    """
    evaluation = {"Bucket": run.deployment.bucket, "Key": locations.evaluation(spec, run, "evaluation.json")}
    rules = {"Rules": [_rule(rule) for rule in spec.threshold]}
    return Request("s3", "GetObject", evaluation), Request("boatyard", "CompareMetrics", rules)


def _rule(rule: ThresholdRule) -> dict[str, Any]:
    limits = {"AtLeast": rule.at_least, "AtMost": rule.at_most}
    return {"Metric": rule.metric} | {name: limit for name, limit in limits.items() if limit is not None}
