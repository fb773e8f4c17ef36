"""transform: the model in service answers every row of the batch, in a transform job."""

from __future__ import annotations

from typing import Any

from boatyard.spec import ModelSpec
from boatyard.steps.batch import TRANSFORM, batch_of, own, rows_of
from boatyard.steps.batch_input import compression
from boatyard.steps.register import CONTENT_TYPE
from boatyard.steps.run import JOB_NAME, MODEL_NAME, Request, RunContext
from boatyard.steps.security import effective, key, volume_key


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return what tells the model in service, and CreateTransformJob with it.

    The model sees no ids; they stay beside its answers, and so do the features, by which publish sees that no column
    is missing or too many.
    """
    batch, security = batch_of(spec), effective(spec.security, run.deployment)
    sizes = {"MaxPayloadInMB": batch.max_payload_in_mb, "MaxConcurrentTransforms": batch.max_concurrent_transforms}
    job: dict[str, Any] = {
        "TransformJobName": JOB_NAME,
        "ModelName": MODEL_NAME,
        "BatchStrategy": "MultiRecord",
        **{name: size for name, size in sizes.items() if size is not None},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": run.result("input", "location")}},
            "ContentType": CONTENT_TYPE,
            "CompressionType": compression(spec),
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": own(spec, run, TRANSFORM, "output/"),
            "Accept": CONTENT_TYPE,
            "AssembleWith": "Line",
            **key(security, "KmsKeyId"),
        },
        "DataProcessing": {"InputFilter": f"$[{len(rows_of(spec).ids)}:]", "JoinSource": "Input"},
        "TransformResources": {
            "InstanceType": batch.instance_type,
            "InstanceCount": batch.instance_count,
            **volume_key(security, batch.instance_type),
        },
    }
    return (
        Request("sagemaker", "DescribeEndpoint", {"EndpointName": spec.deploy.endpoint}),
        Request("sagemaker", "CreateTransformJob", job),
    )
