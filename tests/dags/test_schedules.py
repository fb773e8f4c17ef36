"""When DAGs run, as Airflow sees it, and that models do not stand in each other's way."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.sdk import CronTriggerTimetable
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dags.conftest import REPOSITORY, Parse, Parsed, airflow_environment

from boatyard.spec.cron import CronError, check_cron

CONDITIONS = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.definitions.asset import AssetAll

bag = DagBag(sys.argv[1], bundle_name="test")
assert not bag.import_errors, bag.import_errors
found = {}
for name, dag in bag.dags.items():
    timetable = dag.timetable
    condition = getattr(timetable, "asset_condition", None)
    found[name] = {
        "timetable": type(timetable).__name__,
        "assets": sorted(asset.name for asset in condition.objects) if condition else [],
        "all": isinstance(condition, AssetAll),
        "cron": getattr(getattr(timetable, "timetable", timetable), "expression", None),
        "outlets": {task.task_id: [asset.name for asset in task.outlets] for task in dag.tasks if task.outlets},
        "pools": sorted({(task.pool, task.pool_slots) for task in dag.tasks}),
    }
print(json.dumps(found))
"""


def conditions(dags: Path, home: Path) -> dict[str, dict[str, object]]:
    ended = subprocess.run(
        [sys.executable, "-c", CONDITIONS, str(dags)],
        env=airflow_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, dict[str, object]] = json.loads(ended.stdout.splitlines()[-1])
    return found


def rescheduled(dags: Path, model: str, schedule: str) -> None:
    spec = dags / model / "model.yaml"
    lines = spec.read_text(encoding="utf-8").splitlines()
    changed = [f"schedule: {schedule}" if line.startswith("schedule:") else line for line in lines]
    assert changed != lines
    spec.write_text("\n".join(changed) + "\n", encoding="utf-8")


def test_a_feature_groups_dag_fills_it_and_updates_its_asset_last(parsed: Parsed, dags: Path, tmp_path: Path) -> None:
    group = parsed.dags["features_digits"]
    assert group["tasks"] == ["ingest", "wait_visible"]
    assert (group["catchup"], group["max_active_runs"]) == (False, 1)
    assert all(retries >= 1 for retries in group["retries"].values())
    assert conditions(dags, tmp_path)["features_digits"]["outlets"] == {"wait_visible": ["features_digits"]}


def test_a_models_schedule_is_airflows(dags: Path, tmp_path: Path) -> None:
    rescheduled(dags, "digits", "{assets: [digits, diabetes]}")
    rescheduled(dags, "diabetes", '{cron: "30 3 * * *", assets: [diabetes]}')
    found = conditions(dags, tmp_path)
    assert found["digits"]["timetable"] == "AssetTriggeredTimetable"
    assert found["digits"]["assets"] == ["features_diabetes", "features_digits"]
    assert found["digits"]["all"] is True
    assert found["diabetes"]["timetable"] == "AssetOrTimeSchedule"
    assert (found["diabetes"]["assets"], found["diabetes"]["cron"]) == (["features_diabetes"], "30 3 * * *")


def test_a_model_that_ingestion_starts_does_not_ingest_again(dags: Path, parse: Parse, parsed: Parsed) -> None:
    rescheduled(dags, "digits", "{assets: [digits]}")
    before = parsed.dags["digits"]["tasks"]
    assert before[:2] == ["ingest", "wait_visible"]
    assert parse(dags).dags["digits"]["tasks"] == before[2:]


def test_a_model_still_ingests_its_own_features_where_others_start_it(dags: Path, parse: Parse, parsed: Parsed) -> None:
    rescheduled(dags, "digits", "{assets: [diabetes]}")
    assert parse(dags).dags["digits"]["tasks"] == parsed.dags["digits"]["tasks"]


def test_stubs_of_feature_groups_are_the_same_byte_for_byte() -> None:
    stubs = {stub.read_bytes() for stub in (REPOSITORY / "dags" / "features").glob("*/dag.py")}
    assert len(stubs) == 1


def test_broken_models_among_fifty_hold_up_nobody(dags: Path, parse: Parse) -> None:
    for number in range(48):
        shutil.copytree(dags / "digits", dags / f"digits_{number}")
    (dags / "digits_7" / "model.yaml").write_text("description: {", encoding="utf-8")
    (dags / "digits_8" / "dag.py").write_text(
        "import airflow\n\nraise RuntimeError('no dag today')\n", encoding="utf-8"
    )
    shutil.rmtree(dags / "digits_9" / "jobs")
    parsed = parse(dags)
    broken = {"digits_7", "digits_8", "digits_9"}
    assert {Path(path).parent.name for path in parsed.errors} == broken
    models = {"digits", "diabetes", *(f"digits_{number}" for number in range(48))} - broken
    assert models <= set(parsed.dags)


def test_models_share_nothing_that_one_could_keep_from_another(dags: Path, tmp_path: Path) -> None:
    shutil.copytree(dags / "digits", dags / "digits_more")
    found = conditions(dags, tmp_path)
    # no pool of few slots, no asset of another model, no wait for another DAG: only Airflow's own capacity is common
    assert all(dag["pools"] == [["default_pool", 1]] for dag in found.values())
    assert all(dag["assets"] == [] for dag in found.values())
    assert {name for name, dag in found.items() if dag["outlets"]} == {"features_digits", "features_diabetes"}


FIELDS = st.text(alphabet="0123456789*,-/", min_size=1, max_size=6)


@given(st.lists(FIELDS, min_size=5, max_size=5).map(" ".join))
@settings(max_examples=500)
def test_airflow_takes_every_expression_that_the_check_takes(text: str) -> None:
    try:
        check_cron(text)
    except CronError:
        return
    CronTriggerTimetable(text, timezone="UTC").validate()


@pytest.mark.parametrize("text", ["0 3 * * *", "*/5 0-6 1,15 jan-mar,12 mon-fri", "0 0 29 2 *", "5/10 * * * 7"])
def test_airflow_takes_what_people_write(text: str) -> None:
    check_cron(text)
    CronTriggerTimetable(text, timezone="UTC").validate()
