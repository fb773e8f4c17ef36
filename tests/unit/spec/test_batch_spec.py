"""`batch:` of a spec: what it may say, and the nearest right word for what it may not."""

from typing import TYPE_CHECKING

import pytest

from boatyard.spec import load_model
from boatyard.spec.batch import BatchInput

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Project

LAST = "deploy: {endpoint: digits, instance_type: ml.m5.large}\n"
LINE = 17  # on which `batch:` stands


def test_a_batch_needs_no_more_than_a_machine(project: "Project") -> None:
    project.replace(project.model_file, LAST, f"{LAST}batch: {{instance_type: ml.m5.large}}\n")
    batch = load_model(project.model).batch
    assert batch is not None
    assert (batch.schedule, batch.id, batch.columns, batch.input) == (None, None, None, None)
    assert batch.outputs == {"prediction": "Fractional"}
    assert (batch.instance_count, batch.max_runtime) == (1, 3600)


def test_a_model_has_no_batch_unless_it_says_so(project: "Project") -> None:
    assert load_model(project.model).batch is None


def test_rows_come_from_a_query_or_a_prefix(project: "Project") -> None:
    text = "instance_type: ml.m5.large, id: record_id, columns: [pixel_1], input: {query: 'SELECT 1 FROM {records};'}"
    project.replace(project.model_file, LAST, f"{LAST}batch: {{{text}}}\n")
    batch = load_model(project.model).batch
    assert batch is not None
    assert (batch.id, batch.columns) == (("record_id",), ("pixel_1",))
    assert batch.input == BatchInput(query="SELECT 1 FROM {records}")
    assert BatchInput(prefix="s3://lake/in").prefix == "s3://lake/in/"
    assert BatchInput(prefix="in/today/", compression="gzip").prefix == "in/today/"


@pytest.mark.parametrize(
    ("batch", "error"),
    [
        ("", "batch.instance_type: is missing"),
        ("instance_type: ml.m5.large, schedule: daily", "batch.schedule: "),
        ("instance_type: ml.m5.large, instance_cuont: 1", "did you mean 'instance_count'?"),
        (
            "instance_type: ml.m5.large, id: record",
            "batch.id[0]: the training set has no column 'record' (did you mean 'record_id'?)",
        ),
        (
            "instance_type: ml.m5.large, columns: [pixel_0, pixl_1]",
            "batch.columns[1]: the training set has no column 'pixl_1' (did you mean 'pixel_1'?)",
        ),
        ("instance_type: ml.m5.large, columns: [pixel_0, pixel_0]", "batch.columns[1]: 'pixel_0' is given twice"),
        (
            "instance_type: ml.m5.large, input: {query: 'SELECT * FROM {record}'}",
            "nothing stands for {record}; there is {records}, {as_of}, {digits} (did you mean 'records'?)",
        ),
        (
            "instance_type: ml.m5.large, input: {query: 'DROP TABLE digits'}",
            "batch.input.query: expected one SELECT, got 'DROP TABLE digits'",
        ),
        ("instance_type: ml.m5.large, input: {}", "batch.input: expected either query or prefix"),
        (
            "instance_type: ml.m5.large, input: {query: SELECT 1, prefix: in/}",
            "batch.input: expected either query or prefix",
        ),
        (
            "instance_type: ml.m5.large, input: {prefix: https://lake/in}",
            "batch.input.prefix: expected s3://bucket/folder/ or a folder of the deployment's bucket",
        ),
        (
            "instance_type: ml.m5.large, input: {prefix: in/, compression: gz}",
            "batch.input.compression: expected gzip, got 'gz'",
        ),
        (
            "instance_type: ml.m5.large, outputs: {digit: Integer}",
            "batch.outputs.digit: expected Integral or Fractional or String",
        ),
        (
            "instance_type: ml.m5.large, outputs: {record_id: Integral}",
            "batch.outputs.record_id: 'record_id' is an id already: call the output otherwise",
        ),
        (
            "instance_type: ml.m5.large, max_payload_in_mb: 50, max_concurrent_transforms: 3",
            "batch: max_payload_in_mb times max_concurrent_transforms must be at most 100",
        ),
    ],
)
def test_every_error_is_told_with_its_line_and_the_nearest_right_name(
    project: "Project", batch: str, error: str
) -> None:
    project.replace(project.model_file, LAST, f"{LAST}batch: {{{batch}}}\n")
    (told,) = project.model_errors()
    assert told.startswith(f"digits/model.yaml:{LINE}: batch")
    assert error in told
