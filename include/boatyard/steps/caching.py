"""Which steps need not be done again, and by what their inputs are known."""

from typing import Any

from boatyard.spec import ModelSpec
from boatyard.steps.parameters import FORCE
from boatyard.steps.run import RunContext
from boatyard.steps.step import Step


def by_their_files(spec: ModelSpec, run: RunContext) -> dict[str, str]:
    """Return nothing: each input is known by the files that it is made of."""
    return {}


def by_the_training_set(spec: ModelSpec, run: RunContext) -> dict[str, str]:
    """Return what tells training sets apart: UNLOAD names and orders the same rows otherwise each time."""
    return {"data": run.result("training_set", "content_hash")}


def cache_rule(step: Step, spec: ModelSpec, run: RunContext) -> dict[str, Any] | None:
    """Return where a step's earlier work is looked up and kept, None where it is done each time."""
    if step.contents is None or not spec.cache:
        return None
    return {
        "place": f"s3://{run.deployment.bucket}/{spec.name}/cache/{step.name}",
        "contents": step.contents(spec, run),
        "force": run.parameter(FORCE, False),
    }
