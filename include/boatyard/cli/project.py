"""The models of a project, found by name."""

import os
from pathlib import Path

from boatyard.cli.home import Home, StackError
from boatyard.spec import nearest
from boatyard.spec.load import MODEL_FILE


def dags_folder() -> Path:
    """Return the folder of the project's models, as somebody in the current folder writes it."""
    return Path(os.path.relpath(Home.here().project / "dags"))


def models(dags: Path) -> list[str]:
    """Return the names of the folders with a model.yaml."""
    return sorted(path.parent.name for path in dags.glob(f"*/{MODEL_FILE}"))


def model_folder(dags: Path, model: str) -> Path:
    """Return a model's folder; raise StackError with the nearest name if there is none."""
    there = models(dags)
    if model in there or (dags / model).is_dir():
        return dags / model
    close = nearest(model, there)
    hint = f"did you mean '{close}'?" if close else f"there is {', '.join(there) or 'none'}"
    raise StackError(f"no model {model!r} in {dags}: {hint}")
