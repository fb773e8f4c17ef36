"""Images that AWS manages: the managed.toml of an image folder says for which of them it stands here.

A table per repository: `tags`, and `metrics` with `name`, `regex`, `data` and `metric`, which make a metric definition
for each combination of the two lists.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from sagelocal.errors import validation_error

FILE = "managed.toml"
SCRIPT = "sagemaker_program"  # the hyperparameter that names a user's script


@dataclass(frozen=True)
class ManagedImage:
    """One repository of AWS's."""

    stands_in: str  # name of the image folder that runs in its place
    tags: tuple[str, ...]
    metric_definitions: tuple[tuple[str, str], ...]  # name, regex


def managed_images(images: Path) -> dict[str, ManagedImage]:
    """Return the managed repositories that the image folders stand for, by name."""
    files = tuple((path, path.stat().st_mtime_ns) for path in sorted(images.glob(f"*/{FILE}")))
    return dict(_read(files))


def algorithm_specification(images: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Return a training job's AlgorithmSpecification with the metric definitions that its algorithm brings.

    Raises ValidationException if the request has definitions of its own for an algorithm of AWS's.
    """
    given: dict[str, Any] = request["AlgorithmSpecification"]
    repository = given["TrainingImage"].rpartition("/")[2].partition(":")[0]
    found = managed_images(images).get(repository)
    if found is None or SCRIPT in (request.get("HyperParameters") or {}) or not found.metric_definitions:
        return given
    if given.get("MetricDefinitions"):
        raise validation_error(
            "You can't override the metric definitions for Amazon SageMaker algorithms. "
            "Please retry your request without specifying metric definitions."
        )
    definitions = [{"Name": name, "Regex": regex} for name, regex in found.metric_definitions]
    return {**given, "MetricDefinitions": definitions}


@functools.lru_cache(maxsize=8)
def _read(files: tuple[tuple[Path, int], ...]) -> tuple[tuple[str, ManagedImage], ...]:
    found = []
    for path, _ in files:
        for repository, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
            definitions = tuple(_definitions(table["metrics"])) if "metrics" in table else ()
            found.append((repository, ManagedImage(path.parent.name, tuple(table["tags"]), definitions)))
    return tuple(found)


def _definitions(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    def filled(text: str, data: str, metric: str) -> str:
        return text.replace("{data}", data).replace("{metric}", metric)

    pairs = product(metrics["data"], metrics["metric"])
    return [(filled(metrics["name"], *pair), filled(metrics["regex"], *pair)) for pair in pairs]
