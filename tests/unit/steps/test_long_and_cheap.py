"""What a long, cheap or shut-off model asks of AWS."""

from dataclasses import replace
from typing import Any

import pytest

from boatyard.aws.requests.shapes import shape_errors
from boatyard.spec import DeploymentError, ModelSpec
from boatyard.spec.deployment import EXAMPLE, Deployment
from boatyard.spec.security import Security
from boatyard.spec.training import FileSystem
from boatyard.steps import BATCH_STEPS, STEPS, Request, RunContext, fill
from boatyard.steps.run import JOB_GENERATION, JOB_NAME, job_words

DAY = 86_400
BY_NAME = {step.name: step for step in (*STEPS, *BATCH_STEPS)}
VPC = {"SecurityGroupIds": ["sg-01234567"], "Subnets": ["subnet-01234567"]}
SHUT_OFF = replace(EXAMPLE, subnets=("subnet-01234567",), security_groups=("sg-01234567",), kms_key="alias/harbour")


def asked(step: str, spec: ModelSpec, deployment: Deployment = EXAMPLE) -> dict[str, dict[str, Any]]:
    requests: tuple[Request, ...] = BY_NAME[step].build(spec, RunContext.for_check(deployment))
    for request in requests:
        if request.service != "boatyard":
            filled = fill(request.params, job_words("digits-train-0123456789abcdef-0-0"))
            assert [
                error for error in shape_errors(request.service, request.operation, filled) if "<" not in error
            ] == []
    return {request.operation: request.params for request in requests}


def trained(spec: ModelSpec, **changes: Any) -> ModelSpec:
    return spec.model_copy(update={"train": spec.train.model_copy(update=changes)})


