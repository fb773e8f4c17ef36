"""Settings of one run, `train.hyperparameters.eta=0.1`: put into a spec's data before it is checked like the rest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from boatyard.spec.fields import described
from boatyard.spec.problems import Problem, nearest
from boatyard.spec.source import Path_, Source, value_of

_HYPERPARAMETERS: Path_ = ("train", "hyperparameters")


def put(source: Source, settings: Iterable[str]) -> None:
    """Put each `path=value` into the data; problems with such a value name the setting, not a line."""
    for setting in settings:
        text, equals, given = setting.partition("=")
        place = Path(f"--set {setting}")
        if not equals or not text.strip():
            source.problems.append(Problem(place, 0, "", "expected path=value, such as train.hyperparameters.eta=0.1"))
            continue
        path = _path(source.data, text.strip())
        source.settings[path] = place
        value = _value(source, path, given)
        if path[: len(_HYPERPARAMETERS)] == _HYPERPARAMETERS and not _fits(source, path, value):
            continue
        _put(source, path, value)


def _value(source: Source, path: Path_, given: str) -> object:
    try:
        return value_of(source, path, given)
    except yaml.YAMLError:
        return given  # such as @daily, which a file has to quote


def _path(data: Any, text: str) -> Path_:
    """Return the path that `text` means; a key that has dots in it is found by the data."""
    path: list[str | int] = []
    while text:
        key = _longest_key(data, text) or text.partition(".")[0]
        text = text[len(key) :].removeprefix(".")
        path.append(int(key) if isinstance(data, list) and key.isdecimal() else key)
        data = _item(data, path[-1])
    return tuple(path)


def _longest_key(data: Any, text: str) -> str | None:
    keys = [str(key) for key in data] if isinstance(data, dict) else []
    return max((key for key in keys if text == key or text.startswith(f"{key}.")), key=len, default=None)


def _fits(source: Source, path: Path_, value: object) -> bool:
    """Report a hyperparameter that the spec does not name, or whose value is of another kind there."""
    known: Any = source.data
    for key in _HYPERPARAMETERS:
        known = _item(known, key)
    known = known if isinstance(known, dict) else {}
    name = ".".join(str(part) for part in path[len(_HYPERPARAMETERS) :])
    if name not in known:
        source.report(path, f"{source.file.name} has no hyperparameter {name!r}", nearest(name, known))
        return False
    there = known[name]
    if _kind(there) != _kind(value):
        source.report(path, f"expected {_kind(there)} as in {source.file.name}, got {described(value)}")
        return False
    return True


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else "a string"


def _put(source: Source, path: Path_, value: object) -> None:
    data: Any = source.data
    for key in path[:-1]:
        if isinstance(data, dict) and not isinstance(data.get(key), dict | list):
            data[key] = {}
        data = _item(data, key)
    if isinstance(data, dict) or _item(data, path[-1]) is not None:
        data[path[-1]] = value
    else:
        source.report(path, f"there is no such item in {source.file.name}")


def _item(data: Any, key: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(key)
    return data[key] if isinstance(data, list) and isinstance(key, int) and key < len(data) else None
