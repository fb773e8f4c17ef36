"""The code of a jobs/ folder, named by its contents."""

import hashlib
from pathlib import Path

REQUIREMENTS, STAGES = "requirements.txt", "requirements"  # a file, or a folder of files


def code_files(folder: Path) -> tuple[tuple[str, Path], ...]:
    """Return the files that go to SageMaker, by relative path; compiled code and hidden files stay behind."""
    found = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in relative.parts):
            found.append((relative.as_posix(), path))
    return tuple(sorted(found))


def code_hash(folder: Path) -> str:
    """Return the first 16 hex digits of the SHA-256 over the folder's relative paths and contents."""
    digest = hashlib.sha256()
    for name, path in code_files(folder):
        content = path.read_bytes()
        digest.update(f"{len(name.encode())} {name} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def requirements(folder: Path) -> tuple[str, ...]:
    """Return a folder's requirements files in the order in which they are installed: one, or the stages by name."""
    single = [REQUIREMENTS] if (folder / REQUIREMENTS).is_file() else []
    stages = sorted(path.name for path in (folder / STAGES).glob("*.txt") if path.is_file())
    return (*single, *(f"{STAGES}/{name}" for name in stages))
