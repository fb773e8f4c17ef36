"""Where the steps of a run leave what later steps read: always under the job's own name."""

from typing import Protocol

from boatyard.spec import ModelSpec
from boatyard.steps.run import JOB_NAME, RunContext


class Place(Protocol):
    """Whose steps these are: a model, or what stands for a feature group."""

    @property
    def name(self) -> str:
        """Return the head of all its S3 keys."""


def key(spec: Place, step: str, job: str, path: str) -> str:
    """Return the S3 key of `path` among the outputs of a step's job."""
    return f"{spec.name}/{step}/{job}/{path}"


def own(spec: Place, run: RunContext, step: str, path: str) -> str:
    """Return the S3 URI of `path` among the outputs of the step's own job."""
    return f"s3://{run.deployment.bucket}/{key(spec, step, JOB_NAME, path)}"


def earlier_key(spec: Place, run: RunContext, step: str, path: str) -> str:
    """Return the S3 key of `path` among the outputs of an earlier step."""
    return key(spec, step, run.result(step, "job_name"), path)


def earlier(spec: Place, run: RunContext, step: str, path: str) -> str:
    """Return the S3 URI of `path` among the outputs of an earlier step."""
    return f"s3://{run.deployment.bucket}/{earlier_key(spec, run, step, path)}"


def model_data(spec: ModelSpec, run: RunContext) -> str:
    """Return the URI of the trained model, where SageMaker puts it below S3OutputPath."""
    return earlier(spec, run, "train", "output/model.tar.gz")


def evaluation(spec: ModelSpec, run: RunContext, file: str) -> str:
    """Return the S3 key of a file that evaluate wrote."""
    return earlier_key(spec, run, "evaluate", f"evaluation/{file}")
