"""The gate on real Airflow and real sagelocal: what serves is evaluated beside what would replace it."""

import json
from typing import Any

import pytest
from tests.e2e.conftest import Project

from boatyard.cli.home import StackError

ACCURACY = "multiclass_classification_metrics.accuracy"
WORSE = {"num_round: 10": "num_round: 1", "max_depth: 5": "max_depth: 1", "at_least: 0.88": "at_least: 0.1"}

pytestmark = pytest.mark.timeout(900)


def _in_service(project: Project, endpoint: str) -> dict[str, Any]:
    """Return the model package behind an endpoint."""
    sagemaker = project.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    container = sagemaker.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]
    package: dict[str, Any] = sagemaker.describe_model_package(ModelPackageName=container["ModelPackageName"])
    return package


def test_a_package_carries_the_decision_its_numbers_and_its_report(project: Project, demo: dict[str, Any]) -> None:
    package = _in_service(project, demo["endpoint"])
    recorded = package["CustomerMetadataProperties"]
    assert recorded["gate.decision"] == "passed"
    statistics = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    measured = json.loads(project.read(statistics))["multiclass_classification_metrics"]
    accuracy = measured["accuracy"]["value"]
    assert float(recorded[f"gate.{ACCURACY}"]) == pytest.approx(accuracy)
    assert recorded["report"].startswith(statistics.rpartition("/")[0])
    assert b"confusion matrix" in project.read(recorded["report"])


def test_a_model_worse_than_the_champion_is_stopped_and_the_champion_stays(
    project: Project, demo: dict[str, Any]
) -> None:
    before = _in_service(project, demo["endpoint"])["ModelPackageArn"]
    # the same endpoint and package group as the model in service, whose absolute bound the copy would keep
    project.publish(project.copy_model("digits", "digits_worse", WORSE))
    watch, _ = project.watch("digits_worse")
    with pytest.raises(StackError, match=r"^step gate failed") as failed:
        watch.run_to_the_end()
    assert "is worse by more than the margin 0.005" in str(failed.value)
    evaluated = watch.result("evaluate")
    assert evaluated["champion"] == before
    assert before.encode() in project.read(evaluated["report"])
    assert _in_service(project, demo["endpoint"])["ModelPackageArn"] == before


def test_a_champion_that_is_gone_stops_the_run_with_reason_and_cure(project: Project, demo: dict[str, Any]) -> None:
    own = {"endpoint: digits,": "endpoint: digits-gone,", "register: {group: digits}": "register: {group: digits-gone}"}
    project.publish(project.copy_model("digits", "digits_gone", own))
    watch, _ = project.watch("digits_gone")
    watch.run_to_the_end()
    package = _in_service(project, "digits-gone")
    recorded = package["CustomerMetadataProperties"]
    assert (recorded["gate.champion"], recorded[f"gate.champion.{ACCURACY}"]) == ("none", "none")
    model = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    bucket, _, key = model.removeprefix("s3://").partition("/")
    project.client("s3").delete_object(Bucket=bucket, Key=key)

    again, _ = project.watch("digits_gone")
    with pytest.raises(StackError, match=r"^step gate failed") as failed:
        again.run_to_the_end()
    assert f"champion {package['ModelPackageArn']} cannot be compared with: {model} is gone" in str(failed.value)
    assert "put another version into service" in str(failed.value)
    assert _in_service(project, "digits-gone")["ModelPackageArn"] == package["ModelPackageArn"]
