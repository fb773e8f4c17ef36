"""evaluate: the trained model against rows that training never saw."""

from boatyard.spec import ModelSpec
from boatyard.steps import locations
from boatyard.steps.processing import processing_job
from boatyard.steps.run import Request, RunContext
from boatyard.steps.source_code import model_code


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return the processing job that writes evaluation.json and predictions.csv."""
    job = processing_job(
        spec,
        run,
        "evaluate",
        image=spec.image,
        resources=spec.evaluate,
        code=model_code(spec, run),
        inputs={
            "model": locations.model_data(spec, run),
            "test": locations.earlier(spec, run, "process", "test/"),
        },
        outputs={"evaluation": "output"},
    )
    return (job,)
