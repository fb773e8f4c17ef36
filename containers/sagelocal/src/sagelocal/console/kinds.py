"""The kinds of SageMaker resource that have pages: one row each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """Say how resources of a kind are listed and described, in the API's words."""

    title: str
    noun: str  # DescribeTrainingJob, ListTrainingJobs
    name: str  # the member that names one in its own Describe request
    listed: str  # the member of the List response
    status: str | None = None
    log_group: str | None = None  # `{name}`: a group of its own; without: a stream that begins with the name
    started: str = "CreationTime"
    ended: str | None = None

    @property
    def logs(self) -> tuple[str, bool] | None:
        """Return the log group and whether it is one resource's alone."""
        return (self.log_group, "{name}" in self.log_group) if self.log_group else None


KINDS: dict[str, Kind] = {
    "jobs": Kind(
        "Training jobs",
        "TrainingJob",
        "TrainingJobName",
        "TrainingJobSummaries",
        "TrainingJobStatus",
        "/aws/sagemaker/TrainingJobs",
        ended="TrainingEndTime",
    ),
    "processing-jobs": Kind(
        "Processing jobs",
        "ProcessingJob",
        "ProcessingJobName",
        "ProcessingJobSummaries",
        "ProcessingJobStatus",
        "/aws/sagemaker/ProcessingJobs",
        ended="ProcessingEndTime",
    ),
    "transform-jobs": Kind(
        "Transform jobs",
        "TransformJob",
        "TransformJobName",
        "TransformJobSummaries",
        "TransformJobStatus",
        "/aws/sagemaker/TransformJobs",
        ended="TransformEndTime",
    ),
    "hyper-tuning-jobs": Kind(
        "Hyperparameter tuning jobs",
        "HyperParameterTuningJob",
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobSummaries",
        "HyperParameterTuningJobStatus",
        ended="HyperParameterTuningEndTime",
    ),
    "pipelines": Kind("Pipelines", "Pipeline", "PipelineName", "PipelineSummaries"),
    "pipeline-executions": Kind(
        "Pipeline executions",
        "PipelineExecution",
        "PipelineExecutionArn",
        "PipelineExecutionSummaries",
        "PipelineExecutionStatus",
    ),
    "endpoints": Kind(
        "Endpoints", "Endpoint", "EndpointName", "Endpoints", "EndpointStatus", "/aws/sagemaker/Endpoints/{name}"
    ),
    "endpointConfig": Kind("Endpoint configurations", "EndpointConfig", "EndpointConfigName", "EndpointConfigs"),
    "models": Kind("Models", "Model", "ModelName", "Models"),
    "model-package-groups": Kind(
        "Model package groups",
        "ModelPackageGroup",
        "ModelPackageGroupName",
        "ModelPackageGroupSummaryList",
        "ModelPackageGroupStatus",
    ),
    "model-packages": Kind(
        "Model packages", "ModelPackage", "ModelPackageName", "ModelPackageSummaryList", "ModelApprovalStatus"
    ),
    "feature-groups": Kind(
        "Feature groups", "FeatureGroup", "FeatureGroupName", "FeatureGroupSummaries", "FeatureGroupStatus"
    ),
}
# Kinds that are found on the pages of another one only: a list of them needs it.
INSIDE_OF = {"model-packages": "model-package-groups", "pipeline-executions": "pipelines"}
# Which of them a person looks for first.
HOME = (
    "jobs",
    "processing-jobs",
    "transform-jobs",
    "hyper-tuning-jobs",
    "pipelines",
    "endpoints",
    "model-package-groups",
    "feature-groups",
)
