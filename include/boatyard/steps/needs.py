"""Which earlier steps a step takes results from, read off its requests."""

from dataclasses import replace

from boatyard.spec import Deployment, ModelSpec
from boatyard.steps.run import RunContext
from boatyard.steps.step import Step


def needs(step: Step, spec: ModelSpec, deployment: Deployment) -> tuple[str, ...]:
    """Return the names of the steps whose results `step` reads, in the order in which it reads them."""
    read: dict[str, None] = {}

    def result(name: str, key: str) -> str:
        read.setdefault(name)
        return f"<{name}.{key}>"

    step.build(spec, replace(RunContext.for_check(deployment), result=result))
    return tuple(read)
