"""train: the model's own script, or an algorithm of AWS's, in a training job, or in several one after the other."""

from typing import Any

from boatyard.spec import DeploymentError, ModelSpec
from boatyard.spec.images import TRAINING
from boatyard.spec.security import Security
from boatyard.spec.training import Train
from boatyard.steps import locations
from boatyard.steps.parameters import TRAIN_INSTANCE_TYPE
from boatyard.steps.processing import VOLUME_SIZE_IN_GB
from boatyard.steps.run import JOB_GENERATION, JOB_NAME, Request, RunContext
from boatyard.steps.secrets import references
from boatyard.steps.security import effective, key, training_network, volume_key
from boatyard.steps.source_code import SourceCode, model_code

SCRIPT = "train.py"
CONTINUE_TRAINING = "ContinueTraining"  # boatyard's own: a job whose time is up is followed by one that goes on
_CODE = "/opt/ml/input/data/code/sourcedir.tar.gz"
_SHORTEST_WAIT = 3600  # seconds for machines, of a spot job that is itself shorter


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return CreateTrainingJob, and ContinueTraining where one job may not run as long as the training.

    Hyperparameters are those of the run. Checkpoints lie in one place for all jobs until a person clears the task.
    """
    train, security = spec.train, effective(spec.security, run.deployment)
    scripted = SCRIPT in spec.scripts  # without it, the image is one of AWS's algorithms, which trains by itself
    code = model_code(spec, run) if scripted else None
    runtime = min(train.max_runtime, run.deployment.max_job_runtime)
    continued = runtime < train.max_runtime
    metrics = [{"Name": name, "Regex": regex} for name, regex in train.metrics.items()]
    params = {
        "TrainingJobName": JOB_NAME,
        "AlgorithmSpecification": {
            "TrainingImage": run.deployment.image_uri(spec.image_for(TRAINING, train.instance_type)),
            "TrainingInputMode": "File",
            **({"MetricDefinitions": metrics} if scripted else {}),
        },
        "HyperParameters": {
            **{name: run.parameter(name, value) for name, value in train.hyperparameters.items()},
            **_program(code, security),
        },
        "InputDataConfig": _channels(spec, run, code, security),
        "OutputDataConfig": {
            "S3OutputPath": f"s3://{run.deployment.bucket}/{spec.name}/train",
            **key(security, "KmsKeyId"),
        },
        "ResourceConfig": {
            "InstanceType": run.parameter(TRAIN_INSTANCE_TYPE, train.instance_type),
            "InstanceCount": 1,
            "VolumeSizeInGB": VOLUME_SIZE_IN_GB,
            **volume_key(security, train.instance_type),
            **({"KeepAlivePeriodInSeconds": train.keep_alive} if train.keep_alive else {}),
        },
        "StoppingCondition": {
            "MaxRuntimeInSeconds": runtime,
            **({"MaxWaitTimeInSeconds": runtime + max(runtime, _SHORTEST_WAIT)} if train.spot else {}),
        },
        **({"EnableManagedSpotTraining": True} if train.spot else {}),
        **(_checkpoints(spec, run) if train.spot or continued else {}),
        **({"Environment": references(train.secrets)} if train.secrets else {}),
        **training_network(security),
        "RoleArn": run.deployment.role_arn,
    }
    create = Request("sagemaker", "CreateTrainingJob", params)
    if not continued:
        return (create,)
    return create, Request("boatyard", CONTINUE_TRAINING, {"MaxRuntimeInSeconds": train.max_runtime})


def _program(code: SourceCode | None, security: Security) -> dict[str, str]:
    if code is None:
        return {}
    place = _CODE if security.network_isolation else code.archive
    return {"sagemaker_program": SCRIPT, "sagemaker_submit_directory": place}


def _channels(spec: ModelSpec, run: RunContext, code: SourceCode | None, security: Security) -> list[dict[str, Any]]:
    rows = _s3("train", locations.earlier(spec, run, "process", "train/"), ContentType="text/csv")
    # a container that reaches nothing cannot fetch its code: SageMaker brings it
    brought = [_s3("code", code.archive)] if code is not None and security.network_isolation else []
    return [rows, *brought, *_file_systems(spec.train, security)]


def _s3(channel: str, uri: str, **members: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": channel, **members, "DataSource": {"S3DataSource": source}}


def _file_systems(train: Train, security: Security) -> list[dict[str, Any]]:
    if train.file_systems and not security.subnets:
        raise DeploymentError(
            "train.file_systems are reached from inside their VPC: set security.subnets and security.security_groups, "
            "or BOATYARD_SUBNETS and BOATYARD_SECURITY_GROUPS"
        )
    return [
        {
            "ChannelName": channel,
            "DataSource": {
                "FileSystemDataSource": {
                    "FileSystemId": system.id,
                    "FileSystemType": system.type,
                    "FileSystemAccessMode": system.access,
                    "DirectoryPath": system.directory,
                }
            },
        }
        for channel, system in train.file_systems.items()
    ]


def _checkpoints(spec: ModelSpec, run: RunContext) -> dict[str, Any]:
    return {"CheckpointConfig": {"S3Uri": f"s3://{run.deployment.bucket}/{spec.name}/checkpoints/{JOB_GENERATION}/"}}
