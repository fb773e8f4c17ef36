"""SageMakerHook's methods, against real jobs.

https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/_api/airflow/providers/amazon/aws/hooks/sagemaker/
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.sagemaker import LogState, SageMakerHook
from tests.archives import unpacked
from tests.contract.provider.requests import endpoint_config, model, numbers, processing, training, transform, tuning
from tests.objects import read

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

GROUP = "/aws/sagemaker/TrainingJobs"
STATES = (SageMakerHook.non_terminal_states, SageMakerHook.training_failed_states)


@pytest.fixture
def hook() -> SageMakerHook:
    return SageMakerHook(aws_conn_id=None)


@pytest.fixture
def trained(hook: SageMakerHook, data: str, name: str) -> dict[str, Any]:
    """Return the description of a job that has ended and said hello."""
    config = numbers(training(name, data, message="hello from the job"))
    hook.create_training_job(config, print_log=False, check_interval=1)
    described: dict[str, Any] = hook.describe_training_job(name)
    assert described["TrainingJobStatus"] == "Completed"
    return described


def test_the_files_of_a_configuration_are_uploaded_before_the_job(
    hook: SageMakerHook, client: Client, name: str, tmp_path: Path
) -> None:
    (tmp_path / "train.csv").write_text("1,2\n")
    uploads = [
        {"Path": str(tmp_path), "Key": "packed.tar.gz", "Bucket": name, "Tar": True},
        {"Path": str(tmp_path / "train.csv"), "Key": "train.csv", "Bucket": name, "Tar": False},
    ]
    hook.configure_s3_resources({"S3Operations": {"S3CreateBucket": [{"Bucket": name}], "S3Upload": uploads}})
    hook.tar_and_s3_upload(str(tmp_path / "train.csv"), "one.tar.gz", name)
    assert read(client("s3"), f"s3://{name}/train.csv") == b"1,2\n"
    for key in ("packed.tar.gz", "one.tar.gz"):
        assert list(unpacked(read(client("s3"), f"s3://{name}/{key}"))) == ["train.csv"]


def test_inputs_are_looked_for_before_a_job_is_created(hook: SageMakerHook, data: str, name: str) -> None:
    assert hook.check_s3_url(f"s3://{data}/data/train.csv") is True
    hook.check_training_config(training(name, data))
    hook.check_tuning_config(tuning(name, data))
    with pytest.raises(Exception, match=r"The input S3 Key or Prefix s3://.*/nothing does not exist"):
        hook.check_s3_url(f"s3://{data}/nothing")
    with pytest.raises(Exception, match="The input S3 Bucket no-such-bucket-here does not exist"):
        hook.check_training_config(training(name, "no-such-bucket-here"))


def test_billable_seconds_follow_from_the_jobs_times(hook: SageMakerHook, trained: dict[str, Any]) -> None:
    seconds = hook.count_billable_seconds(trained["TrainingStartTime"], trained["TrainingEndTime"], 1)
    assert 0 <= seconds - trained["BillableTimeInSeconds"] <= 2  # the hook rounds up, SageMaker to whole seconds


def test_a_jobs_log_is_read_by_its_streams(
    hook: SageMakerHook, client: Client, trained: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    name = trained["TrainingJobName"]
    (stream,) = [
        found["logStreamName"]
        for found in client("logs").describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")[
            "logStreams"
        ]
    ]
    assert "hello from the job" in [event["message"] for _, event in hook.multi_stream_iter(GROUP, [stream])]
    state, described, _ = hook.describe_training_job_with_log(
        name, {}, [], 1, LogState.COMPLETE, trained, time.monotonic()
    )
    assert (state, described) == (LogState.COMPLETE, trained)
    assert "hello from the job" in capsys.readouterr().out
    hook.check_training_status_with_log(name, *STATES, wait_for_completion=True, check_interval=0)
    printed = capsys.readouterr().out
    assert "hello from the job" in printed
    assert "Completed - " in printed  # the last of SecondaryStatusTransitions


class _FirstLineError(Exception):
    """One line of the log has been read."""


class _Positions(dict[str, Any]):
    def __setitem__(self, stream: str, position: Any) -> None:
        super().__setitem__(stream, position)
        raise _FirstLineError


def test_a_jobs_log_is_read_asynchronously(
    hook: SageMakerHook, trained: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The hook's asynchronous readers ask for ever at a stream's end, on AWS too: they are left at the first line."""
    name = trained["TrainingJobName"]
    positions = _Positions()

    async def read() -> tuple[dict[str, Any], Any]:
        described = await hook.describe_training_job_async(name)
        with pytest.raises(_FirstLineError):
            await hook.describe_training_job_with_log_async(
                name, positions, [], 1, LogState.COMPLETE, described, time.time()
            )
        async with aclosing(hook.get_multi_stream(GROUP, list(positions), {})) as events:
            return described, await anext(events)

    described, (_, event) = asyncio.run(read())
    assert described["TrainingJobArn"] == trained["TrainingJobArn"]
    assert event["message"] == "hello from the job"
    assert "hello from the job" in capsys.readouterr().out