def test_spot_is_one_switch(digits: ModelSpec) -> None:
    found = asked("train", trained(digits, spot=True))["CreateTrainingJob"]
    assert found["EnableManagedSpotTraining"] is True
    assert found["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}
    assert found["CheckpointConfig"] == {"S3Uri": f"s3://example-bucket/digits/checkpoints/{JOB_GENERATION}/"}


def test_a_short_spot_job_may_wait_for_an_hour(digits: ModelSpec) -> None:
    found = asked("train", trained(digits, spot=True, max_runtime=600))["CreateTrainingJob"]
    assert found["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 4200}


def test_checkpoints_stay_where_they_are_until_a_person_clears_the_task() -> None:
    places = [fill(JOB_GENERATION, job_words(f"digits-train-abc-{number}")) for number in ("0-0", "0-1", "1-0")]
    assert places == ["digits-train-abc-0", "digits-train-abc-0", "digits-train-abc-1"]


def test_a_training_longer_than_a_job_may_run_goes_on_in_a_next_one(digits: ModelSpec) -> None:
    found = asked("train", trained(digits, max_runtime=28 * DAY))
    assert found["CreateTrainingJob"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 5 * DAY}
    assert "CheckpointConfig" in found["CreateTrainingJob"]
    assert found["ContinueTraining"] == {"MaxRuntimeInSeconds": 28 * DAY}
    longer = replace(EXAMPLE, max_job_runtime=28 * DAY)
    assert "ContinueTraining" not in asked("train", trained(digits, max_runtime=28 * DAY), longer)


def test_machines_are_kept_for_the_next_job(digits: ModelSpec) -> None:
    found = asked("train", trained(digits, keep_alive=1800))["CreateTrainingJob"]
    assert found["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 1800


def test_a_file_system_is_a_channel_inside_its_vpc(digits: ModelSpec) -> None:
    system = FileSystem(id="fs-0123456789abcdef0", type="EFS", directory="/images")
    spec = trained(digits, file_systems={"images": system})
    found = asked("train", spec, SHUT_OFF)["CreateTrainingJob"]
    assert [channel["ChannelName"] for channel in found["InputDataConfig"]] == ["train", "images"]
    assert found["InputDataConfig"][1]["DataSource"]["FileSystemDataSource"] == {
        "FileSystemId": "fs-0123456789abcdef0",
        "FileSystemType": "EFS",
        "FileSystemAccessMode": "ro",
        "DirectoryPath": "/images",
    }
    assert found["VpcConfig"] == VPC
    with pytest.raises(DeploymentError, match="file_systems are reached from inside their VPC"):
        asked("train", spec)


def test_a_request_says_where_a_secret_is_kept(digits: ModelSpec) -> None:
    secrets = {"TOKEN": "secretsmanager:harbour/token"}
    spec = trained(digits, secrets=secrets).model_copy(
        update={"process": digits.process.model_copy(update={"secrets": secrets})}
    )
    assert asked("train", spec)["CreateTrainingJob"]["Environment"] == {"TOKEN_FROM_SECRET": secrets["TOKEN"]}
    process = asked("process", spec)["CreateProcessingJob"]
    assert process["Environment"] == {"TOKEN_FROM_SECRET": secrets["TOKEN"]}
    assert (
        "exec process" in process["AppSpecification"]["ContainerEntrypoint"][2]
    )  # it fetches them, then is the script


def test_a_deployments_vpc_and_key_hold_for_everything(digits: ModelSpec) -> None:
    training = asked("train", digits, SHUT_OFF)["CreateTrainingJob"]
    assert training["VpcConfig"] == VPC
    assert training["OutputDataConfig"]["KmsKeyId"] == training["ResourceConfig"]["VolumeKmsKeyId"] == "alias/harbour"
    for step in ("ingest", "process", "evaluate"):
        job = asked(step, digits, SHUT_OFF)["CreateProcessingJob"]
        assert job["NetworkConfig"] == {"VpcConfig": VPC}
        assert job["ProcessingOutputConfig"]["KmsKeyId"] == "alias/harbour"
        assert job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == "alias/harbour"
    transform = asked("transform", digits, SHUT_OFF)["CreateTransformJob"]
    assert transform["TransformOutput"]["KmsKeyId"] == transform["TransformResources"]["VolumeKmsKeyId"]
    deploy = asked("deploy", digits, SHUT_OFF)
    assert deploy["CreateModel"]["VpcConfig"] == VPC
    assert deploy["CreateEndpointConfig"]["KmsKeyId"] == "alias/harbour"


def test_a_model_may_have_a_vpc_and_a_key_of_its_own(digits: ModelSpec) -> None:
    own = Security(subnets=("subnet-89abcdef",), security_groups=("sg-89abcdef",), kms_key="alias/own")
    spec = digits.model_copy(update={"security": own})
    found = asked("train", spec, SHUT_OFF)["CreateTrainingJob"]
    assert found["VpcConfig"] == {"SecurityGroupIds": ["sg-89abcdef"], "Subnets": ["subnet-89abcdef"]}
    assert found["OutputDataConfig"]["KmsKeyId"] == "alias/own"


@pytest.mark.parametrize(
    ("machine", "takes"),
    [("ml.m5.large", True), ("ml.g4dn.xlarge", False), ("ml.c5n.xlarge", True), ("ml.g5.xlarge", False)],
)
def test_a_machine_that_encrypts_its_own_disks_gets_no_key(digits: ModelSpec, machine: str, takes: bool) -> None:
    found = asked("train", trained(digits, instance_type=machine), SHUT_OFF)["CreateTrainingJob"]
    assert ("VolumeKmsKeyId" in found["ResourceConfig"]) is takes
    assert found["OutputDataConfig"]["KmsKeyId"] == "alias/harbour"


def test_a_job_that_reaches_nothing_gets_its_code_as_a_channel(digits: ModelSpec) -> None:
    spec = digits.model_copy(update={"security": Security(network_isolation=True, encrypt_traffic=True)})
    found = asked("train", spec)["CreateTrainingJob"]
    assert found["EnableNetworkIsolation"] is found["EnableInterContainerTrafficEncryption"] is True
    code = found["InputDataConfig"][1]
    assert (code["ChannelName"], code["DataSource"]["S3DataSource"]["S3Uri"]) == (
        "code",
        "s3://example-bucket/digits/code/hash-of-jobs/sourcedir.tar.gz",
    )
    place = found["HyperParameters"]["sagemaker_submit_directory"]
    assert place == "/opt/ml/input/data/code/sourcedir.tar.gz"
    assert asked("process", spec)["CreateProcessingJob"]["NetworkConfig"]["EnableNetworkIsolation"] is True
    assert "NetworkConfig" not in asked("ingest", spec)["CreateProcessingJob"]  # it writes to the Feature Store


def test_digits_as_it_is_asks_for_nothing_of_this(digits: ModelSpec) -> None:
    found = asked("train", digits)["CreateTrainingJob"]
    extra = {"CheckpointConfig", "EnableManagedSpotTraining", "Environment", "VpcConfig", "EnableNetworkIsolation"}
    assert not extra & set(found)
    assert found["TrainingJobName"] == JOB_NAME
