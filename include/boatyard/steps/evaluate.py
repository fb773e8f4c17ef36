"""evaluate: the trained model and the one in service, on the same rows, which training never saw."""

from boatyard.spec import ModelSpec
from boatyard.spec.images import TRAINING
from boatyard.spec.words import CHAMPION_CODE, CHAMPION_MODEL_DATA, CHAMPION_PACKAGE, CHAMPION_PROBLEM, CHAMPION_PROGRAM
from boatyard.steps import locations
from boatyard.steps.processing import processing_job
from boatyard.steps.run import Request, RunContext
from boatyard.steps.source_code import model_code


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return what tells the champion, and the job that writes evaluation.json, predictions.csv and report.html.

    The champion is the model package behind the endpoint. Its inputs and variables are left out where there is none.
    """
    job = processing_job(
        spec,
        run,
        "evaluate",
        image=spec.image_for(TRAINING, spec.evaluate.instance_type),
        resources=spec.evaluate,
        code=model_code(spec, run),
        security=spec.security,
        inputs={
            "model": locations.model_data(spec, run),
            "test": locations.earlier(spec, run, "process", "test/"),
            "champion": CHAMPION_MODEL_DATA,
            "champion_code": CHAMPION_CODE,
        },
        environment={
            "MODEL_NAME": spec.name,
            "CHAMPION_MODEL_PACKAGE": CHAMPION_PACKAGE,
            "CHAMPION_PROGRAM": CHAMPION_PROGRAM,
            "CHAMPION_PROBLEM": CHAMPION_PROBLEM,
        },
        outputs={"evaluation": "output"},
    )
    return Request("sagemaker", "DescribeEndpoint", {"EndpointName": spec.deploy.endpoint}), job
