"""The rules for the folders that a job's request names."""

from __future__ import annotations

from collections.abc import Iterable

from sagelocal.errors import validation_error
from sagelocal.jobs.isolation import PathError, own_path


def check_local_paths(paths: Iterable[str]) -> None:
    """Raise ValidationException unless a job can have each of the folders, and each for one purpose."""
    try:
        found = [own_path(path) for path in paths]
    except PathError as error:
        raise validation_error(str(error)) from error
    twice = sorted({path for path in found if found.count(path) > 1})
    if twice:
        raise validation_error(f"Every LocalPath of a job must be unique; given twice: {', '.join(twice)}.")
