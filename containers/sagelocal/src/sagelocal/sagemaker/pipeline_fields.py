"""Which members of requests for pipelines sagelocal acts on; see `sagelocal.sagemaker.fields`."""

from __future__ import annotations

_PIPELINE = (
    "PipelineName",
    "PipelineDisplayName",
    "PipelineDefinition",
    "PipelineDefinitionS3Location.Bucket",
    "PipelineDefinitionS3Location.ObjectKey",
    "PipelineDescription",
    "ParallelismConfiguration",
)

ACCEPTED_WITHOUT_EFFECT: dict[str, tuple[str, ...]] = {"CreatePipeline": ("RoleArn",), "UpdatePipeline": ("RoleArn",)}
HONOURED: dict[str, tuple[str, ...]] = {
    "CreatePipeline": (*_PIPELINE, "ClientRequestToken", "Tags"),
    "UpdatePipeline": _PIPELINE,
    "DescribePipeline": ("PipelineName",),
    "StartPipelineExecution": (
        "PipelineName",
        "PipelineExecutionDisplayName",
        "PipelineParameters",
        "PipelineExecutionDescription",
        "ClientRequestToken",
        "ParallelismConfiguration",
    ),
}
