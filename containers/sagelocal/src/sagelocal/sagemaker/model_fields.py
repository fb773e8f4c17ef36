"""Which members of requests for models, endpoints and experiments are acted on; see `sagelocal.sagemaker.fields`."""

from __future__ import annotations

from typing import Any

from sagelocal.sagemaker.shared_fields import LIST_MEMBERS, VPC_AND_NETWORK

_INVOCATION = (
    "EndpointName",
    "Body",
    "ContentType",
    "Accept",
    "CustomAttributes",
    "InferenceId",
    "TargetVariant",
)

HONOURED: dict[str, tuple[str, ...]] = {
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
        "ProductionVariants.InitialInstanceCount",
        "ProductionVariants.ContainerStartupHealthCheckTimeoutInSeconds",
        "DataCaptureConfig",
        "Tags",
    ),
    "CreateEndpoint": ("EndpointName", "EndpointConfigName", "Tags"),
    "UpdateEndpoint": (
        "EndpointName",
        "EndpointConfigName",
        "DeploymentConfig",
        "RetainAllVariantProperties",
        "ExcludeRetainedVariantProperties",
        "RetainDeploymentConfig",
    ),
    "UpdateEndpointWeightsAndCapacities": (
        "EndpointName",
        "DesiredWeightsAndCapacities.VariantName",
        "DesiredWeightsAndCapacities.DesiredWeight",
        "DesiredWeightsAndCapacities.DesiredInstanceCount",
    ),
    "ListModelPackageGroups": tuple(name for name in LIST_MEMBERS if not name.startswith(("LastModified", "Status"))),
    "Search": ("SearchExpression", "SortBy", "SortOrder", "NextToken", "MaxResults"),
    "CreateExperiment": ("ExperimentName", "DisplayName", "Description", "Tags"),
    "ListExperiments": ("CreatedAfter", "CreatedBefore", "SortBy", "SortOrder", "NextToken", "MaxResults"),
    "InvokeEndpoint": _INVOCATION,
    "InvokeEndpointWithResponseStream": _INVOCATION,
}

# One process on this machine has the network, disk, keys and rights of its user, whatever the request says.
ACCEPTED_WITHOUT_EFFECT: dict[str, tuple[str, ...]] = {
    "CreateModel": (
        "ExecutionRoleArn",
        "PrimaryContainer.ContainerHostname",
        "Containers.ContainerHostname",
        *VPC_AND_NETWORK,
    ),
    "CreateModelPackage": ("SecurityConfig", "SkipModelValidation"),
    "CreateEndpointConfig": (
        "ProductionVariants.InstanceType",
        "ProductionVariants.VolumeSizeInGB",
        "ProductionVariants.ModelDataDownloadTimeoutInSeconds",
        "ProductionVariants.EnableSSMAccess",
        "ProductionVariants.RoutingConfig",
        "ProductionVariants.InferenceAmiVersion",
        "DataCaptureConfig.KmsKeyId",
        "KmsKeyId",
        "ExecutionRoleArn",
        *VPC_AND_NETWORK,
    ),
}

# Members that may have these values only.
ONLY: dict[str, dict[str, tuple[Any, ...]]] = {
    "CreateModel": {
        "PrimaryContainer.Mode": ("SingleModel",),
        "PrimaryContainer.ImageConfig.RepositoryAccessMode": ("Platform",),
        "Containers.Mode": ("SingleModel",),
        "Containers.ImageConfig.RepositoryAccessMode": ("Platform",),
    },
    "CreateModelPackage": {"CertifyForMarketplace": (False,), "ModelPackageRegistrationType": ("Registered",)},
    "ListModelPackageGroups": {"CrossAccountFilterOption": ("SameAccount",)},
    "Search": {
        "Resource": (
            "TrainingJob",
            "HyperParameterTuningJob",
            "ModelPackage",
            "ModelPackageGroup",
            "Endpoint",
            "FeatureGroup",
        ),
        "CrossAccountFilterOption": ("SameAccount",),
    },
}
