"""The digits model as the repository has it, its scripts left out: their hashes would change with every edit."""

import shutil
from pathlib import Path

import pytest

from boatyard.spec import ModelSpec, load_model

DAGS = Path(__file__).parents[3] / "dags"
SCRIPTS = {"digits": ("process", "train", "evaluate", "inference"), "features/digits": ("ingest",)}


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    """Return digits with code hashes that say so."""
    dags = tmp_path_factory.mktemp("dags")
    for folder, scripts in SCRIPTS.items():
        jobs = dags / folder / "jobs"
        jobs.mkdir(parents=True)
        for script in scripts:
            (jobs / f"{script}.py").touch()
        for file in (DAGS / folder).glob("*.yaml"):
            shutil.copy(file, dags / folder)
    spec = load_model(dags / "digits")
    group = spec.spine_group.model_copy(update={"code_hash": "hash-of-ingest"})
    return spec.model_copy(update={"code_hash": "hash-of-jobs", "groups": {group.name: group}})
