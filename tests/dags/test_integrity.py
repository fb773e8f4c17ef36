"""What a folder of models gives Airflow, without a run."""

import ast
import json
import shutil
from pathlib import Path

from tests.dags.conftest import REPOSITORY, Parse, Parsed

from boatyard.spec import load_model
from boatyard.steps import BATCH_STEPS, STEPS

# A parse must not pay for what only a running task needs.
HEAVY = {
    "aiobotocore",
    "duckdb",
    "great_expectations",
    "moto",
    "numpy",
    "pandas",
    "pyarrow",
    "sagelocal",
    "sagemaker",
    "sklearn",
    "sqlglot",
    "xgboost",
}


PLATFORM = ["reconcile"]  # DAGs that belong to no model


def stubs() -> list[Path]:
    return sorted(spec.with_name("dag.py") for spec in (REPOSITORY / "dags").glob("*/model.yaml"))


def test_every_model_gives_its_dags_and_no_error(parsed: Parsed) -> None:
    assert parsed.errors == {}
    models = [stub.parent for stub in stubs()]
    batches = [f"{model.name}_batch" for model in models if load_model(model).batch]
    groups = [f"features_{stub.parent.name}" for stub in (REPOSITORY / "dags" / "features").glob("*/dag.py")]
    assert sorted(parsed.dags) == sorted([*(model.name for model in models), *batches, *groups, *PLATFORM])


def test_a_model_with_batches_has_a_second_dag_at_a_time_of_its_own(parsed: Parsed) -> None:
    batch = parsed.dags["digits_batch"]
    names = [step.name for step in BATCH_STEPS]
    assert batch["tasks"] == names
    assert batch["downstream"] == {name: names[number + 1 : number + 2] for number, name in enumerate(names)}
    assert batch["schedule"] == "0 6 * * *"
    assert (batch["catchup"], batch["max_active_runs"], batch["owner"]) == (False, 1, "data-science")
    assert list(batch["params"]) == ["as_of", "force", "budget"]
    assert all(retries >= 1 for retries in batch["retries"].values())


def test_every_task_of_a_model_knows_who_is_told_of_its_jobs(dags: Path, parse: Parse) -> None:
    spec = dags / "digits" / "model.yaml"
    own = {"slack": "team", "states": ["Failed"]}
    spec.write_text(f"{spec.read_text(encoding='utf-8')}\nnotify: [{own}]\n", encoding="utf-8")
    platform = {"email": ["platform@example.com"], "states": ["Stopped"]}
    told = parse(dags, BOATYARD_NOTIFY=json.dumps([platform | {"models": ["digits", "features/diabetes"]}])).dags
    for name, places in (
        ("digits", [own, platform]),
        ("digits_batch", [own, platform]),
        ("features_diabetes", [platform]),
        ("diabetes", []),
    ):
        assert told[name]["notify"] == dict.fromkeys(told[name]["tasks"], places)


def test_a_model_without_batches_has_no_second_dag(dags: Path, parse: Parse) -> None:
    spec = dags / "digits" / "model.yaml"
    before, _, _ = spec.read_text(encoding="utf-8").partition("batch:")
    spec.write_text(before, encoding="utf-8")
    assert "digits_batch" not in parse(dags).dags


def test_the_tasks_are_the_steps_in_their_order(parsed: Parsed) -> None:
    digits = parsed.dags["digits"]
    names = [step.name for step in STEPS]
    assert digits["tasks"] == names
    assert digits["downstream"] == {name: names[number + 1 : number + 2] for number, name in enumerate(names)}


def test_job_steps_are_the_providers_operators_and_have_a_retry(parsed: Parsed) -> None:
    digits = parsed.dags["digits"]
    assert digits["operators"]["process"] == "SageMakerProcessingOperator"
    assert digits["operators"]["evaluate"] == "ModelEvaluationOperator"  # a processing job beside the champion's
    assert digits["operators"]["train"] == "SageMakerTrainingOperator"
    assert all(retries >= 1 for retries in digits["retries"].values())


def test_a_model_runs_daily_one_run_at_a_time_and_catches_nothing_up(parsed: Parsed) -> None:
    digits = parsed.dags["digits"]
    assert digits["schedule"] == "@daily"
    assert digits["catchup"] is False
    assert digits["max_active_runs"] == 1
    assert digits["owner"] == "data-science"


def test_the_models_readme_is_its_documentation_page(parsed: Parsed) -> None:
    readme = REPOSITORY / "dags" / "digits" / "README.md"
    assert parsed.dags["digits"]["doc"] == readme.read_text(encoding="utf-8")


def test_the_form_of_a_run_by_hand_is_typed(parsed: Parsed) -> None:
    params = parsed.dags["digits"]["params"]
    shown = {name: (param["type"], param["default"]) for name, param in params.items()}
    assert shown["as_of"] == (["null", "string"], None)
    assert params["as_of"]["format"] == "date-time"
    assert shown["eta"] == ("number", 0.2)
    assert shown["max_depth"] == ("integer", 5)
    assert shown["objective"] == ("string", "multi:softmax")
    assert shown["train_instance_type"] == ("string", "ml.m5.large")


def test_whatever_nobody_wants_any_more_is_looked_for_every_few_minutes(parsed: Parsed) -> None:
    reconcile = parsed.dags["reconcile"]
    assert reconcile["schedule"] == "0:03:00"
    assert reconcile["paused_at_first"] is False
    assert (reconcile["catchup"], reconcile["max_active_runs"]) == (False, 1)
    assert "Keep it unpaused" in reconcile["doc"]


def test_every_stub_has_the_same_statements() -> None:
    def statements(stub: Path) -> str:
        body = ast.parse(stub.read_text(encoding="utf-8")).body
        return ast.unparse(ast.Module(body[1:], []))  # the docstring is the model's own

    assert len({statements(stub) for stub in stubs()}) == 1


def test_airflow_does_not_skip_a_stub() -> None:
    # a file is scanned only if its text holds both words
    for stub in (REPOSITORY / "dags").rglob("dag.py"):
        text = stub.read_text(encoding="utf-8").lower()
        assert "airflow" in text
        assert "dag" in text


def test_a_broken_spec_breaks_only_its_own_dag_and_names_every_error(dags: Path, parse: Parse) -> None:
    shutil.copytree(dags / "digits", dags / "broken")
    spec = dags / "broken" / "model.yaml"
    text = spec.read_text(encoding="utf-8").replace("hyperparameters:", "hyperparametres:").replace("owner:", "ower:")
    spec.write_text(text, encoding="utf-8")
    parsed = parse(dags)
    assert "digits" in parsed.dags
    assert not {"broken", "broken_batch"} & parsed.dags.keys()
    ((path, error),) = parsed.errors.items()
    assert path.endswith("broken/dag.py")
    assert "did you mean 'owner'?" in error
    assert "did you mean 'hyperparameters'?" in error
    assert "model.yaml:" in error


def test_a_missing_deployment_setting_is_named(dags: Path, parse: Parse) -> None:
    errors = parse(dags, without=("BOATYARD_BUCKET", "BOATYARD_ROLE_ARN")).errors
    assert len(errors) == len(list(dags.rglob("dag.py"))) - len(PLATFORM)
    assert all("BOATYARD_BUCKET, BOATYARD_ROLE_ARN" in error for error in errors.values())


def test_a_parse_imports_nothing_heavy(parsed: Parsed) -> None:
    assert parsed.modules & HEAVY == set()
