"""Which members of requests for jobs sagelocal acts on; see `sagelocal.sagemaker.fields`."""

from __future__ import annotations

from typing import Any

from sagelocal.sagemaker.shared_fields import LIST_MEMBERS, VPC_AND_NETWORK

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
        "InputDataConfig.ShuffleConfig",
        "InputDataConfig.DataSource.S3DataSource.S3Uri",
        "InputDataConfig.DataSource.S3DataSource.InstanceGroupNames",
        "InputDataConfig.DataSource.FileSystemDataSource",
        "OutputDataConfig.S3OutputPath",
        "ResourceConfig.InstanceCount",
        "ResourceConfig.InstanceGroups",
        "StoppingCondition",
        "EnableManagedSpotTraining",
        "RetryStrategy",
        "ResourceConfig.KeepAlivePeriodInSeconds",
        "CheckpointConfig",
        "Environment",
        "Tags",
    ),
    "CreateProcessingJob": (
        "ProcessingJobName",
        "ProcessingInputs.InputName",
        "ProcessingInputs.S3Input.S3Uri",
        "ProcessingInputs.S3Input.LocalPath",
        "ProcessingInputs.AppManaged",
        "ProcessingInputs.DatasetDefinition.LocalPath",
        *(
            f"ProcessingInputs.DatasetDefinition.AthenaDatasetDefinition.{member}"
            for member in ("Catalog", "Database", "QueryString", "WorkGroup", "OutputS3Uri", "OutputCompression")
        ),
        "ProcessingOutputConfig.Outputs.AppManaged",
        "ProcessingOutputConfig.Outputs.FeatureStoreOutput",
        "ProcessingResources.ClusterConfig.InstanceCount",
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
        "TransformInput.SplitType",
        "TransformResources.InstanceCount",
        "TransformOutput.S3OutputPath",
        "TransformOutput.Accept",
        "DataProcessing",
        "Tags",
    ),
    "CreateHyperParameterTuningJob": (
        "HyperParameterTuningJobName",
        *(
            f"HyperParameterTuningJobConfig.{member}"
            for member in (
                "HyperParameterTuningJobObjective",
                "ResourceLimits",
                "ParameterRanges.IntegerParameterRanges",
                "ParameterRanges.ContinuousParameterRanges",
                "ParameterRanges.CategoricalParameterRanges",
                "TrainingJobEarlyStoppingType",
                "TuningJobCompletionCriteria.TargetObjectiveMetricValue",
                "TuningJobCompletionCriteria.BestObjectiveNotImproving",
                "RandomSeed",
            )
        ),
        "TrainingJobDefinition",  # its members are those of CreateTrainingJob, and checked as such
        "TrainingJobDefinitions",
        "WarmStartConfig",
        "Tags",
    ),
    "UpdateTrainingJob": ("TrainingJobName", "ResourceConfig.KeepAlivePeriodInSeconds"),
    "ListTrainingJobs": (*LIST_MEMBERS, "WarmPoolStatusEquals"),
    "ListTransformJobs": LIST_MEMBERS,
    "ListHyperParameterTuningJobs": LIST_MEMBERS,
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
        "EnableInterContainerTrafficEncryption",
        *VPC_AND_NETWORK,
    ),
    "CreateProcessingJob": (
        "RoleArn",
        "ProcessingInputs.DatasetDefinition.AthenaDatasetDefinition.KmsKeyId",
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
    "CreateHyperParameterTuningJob": tuple(
        f"{place}.{member}"
        for place in ("TrainingJobDefinition", "TrainingJobDefinitions")
        for member in (
            "RoleArn",
            "OutputDataConfig.KmsKeyId",
            "ResourceConfig.InstanceType",
            "ResourceConfig.VolumeSizeInGB",
            "ResourceConfig.VolumeKmsKeyId",
            "EnableInterContainerTrafficEncryption",
            *VPC_AND_NETWORK,
        )
    ),
}

# Members that may have these values only.
ONLY: dict[str, dict[str, tuple[Any, ...]]] = {
    "CreateTrainingJob": {
        "AlgorithmSpecification.TrainingInputMode": ("File", "FastFile"),
        "InputDataConfig.InputMode": ("File", "FastFile"),
        "InputDataConfig.CompressionType": ("None",),
        "InputDataConfig.RecordWrapperType": ("None",),
        "InputDataConfig.DataSource.S3DataSource.S3DataType": ("S3Prefix", "ManifestFile"),
        "InputDataConfig.DataSource.S3DataSource.S3DataDistributionType": ("FullyReplicated", "ShardedByS3Key"),
        "OutputDataConfig.CompressionType": ("GZIP",),
        "ProfilerConfig.DisableProfiler": (True,),
        "InfraCheckConfig.EnableInfraCheck": (False,),
        "RemoteDebugConfig.EnableRemoteDebug": (False,),
        "SessionChainingConfig.EnableSessionTagChaining": (False,),
    },
    "CreateProcessingJob": {
        "ProcessingInputs.S3Input.S3DataType": ("S3Prefix", "ManifestFile"),
        "ProcessingInputs.S3Input.S3InputMode": ("File",),
        "ProcessingInputs.S3Input.S3CompressionType": ("None",),
        "ProcessingInputs.S3Input.S3DataDistributionType": ("FullyReplicated", "ShardedByS3Key"),
        "ProcessingInputs.DatasetDefinition.InputMode": ("File",),
        "ProcessingInputs.DatasetDefinition.DataDistributionType": ("FullyReplicated", "ShardedByS3Key"),
        "ProcessingInputs.DatasetDefinition.AthenaDatasetDefinition.OutputFormat": ("PARQUET", "TEXTFILE"),
        "ProcessingOutputConfig.Outputs.S3Output.S3UploadMode": ("EndOfJob", "Continuous"),
    },
    "CreateTransformJob": {
        "TransformInput.DataSource.S3DataSource.S3DataType": ("S3Prefix", "ManifestFile"),
        "TransformInput.CompressionType": ("None", "Gzip"),
        "TransformOutput.AssembleWith": ("None", "Line"),
    },
    "CreateHyperParameterTuningJob": {
        "HyperParameterTuningJobConfig.Strategy": ("Bayesian", "Random", "Grid"),
        "HyperParameterTuningJobConfig.TuningJobCompletionCriteria.ConvergenceDetected.CompleteOnConvergence": (
            "Disabled",
        ),
    },
}
