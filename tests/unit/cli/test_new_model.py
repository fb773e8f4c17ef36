"""boatyard new-model: a folder that works as it stands, or nothing at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from boatyard.cli.home import StackError
from boatyard.cli.model_copy import ModelCopy
from boatyard.cli.model_names import require_free
from boatyard.spec import load_model

DAGS = Path(__file__).parents[3] / "dags"
BOATYARD = Path(sys.executable).parent / "boatyard"


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DAGS, tmp_path / "dags", ignore=shutil.ignore_patterns("__pycache__")))


def boatyard(dags: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOATYARD_"))}
    command = [str(BOATYARD), *arguments]
    return subprocess.run(command, cwd=dags.parent, env=own, capture_output=True, text=True, timeout=120, check=False)


def files(dags: Path) -> set[str]:
    return {
        str(path.relative_to(dags)) for path in dags.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_new_model_is_complete_and_checks_as_it_stands(dags: Path) -> None:
    made = boatyard(dags, "new-model", "sea_ice")
    assert made.returncode == 0, made.stderr
    spec = load_model(dags / "sea_ice")
    assert (spec.name, spec.spine_group.name) == ("sea_ice", "sea_ice")
    assert (spec.deploy.endpoint, spec.registration.group) == ("sea-ice", "sea-ice")
    assert (dags / "sea_ice" / "dag.py").read_bytes() == (dags / "digits" / "dag.py").read_bytes()
    checked = boatyard(dags, "check", "sea_ice")
    assert checked.returncode == 0, checked.stderr
    assert "digits/" not in checked.stdout
    assert "boatyard run sea_ice" in made.stdout
    assert "boatyard demo sea_ice" in made.stdout


@pytest.mark.parametrize("like", ["digits", "diabetes"])
def test_only_names_differ_from_the_model_it_takes_after(dags: Path, like: str) -> None:
    assert boatyard(dags, "new-model", "copy", "--like", like).returncode == 0
    for old, new in ((dags / like, dags / "copy"), (dags / "features" / like, dags / "features" / "copy")):
        assert files(old) == files(new)
        for name in files(old):
            before, after = (old / name).read_text().splitlines(), (new / name).read_text().splitlines()
            assert len(before) == len(after)
            changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
            assert all("copy" in other for _, other in changed)
            assert all(len(other.split()) == len(one.split()) for one, other in changed)


def test_comments_and_order_of_the_spec_stay(dags: Path) -> None:
    file = dags / "digits" / "model.yaml"
    file.write_text("# read me first\n" + file.read_text().replace("{group: digits}", "{group: 'digits'} # registry"))
    boatyard(dags, "new-model", "copy")
    text = (dags / "copy" / "model.yaml").read_text()
    assert text.startswith("# read me first\n")
    assert "register: {group: copy} # registry" in text


def test_groups_that_are_joined_stay_shared(dags: Path) -> None:
    writers = dags / "features" / "writers"
    (writers / "jobs").mkdir(parents=True)
    (writers / "jobs" / "ingest.py").write_text("")
    (writers / "feature_group.yaml").write_text(
        "description: d\nowner: o\nrecord_identifier: record_id\nevent_time: t\nimage: tabular:0.1.0\n"
        "features: {record_id: String, t: String, age: Integral}\ningest: {instance_type: ml.m5.large}\n"
    )
    file = dags / "digits" / "model.yaml"
    spine = next(line for line in file.read_text().splitlines() if line.startswith("  spine:"))
    file.write_text(file.read_text().replace(spine, f"{spine}\n  join: [{{group: writers, features: [age]}}]"))
    assert boatyard(dags, "new-model", "copy").returncode == 0
    assert load_model(dags / "copy").features.join[0].group == "writers"


@pytest.mark.parametrize(
    ("name", "problem", "free"),
    [
        ("digits", "is taken by model 'digits'", "digits-2"),
        ("Digits 2!", "is no name for a model", "digits-2"),
        ("9lives", "is no name for a model", "model-9lives"),
        ("features", "is reserved", "features-2"),
        ("digits_batch", "is taken by a DAG of model 'digits'", "digits-batch-2"),
        ("-", "is no name for a model", "model"),
    ],
)
def test_a_bad_or_taken_name_is_refused_with_the_nearest_right_one(
    dags: Path, name: str, problem: str, free: str
) -> None:
    before = files(dags)
    with pytest.raises(StackError) as refused:
        require_free(dags, name)
    assert problem in str(refused.value)
    assert str(refused.value).endswith(f"free is {free!r}")
    require_free(dags, free)
    assert files(dags) == before


def test_a_name_that_would_share_an_endpoint_or_a_table_is_taken(dags: Path) -> None:
    boatyard(dags, "new-model", "sea_ice")
    file = dags / "sea_ice" / "model.yaml"
    file.write_text(file.read_text().replace("endpoint: sea-ice", "endpoint: polar"))
    for name, user in (("sea-ice", "model 'sea_ice'"), ("polar", "the endpoint of model 'sea_ice'")):
        with pytest.raises(StackError, match=f"{name!r} is taken by {user}"):
            require_free(dags, name)


def test_whom_it_takes_after_must_be_there_and_sound(dags: Path) -> None:
    missing = boatyard(dags, "new-model", "copy", "--like", "digts")
    assert (missing.returncode, "did you mean 'digits'?" in missing.stderr) == (1, True)
    (dags / "digits" / "jobs" / "train.py").unlink()
    broken = boatyard(dags, "new-model", "copy")
    assert broken.returncode == 1
    assert "train.py:1: no such file" in broken.stderr
    assert not (dags / "copy").exists()
    assert not (dags / "features" / "copy").exists()


def test_what_a_killed_try_left_is_gone_on_with(dags: Path, tmp_path: Path) -> None:
    shutil.copytree(dags / "features" / "digits", dags / "features" / "copy")
    ModelCopy(load_model(dags / "digits"), "copy", dags).write(tmp_path / "staging")
    assert load_model(dags / "copy").spine_group.name == "copy"


def test_a_feature_group_that_somebody_else_made_is_not_touched(dags: Path) -> None:
    shutil.copytree(dags / "features" / "digits", dags / "features" / "copy")
    (dags / "features" / "copy" / "jobs" / "ingest.py").write_text("mine = True\n")
    refused = boatyard(dags, "new-model", "copy")
    assert refused.returncode == 1
    assert "features/copy is there already and is no copy of" in refused.stderr
    assert (dags / "features" / "copy" / "jobs" / "ingest.py").read_text() == "mine = True\n"
    assert not (dags / "copy").exists()
