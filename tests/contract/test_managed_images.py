"""Images that AWS manages: the built-in XGBoost algorithm, trained, deployed and asked for its training data.

https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html
https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost-tuning.html
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.logs import lines

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
TABULAR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/tabular:latest"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
FAST = {"Delay": 0.1, "MaxAttempts": 3000}
DIGITS = (
    "import numpy, sklearn.datasets; data, target = sklearn.datasets.load_digits(return_X_y=True); "
    "rows = numpy.column_stack([target, data]); "
    "numpy.savetxt('/opt/ml/processing/out/digits.csv', rows, fmt='%d', delimiter=',')"
)
HYPERPARAMETERS = {
    "objective": "multi:softmax",
    "num_class": "10",
    "max_depth": "5",
    "eta": "0.2",
    "gamma": "4",
    "min_child_weight": "6",
    "num_round": "10",
}
# as it stands in CloudWatch Logs, where a tab is #011
ROUND = re.compile(r"\[\d+\]#011train-merror:0\.\d{5}#011validation-merror:0\.\d{5}")


@pytest.fixture
def name() -> str:
    return f"managed-{uuid.uuid4()}"


@pytest.fixture
def digits(sagemaker: Any, client: Client, bucket: str, name: str) -> tuple[str, bytes]:
    """Give the prefix of a CSV without a header, label first, and its content."""
    output = {"S3Uri": f"s3://{bucket}/digits", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        AppSpecification={"ImageUri": TABULAR, "ContainerEntrypoint": ["python3", "-c", DIGITS]},
        ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": output}]},
        ProcessingResources=_cluster(),
        RoleArn=ROLE,
    )
    sagemaker.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=name, WaiterConfig=FAST)
    body = client("s3").get_object(Bucket=bucket, Key="digits/digits.csv")["Body"].read()
    return f"s3://{bucket}/digits", body


@pytest.fixture
def serve(sagemaker: Any, name: str) -> Iterator[Callable[[str, dict[str, str]], str]]:
    """Give a function that puts a model of the built-in image behind an endpoint and returns its name."""

    def start(model_data: str, environment: dict[str, str]) -> str:
        container = {"Image": XGBOOST, "ModelDataUrl": model_data, "Environment": environment}
        variant = {"VariantName": "a", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=FAST)
        return name

    yield start
    try:
        sagemaker.delete_endpoint(EndpointName=name)
    except ClientError as error:
        assert "Could not find" in str(error)  # noqa: PT017 - a test that made none


def _cluster() -> dict[str, Any]:
    return {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}}


def _training(name: str, prefix: str, bucket: str, **hyperparameters: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": prefix, "S3DataDistributionType": "FullyReplicated"}
    return {
        "TrainingJobName": name,
        "HyperParameters": HYPERPARAMETERS | hyperparameters,
        "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": [
            {"ChannelName": channel, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}
            for channel in ("train", "validation")
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def test_the_built_in_algorithm_is_trained_deployed_and_asked_for_its_training_data(
    sagemaker: Any,
    client: Client,
    bucket: str,
    name: str,
    digits: tuple[str, bytes],
    serve: Callable[[str, dict[str, str]], str],
) -> None:
    prefix, csv = digits
    sagemaker.create_training_job(**_training(name, prefix, bucket, eval_metric="merror"))
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig=FAST)
    job = sagemaker.describe_training_job(TrainingJobName=name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")

    rounds = [line for line in lines(client("logs"), name) if ROUND.fullmatch(line)]
    assert len(rounds) == 10
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert metrics.keys() == {"train:merror", "validation:merror"}
    assert rounds[-1].endswith(f"#011validation-merror:{metrics['validation:merror']:.5f}")

    serve(job["ModelArtifacts"]["S3ModelArtifacts"], {})
    rows = [line.split(b",", 1) for line in csv.splitlines()]
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, ContentType="text/csv", Body=b"\n".join(features for _, features in rows)
    )
    assert answer["ContentType"].startswith("text/csv")
    predicted = answer["Body"].read().decode().splitlines()
    wrong = sum(float(label) != float(one) for (label, _), one in zip(rows, predicted, strict=True))
    assert wrong / len(rows) == pytest.approx(metrics["train:merror"], abs=1e-5)
    assert wrong / len(rows) < 0.08


def test_a_wrong_hyperparameter_is_the_failure_reason(
    sagemaker: Any, bucket: str, name: str, digits: tuple[str, bytes]
) -> None:
    sagemaker.create_training_job(**_training(name, digits[0], bucket, max_dpeth="5"))
    with pytest.raises(Exception, match="Waiter TrainingJobCompletedOrStopped failed"):
        sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig=FAST)
    reason = sagemaker.describe_training_job(TrainingJobName=name)["FailureReason"]
    assert "Extraneous hyperparameter found: max_dpeth (did you mean max_depth?)" in reason


def test_the_algorithms_own_metric_definitions_cannot_be_replaced(
    sagemaker: Any, bucket: str, name: str, digits: tuple[str, bytes]
) -> None:
    request = _training(name, digits[0], bucket)
    request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "own", "Regex": "(.*)"}]
    with pytest.raises(ClientError, match="You can't override the metric definitions for Amazon SageMaker algorithms"):
        sagemaker.create_training_job(**request)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (XGBOOST.replace("1.7-1", "1.7-9"), "stands for the tags 1.2-2, 1.3-1, 1.5-1, 1.7-1"),
        (XGBOOST.replace("xgboost", "scikit-learn"), "Images of AWS's that they stand for: sagemaker-xgboost"),
    ],
)
def test_a_managed_image_that_nothing_stands_for_is_refused_with_those_that_there_are(
    sagemaker: Any, bucket: str, name: str, digits: tuple[str, bytes], image: str, message: str
) -> None:
    request = _training(name, digits[0], bucket)
    request["AlgorithmSpecification"]["TrainingImage"] = image
    with pytest.raises(ClientError, match=re.escape(message)):
        sagemaker.create_training_job(**request)
