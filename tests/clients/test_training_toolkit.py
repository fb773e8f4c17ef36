"""AWS's own training toolkit is the oracle: the same script sees the same under it and under our image's `train`.

https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY

TOOLKIT = Path(__file__).parent / "toolkit" / ".venv" / "bin"
OURS = REPOSITORY / "containers" / "tabular" / ".venv" / "bin"

SCRIPT = """
import json, os, pathlib, sys
seen = {
    "arguments": sys.argv[1:],
    "variables": {name: value for name, value in os.environ.items() if name.startswith("SM_")},
    "folder": os.getcwd(),
    "beside": sorted(path.name for path in pathlib.Path(__file__).parent.iterdir() if path.name != "__pycache__"),
}
pathlib.Path(os.environ["SEEN"]).write_text(json.dumps(seen))
pathlib.Path(os.environ["SM_MODEL_DIR"], "model").write_text("m")
if os.environ.get("FAIL"):
    raise RuntimeError("it went wrong")
"""

# Of the machine or the implementation, not of the contract.
UNLIKE = {"SM_FRAMEWORK_MODULE", "SM_TRAINING_ENV"}
CHANNEL = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
ONE_HOST = {
    "current_host": "algo-1",
    "current_instance_type": "ml.m5.large",
    "current_group_name": "homogeneousCluster",
    "hosts": ["algo-1"],
    "instance_groups": [
        {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}
    ],
    "network_interface_name": "eth0",
}
CASES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "plain": ({"epochs": "3", "lr": "0.1"}, {"train": {**CHANNEL, "ContentType": "text/csv"}}),
    "nothing": ({}, {}),
    "channels": ({}, {"train": CHANNEL, "validation-set": CHANNEL, "a_b": CHANNEL}),
    "values": (
        {
            "text": '"a b"',
            "bare": "words and spaces",
            "list": "[1, 2]",
            "object": '{"a": {"b": true}}',
            "flag": "true",
            "nothing": "null",
            "negative": "-1.5",
            "empty": '""',
            "quote": '"it\'s"',
            "unicode": '"ä ☃"',
            "with-dash": "1",
            "x": "7",
        },
        {"train": CHANNEL},
    ),
    "own": (
        {"sagemaker_job_name": '"job"', "sagemaker_region": '"us-east-1"', "sagemaker_mpi_enabled": "false", "k": "1"},
        {"train": CHANNEL},
    ),
    "tuning": ({"_tuning_objective_metric": "score", "depth": "4"}, {"train": CHANNEL}),
}


def _prepare(base: Path, hyperparameters: dict[str, str], channels: dict[str, Any]) -> None:
    config = base / "input" / "config"
    config.mkdir(parents=True)
    for channel in channels:
        (base / "input" / "data" / channel).mkdir(parents=True)
        (base / "input" / "data" / channel / "rows.csv").write_text("1\n")
    for folder in ("model", "output/data", "code"):
        (base / folder).mkdir(parents=True)
    files = {"hyperparameters": hyperparameters, "inputdataconfig": channels, "resourceconfig": ONE_HOST}
    for name, content in files.items():
        (config / f"{name}.json").write_text(json.dumps(content))


def _source(folder: Path) -> Path:
    folder.mkdir()
    (folder / "program.py").write_text(SCRIPT)
    (folder / "more.py").write_text("VALUE = 1\n")
    packed = folder.parent / "sourcedir.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        for path in folder.iterdir():
            archive.add(path, path.name)
    return packed


def _train(programs: Path, folder: Path, case: str, **variables: str) -> tuple[dict[str, Any], Path, int]:
    """Return what the script saw, with the base folder as /opt/ml, the base folder, and the exit code."""
    base, seen = folder / "opt" / "ml", folder / "seen.json"
    hyperparameters, channels = CASES[case]
    submitted = {
        "sagemaker_program": json.dumps("program.py"),
        "sagemaker_submit_directory": json.dumps(str(_source(folder / "source"))),
    }
    _prepare(base, hyperparameters | submitted, channels)
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(folder),
        "SAGEMAKER_BASE_DIR": str(base),
        "SM_STUDIO_LOCAL_MODE": "true",  # there is no DNS name algo-1 to wait for
        "SEEN": str(seen),
        "LANG": "C.UTF-8",
        **variables,
    }
    done = subprocess.run([programs / "train"], env=environment, capture_output=True, text=True, check=False)
    assert seen.exists(), done.stdout + done.stderr
    text = seen.read_text().replace(str(base), "/opt/ml").replace(str(folder), "/folder")
    return json.loads(text), base, done.returncode


def _variables(seen: dict[str, Any]) -> dict[str, Any]:
    """Return the variables; those that hold JSON as values, for the order of members says nothing."""
    found = {name: value for name, value in seen["variables"].items() if name not in {*UNLIKE, "SM_STUDIO_LOCAL_MODE"}}
    for name, value in found.items():
        if value.startswith(("{", "[")):
            found[name] = json.loads(value)
    return found


@pytest.fixture(scope="session", autouse=True)
def _environments() -> None:
    for programs in (TOOLKIT, OURS):
        if not (programs / "train").exists():
            pytest.fail(f"{programs} has no `train`: run `make test-clients`")


@pytest.mark.parametrize("case", CASES)
def test_a_script_sees_the_same_variables_arguments_and_files(case: str, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    theirs, their_base, their_code = _train(TOOLKIT, tmp_path / "theirs", case)
    ours, our_base, our_code = _train(OURS, tmp_path / "ours", case)
    assert our_code == their_code == 0
    assert ours["arguments"] == theirs["arguments"]
    assert _variables(ours) == _variables(theirs)
    assert (ours["folder"], ours["beside"]) == (theirs["folder"], theirs["beside"])
    assert _files(our_base) == _files(their_base)


def test_a_failing_script_fails_alike(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    _, their_base, their_code = _train(TOOLKIT, tmp_path / "theirs", "plain", FAIL="1")
    _, our_base, our_code = _train(OURS, tmp_path / "ours", "plain", FAIL="1")
    assert our_code == their_code != 0
    reasons = [(base / "output" / "failure").read_text() for base in (our_base, their_base)]
    assert {reason.partition("ErrorMessage")[0] for reason in reasons} == {"ExecuteUserScriptError:\nExitCode 1\n"}


def _files(base: Path) -> set[str]:
    found = (Path(folder, name) for folder, _, names in os.walk(base) for name in names)
    return {str(path.relative_to(base)) for path in found if "__pycache__" not in path.parts}
