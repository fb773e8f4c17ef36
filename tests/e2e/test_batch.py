"""A batch, from the feature store to Parquet beside ids, on real Airflow and real sagelocal."""

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.e2e.conftest import Project
from tests.waiting import until

from boatyard.cli.home import StackError
from boatyard.steps import BATCH_STEPS

pytestmark = pytest.mark.timeout(900)


def _latest(project: Project) -> dict[str, Any]:
    pointer: dict[str, Any] = json.loads(project.read(f"s3://{project.bucket()}/digits/batch/latest.json"))
    return pointer


@pytest.fixture(scope="module")
def batch(project: Project, demo: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps of a first batch, after the demo has put a model into service."""
    watch, _ = project.watch("digits_batch")
    return watch.run_to_the_end()


def test_every_record_gets_the_answer_of_the_model_in_service(
    project: Project, demo: dict[str, Any], batch: list[dict[str, Any]]
) -> None:
    assert [step["name"] for step in batch] == [step.name for step in BATCH_STEPS]
    pointer = _latest(project)
    manifest = json.loads(project.read(pointer["manifest"]))
    assert manifest["rows"] == pointer["rows"] == 1797
    table = pa.concat_tables(pq.read_table(io.BytesIO(project.read(uri))) for uri in manifest["files"])
    assert table.column_names == ["record_id", "digit_predicted"]
    assert manifest["columns"] == {"record_id": "String", "digit_predicted": "Integral"}
    answers = dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
    assert sorted(answers) == [f"digit-{number:04}" for number in range(1, 1798)]
    assert set(answers.values()) == set(range(10))

    sagemaker = project.client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName=demo["endpoint"])
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    assert manifest["model_name"] == config["ProductionVariants"][0]["ModelName"]
    job = sagemaker.describe_transform_job(TransformJobName=manifest["transform_job"])
    assert (job["TransformJobStatus"], job["ModelName"]) == ("Completed", manifest["model_name"])
    package = sagemaker.describe_model_package(ModelPackageName=manifest["model_package_arn"])
    assert package["ModelPackageGroupName"] == "digits"


def test_an_empty_batch_fails_and_leaves_the_results_before_it(project: Project, batch: list[dict[str, Any]]) -> None:
    before = _latest(project)
    # nothing was known then
    run = project.rest.trigger("digits_batch", {"as_of": "2024-06-01T00:00:00+00:00"})["dag_run_id"]

    def state() -> str:
        return str(project.rest.run("digits_batch", run)["state"])

    until(lambda: state() in ("success", "failed"), "the run ends", seconds=300, pause=0.5)
    states = {task["task_id"]: task["state"] for task in project.rest.tasks("digits_batch", run)}
    assert (state(), states["input"], states["transform"]) == ("failed", "failed", "upstream_failed")
    log = "\n".join(project.rest.log("digits_batch", run, "input", 1))
    assert "the batch is empty: feature group digits has no rows; the results before stay the latest" in log
    assert _latest(project) == before


def test_a_model_that_refuses_the_rows_fails_the_batch(project: Project, batch: list[dict[str, Any]]) -> None:
    # its own name, but the endpoint that is in service
    wrong = """  input: {query: "SELECT *, 'ink' AS ink FROM {records}"}\n  columns: [ink]\n"""
    folder = project.copy_model("digits", "digits_wrong", {"  outputs: {digit": f"{wrong}  outputs: {{digit"})
    project.publish(folder)
    watch, _ = project.watch("digits_wrong_batch")
    with pytest.raises(StackError, match=r"^step transform failed") as failed:
        watch.run_to_the_end()
    assert "Bad HTTP status received from algorithm: 400" in str(failed.value)
    listed = project.client("s3").list_objects_v2(Bucket=project.bucket(), Prefix="digits_wrong/batch/")
    assert all(item["Key"].startswith("digits_wrong/batch/input/") for item in listed["Contents"])
