"""How each kind of job is spelled in SageMaker's API: the only list of kinds."""

from __future__ import annotations

from dataclasses import dataclass

from boatyard.aws.naming import NAME_LIMIT, TUNING_NAME_LIMIT


@dataclass(frozen=True)
class JobKind:
    """How one kind of job is spelled in SageMaker's API."""

    kind: str
    noun: str  # CreateTrainingJob, TrainingJobName, TrainingJobArn, TrainingJobStatus
    method: str  # create_training_job
    log_group: str
    secondary_key: str | None = None
    name_limit: int = NAME_LIMIT

    @property
    def name_key(self) -> str:
        """Return the request's member that carries the name, such as `TrainingJobName`."""
        return f"{self.noun}Name"

    @property
    def create(self) -> str:
        """Return the operation that makes such a job."""
        return f"Create{self.noun}"

    @property
    def arn_key(self) -> str:
        """Return the response's member that carries the ARN."""
        return f"{self.noun}Arn"

    @property
    def status_key(self) -> str:
        """Return the description's member that carries the status."""
        return f"{self.noun}Status"

    @property
    def started_key(self) -> str:
        """Return the description's member that tells since when the job's container runs; a tuning job has none."""
        return f"{self.noun.removesuffix('Job')}StartTime"

    @property
    def summaries_key(self) -> str:
        """Return the member of a list operation's response that carries the jobs."""
        return f"{self.noun}Summaries"


JOBS: dict[str, JobKind] = {
    "training": JobKind(
        "training", "TrainingJob", "training_job", "/aws/sagemaker/TrainingJobs", secondary_key="SecondaryStatus"
    ),
    "processing": JobKind("processing", "ProcessingJob", "processing_job", "/aws/sagemaker/ProcessingJobs"),
    "transform": JobKind("transform", "TransformJob", "transform_job", "/aws/sagemaker/TransformJobs"),
    "tuning": JobKind(
        "tuning",
        "HyperParameterTuningJob",
        "hyper_parameter_tuning_job",
        "/aws/sagemaker/TrainingJobs",  # a tuning job writes no log of its own; its training jobs do
        name_limit=TUNING_NAME_LIMIT,
    ),
}
