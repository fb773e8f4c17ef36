"""What a new model may be called: a name that its folder, DAGs, endpoint, tables and S3 prefix can all carry."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from boatyard.cli.home import StackError
from boatyard.cli.project import models
from boatyard.spec.load import GROUPS_FOLDER, MODEL_FILE, is_folder_name

_LIMIT = 40
_RESERVED = frozenset({GROUPS_FOLDER, "feature-store", "feature_store"})  # S3 prefixes and folders of their own
_DAG_SUFFIXES = ("batch", "monitor", "release")  # further DAGs of a model; a feature group's DAG starts with its prefix


def endpoint_name(model: str) -> str:
    """Return the model's name as endpoints and model package groups allow it."""
    return model.replace("_", "-")


def require_free(dags: Path, name: str) -> None:
    """Refuse, with StackError and the nearest right name, a name that is bad or taken."""
    taken = _taken(dags)
    problem = _problem(name, taken)
    if problem:
        raise StackError(f"{problem}; free is {_free(name, taken)!r}")


def _problem(name: str, taken: Mapping[str, str]) -> str | None:
    if not is_folder_name(name):
        return (
            f"{name!r} is no name for a model: at most {_LIMIT} lower-case letters, digits, and '-' or '_' between them"
        )
    if name in _RESERVED or name.startswith(f"{GROUPS_FOLDER}_"):
        return f"{name!r} is reserved"
    folded = _folded(name)
    for candidate in (folded, *(f"{folded}-{suffix}" for suffix in _DAG_SUFFIXES)):
        if candidate in taken:
            return f"{name!r} is taken by {taken[candidate]}"
    for suffix in _DAG_SUFFIXES:
        model = folded.removesuffix(f"-{suffix}")
        if model != folded and model in taken:
            return f"{name!r} is taken by a DAG of {taken[model]}"
    return None


def _free(name: str, taken: Mapping[str, str]) -> str:
    words = re.findall(r"[a-z0-9]+", name.lower())
    base = "-".join(words) or "model"
    if not base[0].isalpha():
        base = f"model-{base}"
    base = base[: _LIMIT - 3].rstrip("-")
    numbered = (base, *(f"{base}-{number}" for number in range(2, 100)))
    return next(candidate for candidate in numbered if _problem(candidate, taken) is None)


def _folded(name: str) -> str:
    """Return what `my-model` and `my_model` share: their tables and endpoints would have one name."""
    return name.lower().replace("_", "-")


def _taken(dags: Path) -> dict[str, str]:
    """Return the names in use, folded, with what uses them."""
    found: dict[str, str] = {}
    for model in models(dags):
        for name, user in _resources(dags / model / MODEL_FILE, model):
            found.setdefault(_folded(name), user)
    for path in sorted(path for path in dags.glob("*") if path.is_dir()):
        found[_folded(path.name)] = f"model {path.name!r}" if (path / MODEL_FILE).is_file() else f"folder {path}"
    return found


def _resources(file: Path, model: str) -> Iterator[tuple[str, str]]:
    """Yield endpoint and package group of a model, whatever else is wrong with its spec."""
    try:
        data: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return  # `boatyard check` says what is wrong with it
    for part, key, what in (("deploy", "endpoint", "endpoint"), ("register", "group", "model package group")):
        value = data.get(part, {}).get(key) if isinstance(data, dict) and isinstance(data.get(part), dict) else None
        if isinstance(value, str):
            yield value, f"the {what} of model {model!r}"
