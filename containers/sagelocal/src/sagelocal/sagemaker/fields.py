"""Which members of a request sagelocal acts on, which it accepts without effect, and which it refuses.

A path names a member with dots; lists are passed through. A path stands for everything below it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sagelocal.errors import validation_error

_LIST = (
    "NextToken",
    "MaxResults",
    "CreationTimeAfter",
    "CreationTimeBefore",
    "LastModifiedTimeAfter",
    "LastModifiedTimeBefore",
    "NameContains",
    "StatusEquals",
    "SortBy",
    "SortOrder",
)
_VPC_AND_NETWORK = ("VpcConfig", "EnableNetworkIsolation")

HONOURED: dict[str, tuple[str, ...]] = {
    "CreateTrainingJob": (
        "TrainingJobName",
        "HyperParameters",
        "AlgorithmSpecification.TrainingImage",
        "AlgorithmSpecification.MetricDefinitions",
        "AlgorithmSpecification.ContainerEntrypoint",
        "AlgorithmSpecification.ContainerArguments",
        "InputDataConfig.ChannelName",
        "InputDataConfig.ContentType",
        "InputDataConfig.DataSource.S3DataSource.S3Uri",
        "OutputDataConfig.S3OutputPath",
        "StoppingCondition.MaxRuntimeInSeconds",
        "CheckpointConfig",
        "Environment",
        "Tags",
    ),
    "CreateProcessingJob": (
        "ProcessingJobName",
        "ProcessingInputs.InputName",
        "ProcessingInputs.S3Input.S3Uri",
        "ProcessingInputs.S3Input.LocalPath",
        "ProcessingOutputConfig.Outputs.OutputName",
        "ProcessingOutputConfig.Outputs.S3Output.S3Uri",
        "ProcessingOutputConfig.Outputs.S3Output.LocalPath",
        "AppSpecification",
        "StoppingCondition",
        "Environment",
        "Tags",
    ),
    "CreateTransformJob": (
        "TransformJobName",
        "ModelName",
        "MaxConcurrentTransforms",
        "ModelClientConfig",
        "MaxPayloadInMB",
        "BatchStrategy",
        "Environment",
        "TransformInput.DataSource.S3DataSource.S3Uri",
        "TransformInput.ContentType",
        "TransformOutput.S3OutputPath",
        "TransformOutput.Accept",
        "DataProcessing",
        "Tags",
    ),
    "CreateModel": (
        "ModelName",
        *(
            f"{place}.{member}"
            for place in ("PrimaryContainer", "Containers")
            for member in ("Image", "ModelDataUrl", "Environment", "ModelPackageName")
        ),
        "Tags",
    ),
    "CreateModelPackageGroup": ("ModelPackageGroupName", "ModelPackageGroupDescription", "Tags"),
    "CreateModelPackage": (
        "ModelPackageName",
        "ModelPackageGroupName",
        "ModelPackageDescription",
        "InferenceSpecification",
        "AdditionalInferenceSpecifications",
        "ModelApprovalStatus",
        "MetadataProperties",
        "CustomerMetadataProperties",
        "ModelMetrics",
        "DriftCheckBaselines",
        "Domain",
        "Task",
        "SamplePayloadUrl",
        "SourceUri",
        "ModelCard",
        "ModelLifeCycle",
        "ClientToken",
        "Tags",
    ),
    "UpdateModelPackage": (
        "ModelPackageArn",
        "ModelApprovalStatus",
        "ApprovalDescription",
        "CustomerMetadataProperties",
        "CustomerMetadataPropertiesToRemove",
        "AdditionalInferenceSpecificationsToAdd",
        "InferenceSpecification",
        "SourceUri",
        "ModelCard",
        "ModelLifeCycle",
        "ClientToken",
    ),
    "CreateEndpointConfig": (
        "EndpointConfigName",
        "ProductionVariants.VariantName",
        "ProductionVariants.ModelName",
        "ProductionVariants.InitialVariantWeight",
        "ProductionVariants.ContainerStartupHealthCheckTimeoutInSeconds",
        "Tags",
    ),
    "CreateEndpoint": ("EndpointName", "EndpointConfigName", "Tags"),
    "UpdateEndpoint": ("EndpointName", "EndpointConfigName"),
    "ListTrainingJobs": _LIST,
    "ListTransformJobs": _LIST,
    "ListModelPackageGroups": tuple(name for name in _LIST if not name.startswith(("LastModified", "Status"))),
    "InvokeEndpoint": (
        "EndpointName",
        "Body",
        "ContentType",
        "Accept",
        "CustomAttributes",
        "InferenceId",
        "TargetVariant",
    ),
}

# One process on this machine has the network, disk, keys and rights of its user, whatever the request says.
ACCEPTED_WITHOUT_EFFECT: dict[str, tuple[str, ...]] = {
    "CreateTrainingJob": (
        "RoleArn",
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries",
        "OutputDataConfig.KmsKeyId",
        "ResourceConfig.InstanceType",
        "ResourceConfig.VolumeSizeInGB",
        "ResourceConfig.VolumeKmsKeyId",
        "ResourceConfig.KeepAlivePeriodInSeconds",
        "StoppingCondition.MaxWaitTimeInSeconds",
        "StoppingCondition.MaxPendingTimeInSeconds",
        "EnableInterContainerTrafficEncryption",
        "EnableManagedSpotTraining",
        "RetryStrategy",
        *_VPC_AND_NETWORK,
    ),
    "CreateProcessingJob": (
        "RoleArn",
        "ProcessingOutputConfig.KmsKeyId",
        "ProcessingResources.ClusterConfig.InstanceType",
        "ProcessingResources.ClusterConfig.VolumeSizeInGB",
        "ProcessingResources.ClusterConfig.VolumeKmsKeyId",
        "NetworkConfig",
    ),
    "CreateTransformJob": (
        "TransformOutput.KmsKeyId",
        "TransformResources.InstanceType",
        "TransformResources.VolumeKmsKeyId",
        "TransformResources.TransformAmiVersion",
    ),
    "CreateModel": (
        "ExecutionRoleArn",
        "PrimaryContainer.ContainerHostname",
        "Containers.ContainerHostname",
        *_VPC_AND_NETWORK,
    ),
    "CreateModelPackage": ("SecurityConfig", "SkipModelValidation"),
    "CreateEndpointConfig": (
        "ProductionVariants.InstanceType",
        "ProductionVariants.VolumeSizeInGB",
        "ProductionVariants.ModelDataDownloadTimeoutInSeconds",
        "ProductionVariants.EnableSSMAccess",
        "ProductionVariants.RoutingConfig",
        "ProductionVariants.InferenceAmiVersion",
        "KmsKeyId",
        "ExecutionRoleArn",
        *_VPC_AND_NETWORK,
    ),
}

# Members that may have these values only.
ONLY: dict[str, dict[str, tuple[Any, ...]]] = {
    "CreateTrainingJob": {
        "AlgorithmSpecification.TrainingInputMode": ("File",),
        "InputDataConfig.InputMode": ("File",),
        "InputDataConfig.CompressionType": ("None",),
        "InputDataConfig.RecordWrapperType": ("None",),
        "InputDataConfig.DataSource.S3DataSource.S3DataType": ("S3Prefix",),
        "InputDataConfig.DataSource.S3DataSource.S3DataDistributionType": ("FullyReplicated", "ShardedByS3Key"),
        "OutputDataConfig.CompressionType": ("GZIP",),
        "ResourceConfig.InstanceCount": (1,),
        "ProfilerConfig.DisableProfiler": (True,),
        "InfraCheckConfig.EnableInfraCheck": (False,),
        "RemoteDebugConfig.EnableRemoteDebug": (False,),
        "SessionChainingConfig.EnableSessionTagChaining": (False,),
    },
    "CreateProcessingJob": {
        "ProcessingInputs.AppManaged": (False,),
        "ProcessingInputs.S3Input.S3DataType": ("S3Prefix",),
        "ProcessingInputs.S3Input.S3InputMode": ("File",),
        "ProcessingInputs.S3Input.S3CompressionType": ("None",),
        "ProcessingInputs.S3Input.S3DataDistributionType": ("FullyReplicated", "ShardedByS3Key"),
        "ProcessingOutputConfig.Outputs.AppManaged": (False,),
        "ProcessingOutputConfig.Outputs.S3Output.S3UploadMode": ("EndOfJob",),
        "ProcessingResources.ClusterConfig.InstanceCount": (1,),
    },
    "CreateTransformJob": {
        "TransformInput.DataSource.S3DataSource.S3DataType": ("S3Prefix",),
        "TransformInput.CompressionType": ("None", "Gzip"),
        "TransformInput.SplitType": ("None", "Line"),
        "TransformOutput.AssembleWith": ("None", "Line"),
        "TransformResources.InstanceCount": (1,),
    },
    "CreateModel": {
        "PrimaryContainer.Mode": ("SingleModel",),
        "PrimaryContainer.ImageConfig.RepositoryAccessMode": ("Platform",),
        "Containers.Mode": ("SingleModel",),
        "Containers.ImageConfig.RepositoryAccessMode": ("Platform",),
    },
    "CreateModelPackage": {"CertifyForMarketplace": (False,), "ModelPackageRegistrationType": ("Registered",)},
    "CreateEndpointConfig": {"ProductionVariants.InitialInstanceCount": (1,)},
    "ListModelPackageGroups": {"CrossAccountFilterOption": ("SameAccount",)},
    "UpdateEndpoint": {"RetainAllVariantProperties": (False,), "RetainDeploymentConfig": (False,)},
}


def check_fields(operation: str, request: Mapping[str, Any]) -> None:
    """Raise ValidationException if the request asks for something that sagelocal does not do."""
    known = {*HONOURED[operation], *ACCEPTED_WITHOUT_EFFECT.get(operation, ())}
    limited = ONLY.get(operation, {})
    for path, value in _leaves(request):
        if path in limited:
            if value not in limited[path]:
                allowed = " or ".join(str(choice) for choice in limited[path])
                raise validation_error(
                    f"sagelocal does not support {path} = {value} in {operation} yet; it supports {allowed}."
                )
        elif not known.intersection(_with_parents(path)):
            raise validation_error(f"sagelocal does not support {path} in {operation} yet. Leave it out.")


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value that the request really holds; empty structures and lists ask for nothing."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _leaves(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _leaves(member, path)
    elif value is not None:
        yield path, value


def _with_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]
