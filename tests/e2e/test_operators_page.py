"""The example of "Use the operators alone" is run as it stands there, on real Airflow and real sagelocal."""

import re
from typing import Any

import pytest
from tests.e2e.conftest import REPOSITORY, Project

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def steps(project: Project) -> list[dict[str, Any]]:
    """The tasks of one run of the example."""
    page = (REPOSITORY / "docs" / "operators.md").read_text(encoding="utf-8")
    example = re.search(r"## An example\n\n```python\n(.*?)```", page, re.DOTALL)
    assert example is not None
    assert "your-bucket" in example[1]
    (project.dags / "tides.py").write_text(example[1].replace("your-bucket", project.bucket()), encoding="utf-8")
    watch, _ = project.watch("tides")
    return watch.run_to_the_end()


def test_the_example_trains_and_predicts(project: Project, steps: list[dict[str, Any]]) -> None:
    assert [step["name"] for step in steps] == ["process", "train", "model", "predict"]
    s3 = project.client("s3")
    keys = [
        one["Key"] for one in s3.list_objects_v2(Bucket=project.bucket(), Prefix="tides/tides-predict-")["Contents"]
    ]
    (key,) = keys
    answers = s3.get_object(Bucket=project.bucket(), Key=key)["Body"].read().decode().split()
    assert len(answers) == 200
    assert all(-0.5 < float(answer) < 2.5 for answer in answers)  # the model has learnt sums of two numbers below 1
