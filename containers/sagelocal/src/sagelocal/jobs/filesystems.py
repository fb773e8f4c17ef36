"""EFS and FSx file systems: folders of this machine that stand in their place.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_FileSystemDataSource.html
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error
from sagelocal.jobs.transfer import TransferError

if TYPE_CHECKING:
    from sagelocal.backend import Backend

Json = dict[str, Any]


def require_file_system(backend: Backend, source: Json) -> None:
    """Raise ValidationException unless a folder stands for the file system."""
    name = source["FileSystemId"]
    if name not in backend.file_systems:
        known = ", ".join(sorted(backend.file_systems)) or "none"
        raise validation_error(
            f"The file system {name} does not exist here; there is {known}. "
            f"Start sagelocal with --file-system {name}=FOLDER."
        )


def directory(backend: Backend, source: Json) -> Path:
    """Return the folder of a file system's DirectoryPath; TransferError if there is none within the file system."""
    name, path = source["FileSystemId"], source["DirectoryPath"]
    root = backend.file_systems.get(name)
    if root is None:  # another server accepted the job
        raise TransferError(f"Unable to mount file system: {name}. sagelocal runs without --file-system {name}=FOLDER.")
    found: Path = (root / path.lstrip("/")).resolve()
    if not found.is_relative_to(root.resolve()) or not found.is_dir():
        raise TransferError(f"Unable to mount file system: {name}, directory path: {path}. No such directory.")
    return found
