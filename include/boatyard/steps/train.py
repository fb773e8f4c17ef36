"""train: the model's own script, or an algorithm of AWS's, in a training job."""

from boatyard.spec import ModelSpec
from boatyard.spec.images import TRAINING
from boatyard.steps import locations
from boatyard.steps.parameters import TRAIN_INSTANCE_TYPE
from boatyard.steps.processing import VOLUME_SIZE_IN_GB
from boatyard.steps.run import JOB_NAME, Request, RunContext
from boatyard.steps.source_code import model_code

SCRIPT = "train.py"


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return CreateTrainingJob; its hyperparameters are those of the run."""
    train = spec.train
    hyperparameters = {name: run.parameter(name, value) for name, value in train.hyperparameters.items()}
    scripted = SCRIPT in spec.scripts  # without it, the image is one of AWS's algorithms, which trains by itself
    if scripted:
        hyperparameters |= {"sagemaker_program": SCRIPT, "sagemaker_submit_directory": model_code(spec, run).archive}
    metrics = [{"Name": name, "Regex": regex} for name, regex in train.metrics.items()]
    channel = {
        "ChannelName": "train",
        "ContentType": "text/csv",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": locations.earlier(spec, run, "process", "train/"),
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }
    params = {
        "TrainingJobName": JOB_NAME,
        "AlgorithmSpecification": {
            "TrainingImage": run.deployment.image_uri(spec.image_for(TRAINING, train.instance_type)),
            "TrainingInputMode": "File",
            **({"MetricDefinitions": metrics} if scripted else {}),
        },
        "HyperParameters": hyperparameters,
        "InputDataConfig": [channel],
        "OutputDataConfig": {"S3OutputPath": f"s3://{run.deployment.bucket}/{spec.name}/train"},
        "ResourceConfig": {
            "InstanceType": run.parameter(TRAIN_INSTANCE_TYPE, train.instance_type),
            "InstanceCount": 1,
            "VolumeSizeInGB": VOLUME_SIZE_IN_GB,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": train.max_runtime},
        "RoleArn": run.deployment.role_arn,
    }
    return (Request("sagemaker", "CreateTrainingJob", params),)
