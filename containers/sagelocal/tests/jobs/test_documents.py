"""The pure parts: statuses, metrics, files below /opt/ml."""

from typing import Any

import pytest

from sagelocal.jobs.metrics import final_metrics, printed
from sagelocal.jobs.optml import Host, cluster_of, processing_files, training_files
from sagelocal.jobs.status import Ending, end, enter, progress, want_stop


def _training() -> dict[str, Any]:
    return {"request": {}, "describe": {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"}}


def _secondary(document: dict[str, Any]) -> list[str]:
    return [step["Status"] for step in document["describe"]["SecondaryStatusTransitions"]]


def test_a_step_begins_where_the_one_before_ends() -> None:
    document = _training()
    enter(document, "Starting", 1.0)
    enter(document, "Downloading", 2.0)
    assert document["describe"]["SecondaryStatusTransitions"][0]["EndTime"] == 2.0
    assert document["describe"]["SecondaryStatusTransitions"][1]["StartTime"] == 2.0


def test_more_news_of_one_step_change_its_message_only() -> None:
    document = _training()
    enter(document, "Starting", 1.0)
    enter(document, "Starting", 2.0, "Building the image")
    (step,) = document["describe"]["SecondaryStatusTransitions"]
    assert (step["StartTime"], step["StatusMessage"]) == (1.0, "Building the image")


def test_a_stopping_job_makes_no_more_progress() -> None:
    document = _training()
    want_stop("training_job", document, 1.0)
    progress("training_job", document, "Training", 2.0)
    assert document["describe"]["TrainingJobStatus"] == document["describe"]["SecondaryStatus"] == "Stopping"
    assert _secondary(document) == ["Stopping"]


@pytest.mark.parametrize("ending", [Ending("Completed"), Ending("Failed", reason="why"), Ending("Stopped")])
def test_an_ended_job_stays_as_it_is(ending: Ending) -> None:
    document = _training()
    end("training_job", document, ending, 5.0)
    before = repr(document)
    end("training_job", document, Ending("Failed", reason="later"), 6.0)
    want_stop("training_job", document, 7.0)
    progress("training_job", document, "Training", 8.0)
    assert repr(document) == before


def test_a_failure_reason_is_no_longer_than_the_api_allows() -> None:
    document = _training()
    end("training_job", document, Ending("Failed", reason="x" * 5000), 5.0)
    assert document["describe"]["FailureReason"] == "x" * 1024
    assert document["describe"]["SecondaryStatusTransitions"][-1]["StatusMessage"] == "x" * 1024


def test_time_is_billed_from_the_download_to_the_end() -> None:
    document = _training()
    progress("training_job", document, "Downloading", 10.0)
    end("training_job", document, Ending("Completed"), 52.4)
    assert document["describe"]["TrainingTimeInSeconds"] == document["describe"]["BillableTimeInSeconds"] == 42


@pytest.mark.parametrize(
    ("regex", "lines", "value"),
    [
        (r"acc=([0-9.]+)", ["acc=0.1 acc=0.2", "acc=0.3"], 0.3),
        (r"acc=(\S+)", ["acc=0.1", "acc=none"], 0.1),
        (r"acc=(\S+)", ["acc=1e-3"], 0.001),
        (r"acc=[0-9]", ["acc=1"], None),
        (r"loss=(\S+)", ["acc=1"], None),
        (r"(x)?acc", ["acc"], None),
    ],
)
def test_a_metric_is_the_last_number_that_its_regex_finds(regex: str, lines: list[str], value: float | None) -> None:
    definitions = [{"Name": "m", "Regex": regex}]
    found = final_metrics(definitions, printed(definitions, [(number, line) for number, line in enumerate(lines)]))
    assert [metric["Value"] for metric in found] == ([] if value is None else [value])


def test_metrics_keep_the_order_of_their_definitions() -> None:
    definitions = [{"Name": name, "Regex": f"{name}=([0-9]+)"} for name in ("b", "a")]
    found = final_metrics(definitions, printed(definitions, [(1000, "a=1 b=2")]))
    assert found == [
        {"MetricName": "b", "Value": 2.0, "Timestamp": 1.0},
        {"MetricName": "a", "Value": 1.0, "Timestamp": 1.0},
    ]


def test_a_training_container_without_data_still_gets_its_files() -> None:
    resources = {"InstanceType": "ml.m5.large"}
    (host,) = cluster_of(resources)
    algorithm = {"TrainingInputMode": "File"}
    files = training_files({"ResourceConfig": resources, "AlgorithmSpecification": algorithm}, host)
    assert files["input/config/hyperparameters.json"] == {}
    assert files["input/config/inputdataconfig.json"] == {}
    assert files["input/config/resourceconfig.json"]["current_instance_type"] == "ml.m5.large"


def test_tags_are_not_told_to_the_job() -> None:
    describe = {"ProcessingResources": {"ClusterConfig": {}}, "ProcessingJobArn": "arn"}
    files = processing_files({"ProcessingJobName": "j", "Tags": [{"Key": "k", "Value": "v"}]}, describe, Host())
    assert files["config/processingjobconfig.json"] == {"ProcessingJobName": "j", "ProcessingJobArn": "arn"}
