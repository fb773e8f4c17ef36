"""Settings of one run: checked as if they stood in model.yaml, told by their own words."""

import pytest
from tests.unit.spec.conftest import Project

from boatyard.spec import ModelSpec, SpecError, load_model


def test_a_setting_takes_the_place_of_the_files_value_and_leaves_the_file_alone(project: Project) -> None:
    before = project.model_file.read_text()
    spec = load_model(project.model, ["train.hyperparameters.eta=0.1", "deploy.instance_count=2"])
    assert spec.train.hyperparameters == {"eta": 0.1, "num_class": 10}
    assert spec.deploy.instance_count == 2
    assert project.model_file.read_text() == before


@pytest.mark.parametrize(
    ("setting", "read"),
    [
        ("train.max_runtime=2h", lambda spec: spec.train.max_runtime == 7200),
        ("gate.0.at_least=0.5", lambda spec: spec.gate[0].at_least == 0.5),
        ("schedule=@daily", lambda spec: spec.schedule is not None),
        ("smoke_test={rows: 3}", lambda spec: spec.smoke_test.rows == 3),
        ("train.metrics.train:merror=x([0-9]+)", lambda spec: spec.train.metrics == {"train:merror": "x([0-9]+)"}),
    ],
)
def test_settings_reach_every_part_of_the_spec(project: Project, setting: str, read: object) -> None:
    spec: ModelSpec = load_model(project.model, [setting])
    assert callable(read)
    assert read(spec)


def test_a_key_with_dots_is_found_by_the_file(project: Project) -> None:
    project.replace(project.model_file, "num_class: 10", "tree.depth: 3")
    spec = load_model(project.model, ["train.hyperparameters.tree.depth=4"])
    assert spec.train.hyperparameters["tree.depth"] == 4


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ("train.hyperparameters.etta=0.1", "model.yaml has no hyperparameter 'etta' (did you mean 'eta'?)"),
        ("train.hyperparametrs.eta=0.1", "unknown key (did you mean 'hyperparameters'?)"),
        ("trian.max_runtime=1h", "unknown key (did you mean 'train'?)"),
        ("train.hyperparameters.eta=fast", "expected a number as in model.yaml, got 'fast'"),
        ("train.hyperparameters.eta=", "expected a number as in model.yaml, got nothing"),
        ("train.hyperparameters.eta=true", "expected a number as in model.yaml, got true"),
        ("train.hyperparameters.eta=[1", "expected a number as in model.yaml, got '[1'"),
        ("train.max_runtime=1 hour", "expected a time such as 90s, 30m, 1h or 7d, got '1 hour'"),
        ("gate.7.at_least=1", "there is no such item in model.yaml"),
        ("features.spine.label=digt", "group 'digits' has no feature 'digt' (did you mean 'digit'?)"),
        ("deploy.instance_type=large", "expected a SageMaker instance type such as ml.m5.large, got 'large'"),
        ("eta", "expected path=value, such as train.hyperparameters.eta=0.1"),
        ("=1", "expected path=value, such as train.hyperparameters.eta=0.1"),
    ],
)
def test_a_wrong_setting_is_told_in_its_own_words(project: Project, setting: str, error: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_model(project.model, [setting])
    assert [str(one) for one in caught.value.errors] == [f"--set {setting}: {error}"]


def test_a_files_own_error_keeps_its_line_beside_a_settings(project: Project) -> None:
    project.replace(project.model_file, "owner:", "ownr:")
    with pytest.raises(SpecError) as caught:
        load_model(project.model, ["train.max_runtime=never"])
    told = [str(error).replace(f"{project.dags}/", "") for error in caught.value.errors]
    assert "digits/model.yaml:2: ownr: unknown key (did you mean 'owner'?)" in told
    assert any(error.startswith("--set train.max_runtime=never: expected a time") for error in told)
