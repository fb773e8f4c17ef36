"""The types of steps that become resources of SageMaker: one row each."""

from __future__ import annotations

from dataclasses import dataclass

from sagelocal.sagemaker.resources import (
    ENDPOINT,
    ENDPOINT_CONFIG,
    MODEL,
    MODEL_PACKAGE,
    PROCESSING_JOB,
    TRAINING_JOB,
    TRANSFORM_JOB,
    TUNING_JOB,
    Resource,
)


@dataclass(frozen=True)
class Kind:
    """Say what a step of one type creates; its arguments are the operation's request."""

    operation: str
    resource: Resource
    metadata: str  # its member in a step's Metadata
    describes: str  # the operation whose response are the step's properties
    status: str | None = None  # the member of Describe that says how it is; None: it is there at once
    longest: int = 63  # characters of its name
    named: bool = False  # whether a name among the arguments is the whole name, not the beginning of one
    own: tuple[str, ...] = ()  # members of the operation that the pipeline itself fills in


KINDS: dict[str, Kind] = {
    "Training": Kind(
        "CreateTrainingJob", TRAINING_JOB, "TrainingJob", "DescribeTrainingJob", status="TrainingJobStatus"
    ),
    "Processing": Kind(
        "CreateProcessingJob", PROCESSING_JOB, "ProcessingJob", "DescribeProcessingJob", status="ProcessingJobStatus"
    ),
    "Transform": Kind(
        "CreateTransformJob", TRANSFORM_JOB, "TransformJob", "DescribeTransformJob", status="TransformJobStatus"
    ),
    "Tuning": Kind(
        "CreateHyperParameterTuningJob",
        TUNING_JOB,
        "TuningJob",
        "DescribeHyperParameterTuningJob",
        status="HyperParameterTuningJobStatus",
        longest=32,
    ),
    "Model": Kind("CreateModel", MODEL, "Model", "DescribeModel"),
    "RegisterModel": Kind(
        "CreateModelPackage",
        MODEL_PACKAGE,
        "RegisterModel",
        "DescribeModelPackage",
        longest=36,  # of its ClientToken
        own=("ClientToken",),
    ),
    "EndpointConfig": Kind(
        "CreateEndpointConfig", ENDPOINT_CONFIG, "EndpointConfig", "DescribeEndpointConfig", named=True
    ),
    "Endpoint": Kind("CreateEndpoint", ENDPOINT, "Endpoint", "DescribeEndpoint", status="EndpointStatus", named=True),
}
CONDITION, FAIL = "Condition", "Fail"
TYPES = (*KINDS, CONDITION, FAIL)
