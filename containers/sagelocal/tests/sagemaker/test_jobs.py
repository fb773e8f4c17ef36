from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sagelocal.backend import Backend
from sagelocal.errors import AwsError

Call = Callable[..., dict[str, Any]]

JOBS = [
    pytest.param("TrainingJob", "training", id="training"),
    pytest.param("ProcessingJob", "processing", id="processing"),
]


@pytest.fixture
def create(call: Call, training: Call, processing: Call) -> Call:
    """Return a function that creates a job of either kind."""
    requests = {"TrainingJob": training, "ProcessingJob": processing}
    return lambda kind, name="job", **changes: call(f"Create{kind}", **requests[kind](name, **changes))


@pytest.mark.parametrize(("kind", "word"), JOBS)
def test_a_new_job_is_in_progress_and_submitted_once(
    create: Call, call: Call, notes: Any, kind: str, word: str
) -> None:
    arn = create(kind)[f"{kind}Arn"]
    described = call(f"Describe{kind}", **{f"{kind}Name": "job"})
    assert arn == described[f"{kind}Arn"] == f"arn:aws:sagemaker:us-east-1:123456789012:{word}-job/job"
    assert described[f"{kind}Status"] == "InProgress"
    assert described["LastModifiedTime"] == described["CreationTime"]
    assert notes.calls == [("submit", f"{word}_job", "job")]


def test_a_new_training_job_says_that_it_is_starting(call: Call, training: Call) -> None:
    call("CreateTrainingJob", **training())
    described = call("DescribeTrainingJob", TrainingJobName="job")
    assert described["SecondaryStatus"] == "Starting"
    assert [step["Status"] for step in described["SecondaryStatusTransitions"]] == ["Starting"]
    assert described["SecondaryStatusTransitions"][0]["StatusMessage"]


def test_a_job_without_a_stopping_condition_may_run_for_a_day(call: Call, training: Call) -> None:
    request = training()
    del request["StoppingCondition"]
    call("CreateTrainingJob", **request)
    described = call("DescribeTrainingJob", TrainingJobName="job")
    assert described["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}


@pytest.mark.parametrize(("kind", "word"), JOBS)
def test_a_name_in_use_is_refused_even_if_the_inputs_are_gone(
    create: Call, backend: Backend, notes: Any, kind: str, word: str
) -> None:
    create(kind)
    backend.objects.delete("bucket", "data/train.csv")
    with pytest.raises(AwsError) as caught:
        create(kind)
    assert caught.value.code == "ResourceInUse"
    assert f"arn:aws:sagemaker:us-east-1:123456789012:{word}-job/job" in caught.value.message
    assert len(notes.calls) == 1


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("TrainingJob", "Requested resource not found."),
        ("ProcessingJob", "Could not find requested job with name: nobody"),
    ],
)
@pytest.mark.parametrize("verb", ["Describe", "Stop"])
def test_a_job_that_is_not_there_answers_a_validation_exception(call: Call, verb: str, kind: str, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        call(f"{verb}{kind}", **{f"{kind}Name": "nobody"})
    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


@pytest.mark.parametrize(("kind", "word"), JOBS)
def test_stop_asks_the_runner(create: Call, call: Call, notes: Any, kind: str, word: str) -> None:
    create(kind)
    call(f"Stop{kind}", **{f"{kind}Name": "job"})
    assert notes.calls[-1] == ("stop", f"{word}_job", "job")


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
@pytest.mark.parametrize(("kind", "word"), JOBS)
def test_a_job_that_ended_cannot_be_stopped(
    create: Call, call: Call, backend: Backend, notes: Any, kind: str, word: str, status: str
) -> None:
    create(kind)
    backend.store.update(f"{word}_job", "job", lambda document: document["describe"].update({f"{kind}Status": status}))
    with pytest.raises(AwsError, match=f"is in status {status}"):
        call(f"Stop{kind}", **{f"{kind}Name": "job"})
    assert [what for what, *_ in notes.calls] == ["submit"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"InputDataConfig": [{"ChannelName": "a"}]}, "Channel a needs a DataSource"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://elsewhere/x"}}, '"elsewhere"'),
        ({"OutputDataConfig": {"S3OutputPath": "/somewhere"}}, "S3 URI"),
        ({"ResourceConfig": None}, "ResourceConfig is required"),
        ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "TrainingImage is required"),
        (
            {"AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "x/nowhere:1"}},
            "The image 'x/nowhere:1' does not exist",
        ),
    ],
)
def test_a_training_job_that_cannot_run_is_not_accepted(
    call: Call, training: Call, notes: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(AwsError, match=message) as caught:
        call("CreateTrainingJob", **training(**changes))
    assert caught.value.code == "ValidationException"
    assert notes.calls == []


def test_a_training_job_without_input_objects_is_not_accepted(call: Call, training: Call, backend: Backend) -> None:
    backend.objects.delete("bucket", "data/train.csv")
    with pytest.raises(AwsError, match='No S3 objects found under S3 URL "s3://bucket/data/" given in input data'):
        call("CreateTrainingJob", **training())


@pytest.mark.parametrize(
    "inputs",
    [
        [{"InputName": "a"}],
        [{"InputName": "a", "S3Input": {"S3Uri": "s3://bucket/data/", "S3DataType": "S3Prefix"}}],
    ],
)
def test_a_processing_input_needs_a_place(call: Call, processing: Call, inputs: list[dict[str, Any]]) -> None:
    with pytest.raises(AwsError, match="Input a needs an S3Input or a DatasetDefinition, with a LocalPath"):
        call("CreateProcessingJob", **processing(ProcessingInputs=inputs))


def test_inputs_of_a_processing_job_have_different_names(call: Call, processing: Call) -> None:
    source = {"S3Uri": "s3://bucket/data/", "S3DataType": "S3Prefix", "LocalPath": "/opt/ml/processing/in"}
    inputs = [{"InputName": "a", "S3Input": source}] * 2
    with pytest.raises(AwsError, match="Every InputName of a processing job must be unique"):
        call("CreateProcessingJob", **processing(ProcessingInputs=inputs))