def test_a_failed_job_raises_its_reason(hook: SageMakerHook, data: str, name: str) -> None:
    config = numbers(training(name, data, failure="no such column"))
    hook.create_training_job(config, wait_for_completion=False, print_log=False)
    with pytest.raises(Exception, match="no such column"):
        hook.check_status(name, "TrainingJobStatus", hook.describe_training_job, check_interval=1)
    with pytest.raises(Exception, match="Reason: AlgorithmError: no such column, exit code: 1"):
        hook.check_training_status_with_log(name, *STATES, wait_for_completion=True, check_interval=0)


def test_jobs_of_every_kind_are_created_described_and_listed(
    hook: SageMakerHook, client: Client, data: str, name: str
) -> None:
    hook.create_model(model(name))
    hook.create_processing_job(numbers(processing(name, data)), check_interval=1)
    hook.create_transform_job(numbers(transform(name, name, data)), check_interval=1)
    hook.create_tuning_job(numbers(tuning(name, data)), check_interval=1)
    assert hook.describe_model(name)["PrimaryContainer"]["Image"].endswith("/echo:0.1.0")
    assert hook.describe_processing_job(name)["ProcessingJobStatus"] == "Completed"
    assert hook.describe_transform_job(name)["TransformJobStatus"] == "Completed"
    tuned = hook.describe_tuning_job(name[:32])
    assert tuned["TrainingJobStatusCounters"]["Completed"] == 2
    assert read(client("s3"), f"s3://{data}/out/report.json") == b'{"rows": 1}'
    assert read(client("s3"), f"s3://{data}/predicted/train.csv.out") == b"1,2\n"
    (processed,) = hook.list_processing_jobs(NameContains=name)
    (transformed,) = hook.list_transform_jobs(name_contains=name)
    assert (processed["ProcessingJobName"], transformed["TransformJobName"]) == (name, name)
    assert hook.count_processing_jobs_by_name(name) == 1
    assert hook.count_processing_jobs_by_name(f"{name}-other") == 0
    best = tuned["BestTrainingJob"]["TrainingJobName"]
    assert len(hook.list_training_jobs(name_contains=best, max_results=1)) == 1
    assert len(hook.list_training_jobs(StatusEquals="Completed", max_results=2)) == 2


def test_endpoints_models_and_groups_are_made_changed_and_deleted(
    hook: SageMakerHook, client: Client, name: str
) -> None:
    for config, colour in ((name, "blue"), (f"{name}-2", "green")):
        hook.create_model(model(config, COLOUR=colour))
        hook.create_endpoint_config(numbers(endpoint_config(config)))
    hook.create_endpoint({"EndpointName": name, "EndpointConfigName": name}, check_interval=1)
    hook.update_endpoint({"EndpointName": name, "EndpointConfigName": f"{name}-2"}, check_interval=1)
    assert hook.describe_endpoint(name)["EndpointConfigName"] == f"{name}-2"
    assert hook.describe_endpoint_config(f"{name}-2")["ProductionVariants"][0]["ModelName"] == f"{name}-2"
    runtime = client("sagemaker-runtime")
    assert runtime.invoke_endpoint(EndpointName=name, Body=b"env COLOUR")["Body"].read() == b"green"
    client("sagemaker").delete_endpoint(EndpointName=name)
    hook.delete_model(name)
    with pytest.raises(Exception, match="Could not find model"):
        hook.describe_model(name)
    assert hook.create_model_package_group(name) is True
    assert hook.create_model_package_group(name) is False
