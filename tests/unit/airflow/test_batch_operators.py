"""A batch's steps against a real sagelocal; the model in service answers with what it was asked."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowFailException
from tests.contract.conftest import REPOSITORY
from tests.unit.airflow.conftest import ROLE, Task
from tests.unit.airflow.test_transform_operator import model

from boatyard.airflow.failures import PermanentJobFailedError
from boatyard.airflow.operators import (
    BatchInputOperator,
    BatchPublishOperator,
    BatchTransformOperator,
)
from boatyard.aws.release import endpoints
from boatyard.spec import Deployment, ModelSpec, load_model
from boatyard.spec.batch import Batch
from boatyard.steps import BATCH_STEPS, RunContext, batch_input, batch_publish

Client = Callable[[str], Any]
QUERY = """SELECT * FROM (
  VALUES ('é, "1"', 1.5, 'red'), ('line
two', NULL, 'a, "b"'), ('back\\slash', 1e10, NULL)
) AS t(name, size, colour)"""


class Batches:
    """Run the steps of a batch one after the other, each as a task of its own."""

    def __init__(self, client: Client, bucket: str, endpoint: str, **batch: Any) -> None:
        digits = load_model(REPOSITORY / "dags" / "digits")
        said = Batch.model_validate_json(json.dumps({"instance_type": "ml.m5.large", **batch}))
        deploy = digits.deploy.model_copy(update={"endpoint": endpoint})
        self.client = client
        self.bucket = bucket
        self.spec: ModelSpec = digits.model_copy(update={"batch": said, "deploy": deploy})
        self.as_of = "2025-02-01T00:00:00+00:00"
        self.results: dict[str, dict[str, Any]] = {}
        self.tasks = {step.name: Task() for step in BATCH_STEPS}

    @property
    def run(self) -> RunContext:
        deployment = Deployment(self.bucket, ROLE, "r", "us-east-1", id=self.bucket)
        return RunContext(
            deployment=deployment,
            as_of=self.as_of,
            run_id="run",
            parameter=lambda name, default: str(default),
            result=lambda step, key: str(self.results.get(step, {}).get(key, "")),
        )

    def step(self, name: str) -> dict[str, Any]:
        """Carry one step out."""
        operator = getattr(self, f"_{name}")()
        result: dict[str, Any] = operator.execute(self.tasks[name].context())
        self.results[name] = result
        return result

    def steps(self) -> list[dict[str, Any]]:
        """Carry all steps out and return the rows that were published, by their ids."""
        for step in BATCH_STEPS:
            self.step(step.name)
        return self.published()

    def published(self) -> list[dict[str, Any]]:
        manifest = self.read(self.read(f"s3://{self.bucket}/digits/batch/latest.json")["manifest"])
        s3 = self.client("s3")
        files = [
            s3.get_object(Bucket=self.bucket, Key=uri.removeprefix(f"s3://{self.bucket}/"))["Body"].read()
            for uri in manifest["files"]
        ]
        rows: list[dict[str, Any]] = pa.concat_tables(pq.read_table(io.BytesIO(file)) for file in files).to_pylist()
        return sorted(rows, key=str)

    def read(self, uri: str) -> Any:
        key = uri.removeprefix(f"s3://{self.bucket}/")
        return json.loads(self.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        listed = self.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def _input(self) -> BatchInputOperator:
        return BatchInputOperator(
            task_id="input",
            requests=batch_input.requests(self.spec, self.run),
            result=batch_input.result(self.spec, self.run),
            aws_conn_id=None,
        )

    def _transform(self) -> BatchTransformOperator:
        described, created = BATCH_STEPS[1].build(self.spec, self.run)
        return BatchTransformOperator(
            task_id="transform",
            endpoint=described.params["EndpointName"],
            config=created.params,
            return_description=False,
            aws_conn_id=None,
        )

    def _publish(self) -> BatchPublishOperator:
        return BatchPublishOperator(
            task_id="publish",
            requests=batch_publish.requests(self.spec, self.run),
            result=batch_publish.result(self.spec, self.run),
            aws_conn_id=None,
        )


@pytest.fixture(scope="module")
def endpoint(aws: Any) -> str:
    """Give an endpoint whose model echoes what it is asked."""
    name = "batch-echo"
    with aws.clients() as client:
        sagemaker = client("sagemaker")
        sagemaker.create_model(**model(name))
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        assert endpoints.wait(sagemaker, name, name).status == "InService"
    return name


@pytest.fixture
def batches(client: Client, bucket: str, endpoint: str) -> Callable[..., Batches]:
    return lambda **batch: Batches(client, bucket, endpoint, **batch)


Make = Callable[..., Batches]


def test_ids_of_any_text_come_back_beside_the_answers(batches: Make) -> None:
    batch = batches(
        id="name",
        columns=["size", "colour"],
        input={"query": QUERY},
        outputs={"size_again": "Fractional", "colour_again": "String"},
    )
    batch.step("input")
    batch.step("transform")
    # the echo answers nothing where it was asked nothing
    with pytest.raises(AirflowFailException, match=r"2 of 3 rows of the transform job's output have no answer"):
        batch.step("publish")
    query = f"SELECT *, 7.0 AS n FROM ({QUERY})"
    whole = batches(id="name", columns=["n"], outputs={"m": "Integral"}, input={"query": query})
    names = ['é, "1"', "line\ntwo", "back\\slash"]
    assert sorted(whole.steps(), key=str) == sorted(({"name": name, "m": 7} for name in names), key=str)


def test_files_under_a_prefix_are_answered_as_they_are(batches: Make, client: Client, bucket: str) -> None:
    client("s3").put_object(Bucket=bucket, Key="in/a.csv", Body=b'"x, 1",2\n"y",3\n')
    client("s3").put_object(Bucket=bucket, Key="in/deep/b.csv", Body=b"z,4\n")
    batch = batches(id="who", columns=["n"], input={"prefix": "in/"}, outputs={"m": "Fractional"})
    assert batch.steps() == [{"who": "x, 1", "m": 2.0}, {"who": "y", "m": 3.0}, {"who": "z", "m": 4.0}]
    assert batch.results["input"] == {
        "job_name": batch.results["input"]["job_name"],
        "location": f"s3://{bucket}/in/",
        "rows": 3,
    }
    assert batch.results["transform"]["model_name"] == "batch-echo"


@pytest.mark.parametrize(
    "given",
    [{"query": "SELECT 'a' AS who, 1 AS n WHERE 1 = 0"}, {"prefix": "nothing/"}],
    ids=["query", "prefix"],
)
def test_an_empty_batch_is_said_on_one_line_and_nothing_else_happens(batches: Make, given: dict[str, str]) -> None:
    batch = batches(id="who", columns=["n"], input=given)
    with pytest.raises(AirflowFailException, match=r"^the batch is empty: .* has no rows; .* stay the latest$"):
        batch.step("input")
    assert batch.keys("digits/batch/latest.json") == []
    assert (
        batch.client("athena").list_table_metadata(
            CatalogName="AwsDataCatalog", DatabaseName=batch.run.deployment.glue_database
        )["TableMetadataList"]
        == []
    )


@pytest.mark.parametrize(
    ("columns", "outputs", "reason"),
    [
        (["n", "n2"], {"m": "Fractional"}, "have more columns than the ids, the model's own and m"),
        (["n"], {"m": "Fractional", "k": "Fractional"}, "have no answer of the type that batch.outputs gives to m, k"),
        (["word"], {"m": "Fractional"}, "have no answer of the type that batch.outputs gives to m"),
        (["half"], {"m": "Integral"}, "have no answer of the type that batch.outputs gives to m"),
    ],
    ids=["too-many", "too-few", "no-number", "no-whole-number"],
)
def test_answers_that_do_not_fit_are_not_published(
    batches: Make, columns: list[str], outputs: dict[str, str], reason: str
) -> None:
    query = "SELECT 'a' AS who, 1 AS n, 2 AS n2, 'red' AS word, 0.5 AS half"
    batch = batches(id="who", columns=columns, input={"query": query}, outputs=outputs)
    batch.step("input")
    batch.step("transform")
    with pytest.raises(AirflowFailException, match=reason):
        batch.step("publish")
    assert batch.keys("digits/batch/latest.json") == []


def test_a_model_that_refuses_the_rows_leaves_the_results_before_it(batches: Make) -> None:
    good = batches(id="who", columns=["n"], input={"query": "SELECT 'a' AS who, 1 AS n"})
    assert good.steps() == [{"who": "a", "prediction": 1.0}]
    bad = batches(id="who", columns=["n"], input={"query": "SELECT 'a' AS who, 'status 400' AS n"})
    bad.as_of = "2025-03-01T00:00:00+00:00"
    bad.step("input")
    with pytest.raises(PermanentJobFailedError, match="Bad HTTP status received from algorithm: 400"):
        bad.step("transform")
    assert good.published() == [{"who": "a", "prediction": 1.0}]


def test_a_retry_after_a_crash_makes_nothing_twice(batches: Make) -> None:
    batch = batches(id="who", columns=["n"], input={"query": "SELECT 'a' AS who, 1 AS n"})
    for name in batch.tasks:
        first = batch.step(name)
        before = batch.keys("digits/batch/")
        batch.tasks[name].retry()
        assert batch.step(name) == first
        assert batch.keys("digits/batch/") == before
    assert len(batch.published()) == 1


def test_an_older_batch_that_is_run_again_does_not_become_the_latest(batches: Make) -> None:
    newer, older = (
        batches(id="who", columns=["n"], input={"query": f"SELECT '{who}' AS who, 1 AS n"}) for who in ("new", "old")
    )
    newer.as_of = "2025-03-01T00:00:00+00:00"
    newer.steps()
    older.steps()
    assert older.published() == [{"who": "new", "prediction": 1.0}]
    assert older.read(older.results["publish"]["manifest"])["rows"] == 1  # they are there all the same


def test_nothing_in_service_is_said(client: Client, bucket: str) -> None:
    batch = Batches(
        client, bucket, "no-such-endpoint", id="who", columns=["n"], input={"query": "SELECT 1 AS who, 1 AS n"}
    )
    batch.step("input")
    with pytest.raises(AirflowFailException, match="no model is in service: there is no endpoint no-such-endpoint"):
        batch.step("transform")
