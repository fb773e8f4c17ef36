"""The main job, from the Feature Store to an endpoint, on real Airflow and real sagelocal."""

import shutil
from typing import Any

import pytest
from tests.e2e.conftest import Project

from boatyard.cli.home import StackError
from boatyard.steps import STEPS

INGEST_NOTHING = """
import json, pathlib
output = pathlib.Path("/opt/ml/processing/output")
output.mkdir(parents=True, exist_ok=True)
(output / "ingested.json").write_text(json.dumps({"records": 0}))
"""

pytestmark = pytest.mark.timeout(900)


def test_the_demo_releases_a_model_that_reads_digits_it_never_saw(demo: dict[str, Any]) -> None:
    assert demo["accuracy"] >= 0.88
    assert demo["rows_checked"] > 300
    assert [step["name"] for step in demo["steps"]] == [step.name for step in STEPS]
    assert "make down" in demo["printed"]
    assert demo["printed"].count("the endpoint says") == 5
    assert "cost at list prices: $0.0" in demo["printed"]
    assert "what is in service costs $0.115 an hour" in demo["printed"]


def test_the_released_package_is_approved_and_serves(project: Project, demo: dict[str, Any]) -> None:
    sagemaker = project.client("sagemaker")
    (package, *_) = sagemaker.list_model_packages(ModelPackageGroupName="digits", SortBy="CreationTime")[
        "ModelPackageSummaryList"
    ]
    assert package["ModelApprovalStatus"] == "Approved"
    endpoint = sagemaker.describe_endpoint(EndpointName=demo["endpoint"])
    assert endpoint["EndpointStatus"] == "InService"
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    containers = model.get("Containers") or [model["PrimaryContainer"]]
    assert containers[0]["ModelPackageName"] == package["ModelPackageArn"]


def test_a_second_demo_takes_what_the_first_one_trained_and_replaces_what_is_in_service(
    project: Project, demo: dict[str, Any]
) -> None:
    sagemaker = project.client("sagemaker")
    before = sagemaker.describe_endpoint(EndpointName=demo["endpoint"])
    again = project.boatyard("demo")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "taken from earlier runs: process, train" in again.stdout
    assert len(sagemaker.list_training_jobs(NameContains="digits-train-")["TrainingJobSummaries"]) == 1
    after = sagemaker.describe_endpoint(EndpointName=demo["endpoint"])
    assert after["EndpointStatus"] == "InService"
    assert after["EndpointConfigName"] != before["EndpointConfigName"]
    packages = sagemaker.list_model_packages(ModelPackageGroupName="digits")["ModelPackageSummaryList"]
    assert len(packages) == 2


def test_a_training_script_that_raises_stops_the_run_and_says_why(project: Project) -> None:
    own = {
        "endpoint: digits": "endpoint: digits-raises",
        "register: {group: digits}": "register: {group: digits-raises}",
    }
    folder = project.copy_model("digits", "digits_raises", own)
    (folder / "jobs" / "train.py").write_text("raise ValueError('the sensor was upside down')\n")
    project.publish(folder)
    watch, lines = project.watch("digits_raises")
    with pytest.raises(StackError, match=r"^step train failed") as failed:
        watch.run_to_the_end()
    assert "the sensor was upside down" in str(failed.value)
    assert "AlgorithmError" in str(failed.value)
    assert not steps_seen(lines) & {"evaluate", "gate", "register", "approve", "deploy", "smoke_test"}
    sagemaker = project.client("sagemaker")
    assert not sagemaker.list_endpoints(NameContains="digits-raises")["Endpoints"]
    assert not sagemaker.list_model_package_groups(NameContains="raises")["ModelPackageGroupSummaryList"]


def test_a_model_that_the_gate_refuses_leaves_what_is_in_service(project: Project, demo: dict[str, Any]) -> None:
    sagemaker = project.client("sagemaker")
    # the same endpoint and package group as the model in service: nothing of them may change
    folder = project.copy_model("digits", "digits_strict", {"at_least: 0.88": "at_least: 0.999"})
    before = sagemaker.describe_endpoint(EndpointName=demo["endpoint"])["EndpointConfigName"]
    packages = sagemaker.list_model_packages(ModelPackageGroupName="digits")["ModelPackageSummaryList"]
    project.publish(folder)
    watch, lines = project.watch("digits_strict")
    with pytest.raises(StackError, match=r"^step gate failed") as failed:
        watch.run_to_the_end()
    assert "0.999" in str(failed.value)
    assert not steps_seen(lines) & {"register", "approve", "deploy", "smoke_test"}
    after = sagemaker.describe_endpoint(EndpointName=demo["endpoint"])
    assert (after["EndpointConfigName"], after["EndpointStatus"]) == (before, "InService")
    assert sagemaker.list_model_packages(ModelPackageGroupName="digits")["ModelPackageSummaryList"] == packages


def test_a_feature_group_without_rows_stops_the_run_before_any_training(project: Project) -> None:
    group = project.dags / "features" / "nothing"
    shutil.copytree(project.dags / "features" / "digits", group)
    (group / "jobs" / "ingest.py").write_text(INGEST_NOTHING)
    folder = project.copy_model("digits", "digits_empty", {"spine: {group: digits,": "spine: {group: nothing,"})
    project.publish(folder)
    watch, lines = project.watch("digits_empty")
    with pytest.raises(StackError, match=r"^step (wait_visible|training_set) failed") as failed:
        watch.run_to_the_end()
    assert "nothing" in str(failed.value)
    assert not steps_seen(lines) & {"process", "train"}


def test_a_broken_spec_breaks_only_its_own_dag_and_names_every_error(project: Project) -> None:
    changes = {"  max_runtime: 1h": "  max_runtme: 1h", "evaluate:": "evalute:"}
    project.publish(project.copy_model("digits", "digits_broken", changes))
    watch, _ = project.watch("digits_broken")
    with pytest.raises(StackError) as refused:
        watch.run_to_the_end()
    for part in ("model.yaml:", "did you mean 'max_runtime'", "did you mean 'evaluate'"):
        assert part in str(refused.value)
    assert project.rest.dag("digits") is not None


def steps_seen(lines: list[str]) -> set[str]:
    """The steps that a watched run reported as running or ended."""
    reported = [line.split() for line in lines if line.startswith("  ")]
    return {name for name, state, *_ in reported if state in {"running", "deferred", "success", "failed"}}
