"""Training jobs, from the request to the model in S3, in both isolation modes."""

import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from sagelocal.cloudwatch.metrics import Metric

# the fixture `account` is conftest's class Account
Account = Any


def _channel(name: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, "ContentType": "text/csv"}


def _archive(account: Account, key: str) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(account.read(key))) as archive:
        return {member.name: file.read() for member in archive if (file := archive.extractfile(member))}


def _model(account: Account, name: str) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(_archive(account, f"models/{name}/output/model.tar.gz")["model.json"])
    return seen


def test_a_job_gets_its_data_and_leaves_a_model(account: Account) -> None:
    account.write("data/train/a.csv", b"1,2")
    account.write("data/train/deep/b.csv", b"3")
    account.write("data/trainer.csv", b"not mine")
    account.write("data/test.csv", b"4")
    channels = [_channel("train", "s3://lake/data/train/"), _channel("test", "s3://lake/data/test.csv")]
    account.train("job", members={"InputDataConfig": channels}, alpha="0.5", message="accuracy=0.5\naccuracy=0.75")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Completed"
    assert describe["ModelArtifacts"] == {"S3ModelArtifacts": "s3://lake/models/job/output/model.tar.gz"}
    seen = _model(account, "job")
    assert seen["hyperparameters"] == {"alpha": "0.5", "message": "accuracy=0.5\naccuracy=0.75"}
    assert seen["data"] == {"train/a.csv": "1,2", "train/deep/b.csv": "3", "test/test.csv": "4"}
    assert seen["inputdataconfig"]["train"] == {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    assert seen["resourceconfig"]["hosts"] == ["algo-1"]
    assert _archive(account, "models/job/output/output.tar.gz") == {"report.txt": b"all is well\n"}


def test_the_secondary_statuses_tell_the_jobs_life(account: Account) -> None:
    account.train("job")
    describe = account.trained("job")
    steps = describe["SecondaryStatusTransitions"]
    assert [step["Status"] for step in steps] == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(step["StatusMessage"] and step["EndTime"] >= step["StartTime"] for step in steps)
    assert describe["CreationTime"] <= describe["TrainingStartTime"] <= describe["TrainingEndTime"]
    assert describe["BillableTimeInSeconds"] >= 1


def test_the_last_value_of_a_metric_counts(account: Account) -> None:
    definitions = [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}, {"Name": "loss", "Regex": "loss=([0-9.]+)"}]
    specification = {**_specification(account), "MetricDefinitions": definitions}
    account.train("job", members={"AlgorithmSpecification": specification}, message="accuracy=0.5\naccuracy=0.75")
    (metric,) = account.trained("job")["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("accuracy", 0.75)


def test_cloudwatch_gets_every_value_of_a_metric_once(account_relocated: Account) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/training-metrics.html"""
    account = account_relocated
    specification = {**_specification(account), "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.a-z]+)"}]}
    account.train("job", members={"AlgorithmSpecification": specification}, message="loss=3\nloss=1\nloss=nan")
    described = account.trained("job")
    assert described["FinalMetricDataList"][0]["Value"] == 1.0
    metric = Metric.of("/aws/sagemaker/TrainingJobs", "loss", {"TrainingJobName": "job"})
    samples = [sample for _, sample in account.backend.metrics.samples(metric, 0, described["TrainingEndTime"] + 1)]
    assert sum(sample.count for sample in samples) == 2
    assert sum(sample.total for sample in samples) == 4.0


def _specification(account: Account) -> dict[str, Any]:
    account.train("first")
    specification: dict[str, Any] = account.trained("first")["AlgorithmSpecification"]
    return specification


def test_a_failed_job_says_what_its_failure_file_says(account: Account) -> None:
    account.train("job", failure="ValueError: no rows\n" + "x" * 2000, exit_code="3")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == describe["SecondaryStatus"] == "Failed"
    assert describe["FailureReason"].startswith("AlgorithmError: ValueError: no rows\nxxx")
    assert describe["FailureReason"].endswith(", exit code: 3")
    assert len(describe["FailureReason"]) <= 1024
    assert "ModelArtifacts" not in describe
    assert account.keys("models/") == ["models/job/output/output.tar.gz"]


def test_a_failed_job_without_a_failure_file_points_to_its_log(account: Account) -> None:
    account.train("job", exit_code="7")
    reason = account.trained("job")["FailureReason"]
    assert reason == "AlgorithmError: See job logs for more information, exit code: 7"


def test_an_input_without_objects_fails_the_job_before_it_runs(account_relocated: Account) -> None:
    account = account_relocated
    account.write("data/a.csv", b"1")
    account.train("waiting", members={"InputDataConfig": [_channel("train", "s3://lake/data/a.csv")]})
    account.trained("waiting")
    document = account.backend.store.get("training_job", "waiting")
    account.backend.objects.delete("lake", "data/a.csv")
    fresh = {**document["describe"], "TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"}
    account.backend.store.create("training_job", "late", _renamed({**document, "describe": fresh}, "late"))
    account.backend.jobs.submit("training_job", "late")
    describe = account.trained("late")
    assert describe["TrainingJobStatus"] == "Failed"
    assert describe["FailureReason"].startswith("ClientError: Data download failed: no object under")


def _renamed(document: dict[str, Any], name: str) -> dict[str, Any]:
    for part in document.values():
        part["TrainingJobName"] = name
    return document


def test_a_key_that_leads_out_of_its_folder_is_refused(account_relocated: Account) -> None:
    account = account_relocated
    account.write("data/" + "../" * 7 + "escape.txt", b"1")
    account.train("job", members={"InputDataConfig": [_channel("train", "s3://lake/data/")]})
    describe = account.trained("job")
    assert "cannot be a file's path" in describe["FailureReason"]
    assert not (account.folder / "escape.txt").exists()  # seven folders above the channel, where it would have stayed


def test_a_job_cannot_alter_the_object_it_was_given(account: Account) -> None:
    account.write("data/a.txt", b"as it was")
    inputs = [
        {
            "InputName": "in",
            "S3Input": {
                "S3Uri": "s3://lake/data/a.txt",
                "LocalPath": "/opt/ml/in",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
    ]
    script = "import sys; open(sys.argv[1] + '/a.txt', 'w').write('changed')"
    account.process("job", script, "/opt/ml/in", ProcessingInputs=inputs)
    assert account.processed("job")["ProcessingJobStatus"] == "Completed"
    assert account.read("data/a.txt") == b"as it was"


def test_a_stopped_job_keeps_what_it_had(account: Account) -> None:
    account.train("job", seconds="600")
    account.await_line("TrainingJobs", "waiting")
    account.call("StopTrainingJob", TrainingJobName="job")
    assert account.training("job")["TrainingJobStatus"] in {"Stopping", "Stopped"}
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == describe["SecondaryStatus"] == "Stopped"
    assert _model(account, "job")["stopped"] is True


def test_a_job_stopped_at_once_ends_stopped(account_relocated: Account) -> None:
    account_relocated.train("job", seconds="600")
    account_relocated.call("StopTrainingJob", TrainingJobName="job")
    assert account_relocated.trained("job")["TrainingJobStatus"] == "Stopped"


def test_a_job_ends_at_its_time_limit_with_its_model(account_relocated: Account) -> None:
    account = account_relocated
    account.train("job", members={"StoppingCondition": {"MaxRuntimeInSeconds": 1}}, seconds="600")
    describe = account.trained("job")
    assert (describe["TrainingJobStatus"], describe["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert _model(account, "job")["stopped"] is True


def test_checkpoints_go_in_and_out(account: Account) -> None:
    account.write("checkpoints/old.txt", b"epoch 1")
    config = {"S3Uri": "s3://lake/checkpoints", "LocalPath": "/opt/ml/checkpoints"}
    account.train("job", members={"CheckpointConfig": config}, checkpoint="epoch 2")
    account.trained("job")
    assert account.keys("checkpoints/") == ["checkpoints/old.txt", "checkpoints/state.txt"]
    assert account.read("checkpoints/state.txt") == b"epoch 2"
    assert _model(account, "job")["checkpoints"] == {"old.txt": "epoch 1", "state.txt": "epoch 2"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRAINING_JOB_NAME", "job"),
        ("TRAINING_JOB_ARN", "arn:aws:sagemaker:us-east-1:123456789012:training-job/job"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("WANTED", "yes"),
    ],
)
def test_a_job_knows_its_surroundings(account_relocated: Account, name: str, value: str) -> None:
    account_relocated.train("job", members={"Environment": {"WANTED": "yes"}}, read_env=name)
    account_relocated.trained("job")
    assert _model(account_relocated, "job")["environment"] == {name: value}


def test_a_variable_that_names_opt_ml_leads_there(account: Account) -> None:
    script = "import os; open(os.environ['PLACE'] + '/made.txt', 'w').write('here')"
    outputs = {"Outputs": [_output("/opt/ml/processing/output")]}
    variables = {"PLACE": "/opt/ml/processing/output"}
    account.process("job", script, Environment=variables, ProcessingOutputConfig=outputs)
    assert account.processed("job")["ProcessingJobStatus"] == "Completed"
    assert account.read("out/made.txt") == b"here"


def _output(path: str) -> dict[str, Any]:
    return {
        "OutputName": "out",
        "S3Output": {"S3Uri": "s3://lake/out", "LocalPath": path, "S3UploadMode": "EndOfJob"},
    }


def test_nothing_is_left_of_an_ended_job_but_its_log(
    account: Account, eventually: Callable[[Callable[[], Any], str], Any]
) -> None:
    account.train("job", message="hello")
    account.trained("job")
    eventually(lambda: not list((account.folder / "jobs" / "training_job").iterdir()), "its folder is gone")
    account.await_line("TrainingJobs", "hello")


def test_more_jobs_than_may_run_at_once_wait_for_their_turn(
    account_relocated: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_relocated
    monkeypatch.setattr("sagelocal.jobs.turns.AT_ONCE", 1)
    account.train("first", seconds="600")
    account.await_line("TrainingJobs", "waiting")
    account.train("second")
    account.train("third")
    assert account.training("second")["SecondaryStatus"] == "Starting"
    account.call("StopTrainingJob", TrainingJobName="third")
    assert account.trained("third")["TrainingJobStatus"] == "Stopped"
    account.call("StopTrainingJob", TrainingJobName="first")
    assert account.trained("second")["TrainingJobStatus"] == "Completed"
