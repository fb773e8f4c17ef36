"""process: from the training set to the files that train and evaluate read."""

from boatyard.spec import ModelSpec
from boatyard.spec.images import TRAINING
from boatyard.steps.processing import processing_job
from boatyard.steps.run import Request, RunContext
from boatyard.steps.source_code import model_code


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return the processing job that splits the training set."""
    job = processing_job(
        spec,
        run,
        "process",
        image=spec.image_for(TRAINING, spec.process.instance_type),
        resources=spec.process,
        code=model_code(spec, run),
        security=spec.security,
        inputs={"data": run.result("training_set", "location")},
        outputs={"train": "output/train", "test": "output/test"},
    )
    return (job,)
