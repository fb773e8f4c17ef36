"""A spot job whose machine is taken away comes to the very model that an uninterrupted job makes."""

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.archives import unpacked
from tests.contract.conftest import LocalServer, images, start_server
from tests.logs import lines
from tests.objects import read

__all__ = ["images", "start_server"]

ROUNDS = 3_000
ROWS, COLUMNS = 6_000, 20
HYPERPARAMETERS = {
    "objective": "binary:logistic",
    "num_round": str(ROUNDS),
    "max_depth": "8",
    "eta": "0.05",
    "subsample": "0.7",  # random choices are what a resumed training gets wrong
    "colsample_bytree": "0.7",
    "nthread": "1",
}


@pytest.fixture(scope="module")
def aws(start_server: Callable[..., LocalServer]) -> LocalServer:
    return start_server("--faults")


def rows() -> bytes:
    numbers = random.Random(1)
    table = []
    for _ in range(ROWS):
        values = [numbers.gauss(0, 1) for _ in range(COLUMNS)]
        label = int(values[0] * values[1] + numbers.gauss(0, 1) > 0)
        table.append(",".join([str(label), *(f"{value:.3f}" for value in values)]))
    return "\n".join(table).encode()


def request(bucket: str, name: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/rows/", "S3DataDistributionType": "FullyReplicated"}
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/tabular:0.1.0",
            "TrainingInputMode": "File",
        },
        "HyperParameters": HYPERPARAMETERS,
        "InputDataConfig": [
            {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}
        ],
        "RoleArn": "arn:aws:iam::123456789012:role/boatyard",
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {"S3Uri": f"s3://{bucket}/checkpoints/{name}/"},
    }


def test_an_interrupted_spot_job_makes_the_model_of_an_uninterrupted_one(aws: LocalServer) -> None:
    with aws.clients() as client:
        sagemaker, s3, logs = client("sagemaker"), client("s3"), client("logs")
        s3.create_bucket(Bucket="spot")
        s3.put_object(Bucket="spot", Key="rows/train.csv", Body=rows())

        def described(name: str) -> dict[str, Any]:
            found: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
            return found

        def ended(name: str) -> dict[str, Any]:
            while described(name)["TrainingJobStatus"] == "InProgress":
                time.sleep(0.1)
            return described(name)

        def checkpoints(name: str) -> int:
            return int(s3.list_objects_v2(Bucket="spot", Prefix=f"checkpoints/{name}/")["KeyCount"])

        def model(name: str) -> bytes:
            uri = ended(name)["ModelArtifacts"]["S3ModelArtifacts"]
            return unpacked(read(s3, uri))["xgboost-model"]

        sagemaker.create_training_job(**request("spot", "calm"))
        ended("calm")
        sagemaker.create_training_job(**request("spot", "stormy"))
        while not checkpoints("stormy"):
            assert described("stormy")["TrainingJobStatus"] == "InProgress"
            time.sleep(0.05)
        aws.faults.add("interrupt", name="stormy")
        phases = [transition["Status"] for transition in ended("stormy")["SecondaryStatusTransitions"]]
        assert phases.count("Interrupted") == 1
        (going_on,) = [line for line in lines(logs, "stormy") if line.startswith("Going on after ")]
        assert 0 < int(going_on.split()[3]) < ROUNDS
        assert model("stormy") == model("calm")
