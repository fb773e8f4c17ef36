"""Bad data stop before any job starts, and what is wrong with them can be looked at."""

import json
import re

import pytest
from tests.e2e.conftest import Project
from tests.e2e.test_main_job import steps_seen

from boatyard.cli.home import StackError

pytestmark = pytest.mark.timeout(900)


def test_data_that_a_critical_check_refuses_stop_the_run_before_any_job(project: Project) -> None:
    own = {
        "endpoint: digits": "endpoint: digits-checked",
        "register: {group: digits}": "register: {group: digits-checked}",
        "min_value: 0, max_value: 16}": "min_value: 0, max_value: 15}",
        "max_value: 0.2, severity: warning": "max_value: 0.001, severity: warning",
    }
    folder = project.copy_model("digits", "digits_checked", own)
    project.publish(folder)
    watch, lines = project.watch("digits_checked")
    with pytest.raises(StackError, match=r"^step validate failed") as failed:
        watch.run_to_the_end()
    (told,) = re.findall(r"\d+ checks failed: .*", str(failed.value))
    assert "pixel_2 expect_column_values_to_be_between (32 unexpected (1.78 %))" in told
    assert "unique_values" not in told  # only a warning
    assert not steps_seen(lines) & {"process", "train", "evaluate", "register", "deploy"}
    s3, bucket = project.client("s3"), project.bucket()
    kept = s3.list_objects_v2(Bucket=bucket, Prefix="digits_checked/validate/")["Contents"]
    keys = {item["Key"].split("/", 3)[3]: item["Key"] for item in kept if "/athena/" not in item["Key"]}
    assert "data_docs/index.html" in keys
    result = json.loads(s3.get_object(Bucket=bucket, Key=keys["result.json"])["Body"].read())
    wrong = [one["expectation_config"] for one in result["results"] if not one["success"]]
    assert {one["severity"] for one in wrong} == {"critical", "warning"}
    assert all(one["kwargs"]["column"].startswith("pixel_") for one in wrong if one["severity"] == "critical")
