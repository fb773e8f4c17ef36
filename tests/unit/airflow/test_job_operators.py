"""What an operator does with a job, against real jobs of a real sagelocal."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk import DAG, RetryAction
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from tests.unit.airflow.conftest import Task
from tests.unit.airflow.trainings import LONG, Training, deferred, ended, operator, status

from boatyard.airflow.failures import RETRY_POLICY, JobFailedError, PermanentJobFailedError
from boatyard.airflow.operators import SageMakerProcessingOperator, SageMakerTrainingOperator
from boatyard.aws import jobs
from boatyard.aws.errors import PermanentError


def test_a_short_job_is_waited_for_in_the_worker(sagemaker: Any, training: Training, task: Task) -> None:
    result = operator(training()).execute(task.context())
    assert status(sagemaker, result["job_name"]) == "Completed"
    assert result["job_arn"].endswith(f"training-job/{result['job_name']}")
    assert result["Training"]["ModelArtifacts"]["S3ModelArtifacts"].endswith("/output/model.tar.gz")


def test_an_airflow_without_a_name_is_warned_that_others_may_share_its_jobs(
    training: Training, task: Task, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    operator(training()).execute(task.context())
    assert "BOATYARD_DEPLOYMENT" not in capsys.readouterr().out
    monkeypatch.delenv("BOATYARD_DEPLOYMENT")
    operator(training()).execute(task.context())
    assert "BOATYARD_DEPLOYMENT is not set: an Airflow beside this one" in capsys.readouterr().out


def test_the_result_can_be_small(training: Training, task: Task) -> None:
    result = operator(training(), return_description=False).execute(task.context())
    assert sorted(result) == ["job_arn", "job_name"]


def test_a_name_of_ones_own_becomes_the_head_of_the_jobs_name(training: Training, task: Task) -> None:
    result = operator(training("tide-tables")).execute(task.context())
    assert result["job_name"].startswith("tide-tables-")
    assert result["job_name"].endswith("-0-0")


def test_numbers_that_jinja_made_text_are_numbers_again(training: Training, task: Task) -> None:
    config = training()
    config["ResourceConfig"] |= {"InstanceCount": "1", "VolumeSizeInGB": "10"}
    config["StoppingCondition"] = {"MaxRuntimeInSeconds": "600"}
    assert operator(config).execute(task.context())["job_name"]


def test_a_retry_after_a_crash_attaches_to_the_running_job(sagemaker: Any, training: Training, task: Task) -> None:
    config = training(seconds=LONG)
    before = deferred(operator(config, defer_after=0.1), task)
    task.retry()
    after = deferred(operator(config, defer_after=0.1), task)
    assert after.job_name == before.job_name
    jobs.stop(sagemaker, "training", after.job_name)


def test_a_retry_after_a_failed_job_starts_the_next_attempt(training: Training, task: Task) -> None:
    with pytest.raises(JobFailedError):
        operator(training(failure="no wind")).execute(task.context())
    task.retry()
    assert operator(training()).execute(task.context())["job_name"].endswith("-0-1")


def test_a_persons_clear_stops_the_old_job_and_starts_a_new_one(sagemaker: Any, training: Training, task: Task) -> None:
    old = deferred(operator(training(seconds=LONG), defer_after=0.1), task).job_name
    task.clear()
    new = operator(training()).execute(task.context())["job_name"]
    assert (old[-4:], new[-4:]) == ("-0-0", "-1-0")
    assert status(sagemaker, old) == "Stopped"


def test_a_failed_job_fails_the_task_with_its_reason(training: Training, task: Task) -> None:
    with pytest.raises(PermanentJobFailedError, match=r"training job \S+ failed: AlgorithmError: the mast broke"):
        operator(training(failure="the mast broke")).execute(task.context())


def test_a_request_that_sagemaker_refuses_fails_the_task_for_good_in_one_line(training: Training, task: Task) -> None:
    wrong = training() | {"RoleArn": "no/role/of/ours/whatever"}
    with pytest.raises(AirflowFailException, match=r"SageMaker refuses training job \S+: .*roleArn") as raised:
        operator(wrong).execute(task.context())
    assert str(raised.value).endswith("(ValidationException)")
    assert "\n" not in str(raised.value)
    with pytest.raises(AirflowFailException, match=r"SageMaker refuses .*\"RoleArm\" \(did you mean 'RoleArn'\?\)"):
        operator(training() | {"RoleArm": "x"}).execute(task.context())


def test_a_malformed_request_is_told_as_such_before_anybody_reckons_what_it_costs(
    sagemaker: Any, training: Training, task: Task
) -> None:
    machine = {"InstanceType": "ml.m5.large", "InstanceCount": "many", "VolumeSizeInGB": 10}
    with pytest.raises(AirflowFailException, match=r"Invalid type for parameter ResourceConfig\.InstanceCount"):
        operator(training() | {"ResourceConfig": machine}).execute(task.context())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"records": "bucket/prefix"}, "records: expected s3://bucket/prefix, got 'bucket/prefix'"),
        ({"cache": "s3://bucket/prefix"}, "cache: expected {'place': 's3://bucket/prefix'}, got 's3://bucket/prefix'"),
        ({"cache": {"place": "s3://b/c", "forse": True}}, "cache: unknown key 'forse' (did you mean 'force'?)"),
        ({"total_runtime": "1 h"}, "total_runtime: expected a number of seconds above 0, got '1 h'"),
    ],
)
def test_a_wrong_argument_is_refused_when_the_dag_is_parsed(
    arguments: dict[str, Any], told: str, training: Training
) -> None:
    with pytest.raises((ValueError, PermanentError), match=re.escape(told)):
        operator(training(), **arguments)


def test_our_dags_do_not_run_a_failing_script_twice() -> None:
    def action(error: Exception) -> RetryAction:
        return RETRY_POLICY.evaluate(error, 1, 1).action

    assert action(PermanentJobFailedError("AlgorithmError")) is RetryAction.FAIL
    assert action(JobFailedError("InternalServerError")) is RetryAction.DEFAULT
    assert action(ConnectionError()) is RetryAction.DEFAULT


def test_a_job_that_takes_too_long_is_stopped_from_the_worker(sagemaker: Any, training: Training, task: Task) -> None:
    made = operator(training(seconds=LONG), max_ingestion_time=1, deferrable=False)
    with pytest.raises(AirflowException, match="did not end within 1 s; it was asked to stop"):
        made.execute(task.context())
    assert made.claimed is not None
    assert ended(sagemaker, made.claimed) == "Stopped"


def test_a_limit_may_stand_in_the_default_arguments_of_a_dag(training: Training) -> None:
    with DAG("harbour", default_args={"max_attempts": 3, "check_interval": 2, "aws_conn_id": None}):
        made = SageMakerTrainingOperator(task_id="train", config=training())
    assert (made.max_attempts, made.max_ingestion_time) == (3, 6)


def test_files_that_cannot_be_there_are_refused_when_the_dag_is_parsed() -> None:
    files = [{"output_name": "out", "file_name": "m.json", "result_name": "metrics"}]
    with pytest.raises(ValueError, match="output_files_to_xcom takes wait_for_completion=True"):
        SageMakerProcessingOperator(task_id="p", config={}, output_files_to_xcom=files, wait_for_completion=False)
    with pytest.raises(PermanentError, match=r"output_files_to_xcom: .* lacks file_name, result_name"):
        SageMakerProcessingOperator(task_id="p", config={}, output_files_to_xcom=[{"output_name": "out"}])


def test_a_processing_job_leaves_its_output_under_its_own_name(
    client: Callable[[str], Any], bucket: str, training: Training, task: Task
) -> None:
    script = "import pathlib; pathlib.Path('/opt/ml/processing/out/m.json').write_text('{\"a\": 1}')"
    config = {
        "ProcessingJobName": "{job_name}",
        "AppSpecification": {
            "ImageUri": training()["AlgorithmSpecification"]["TrainingImage"],
            "ContainerEntrypoint": ["python3", "-c", script],
        },
        "RoleArn": training()["RoleArn"],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": f"s3://{bucket}/{{job_name}}/out",
                        "LocalPath": "/opt/ml/processing/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
        },
    }
    files = [
        {"output_name": "out", "file_name": "m.json", "result_name": "metrics"},
        {"output_name": "out", "file_name": "n.json", "result_name": "nothing"},
        {"output_name": "in", "file_name": "m.json", "result_name": "left out"},
    ]
    made = SageMakerProcessingOperator(task_id="p", config=config, aws_conn_id=None, output_files_to_xcom=files)
    result = made.execute(task.context())
    nothing = f"File not found: s3://{bucket}/{result['job_name']}/out/n.json"
    assert result["OutputFiles"] == {"metrics": {"a": 1}, "nothing": {"_error": nothing}}
    assert client("s3").get_object(Bucket=bucket, Key=f"{result['job_name']}/out/m.json")["Body"].read() == b'{"a": 1}'
